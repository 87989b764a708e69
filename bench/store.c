/* store.c: the store's benchmark: import against the machine's verification limit, time until searchable,
 * search.
 *
 * Prints one line of name=value pairs a measurement. Usage: bench_store [DIRECTORY [RECORDS [ARTICLES]]] */
#include "store/store.h"
#include "base/log.h"
#include "base/utf8.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int extract(struct arena *arena, const struct record *r, struct store_text *out)
{
    out->title = record_tag_value(r, "title");
    out->body = r->content;
    out->language = STR("en");
    return 0;
}

static int count_apply(void *ctx, struct sql *db, const struct store_change *c, struct err *err)
{
    static const struct sql_statement add = {
        "bench_add", "INSERT OR REPLACE INTO bench_item (seq, actor, d) VALUES (?, ?, ?)"};
    if (c->type != STORE_ADDED || c->record->kind != 30023)
        return 0;
    struct sql_cursor *q = sql_open(db, &add);
    sql_int(q, 1, (int64_t)c->seq);
    sql_int(q, 2, store_actor(db, &c->record->pubkey, err));
    sql_text(q, 3, record_d(c->record));
    return sql_done(q, err);
}

static const struct store_projection projections[] = {
    {"bench", 1, "CREATE TABLE bench_item (seq INTEGER PRIMARY KEY, actor INTEGER, d TEXT)", count_apply,
        NULL},
    {NULL, 0, NULL, NULL, NULL}};
static const struct store_text_source texts[] = {{30023, extract}, {0, NULL}};
static const struct store_tables tables = {projections, NULL, texts};

static uint64_t random_state = 88172645463325252u;
static uint64_t next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Words as languages have them: a few are everywhere, most are rare (Zipf, 20,000 of them). */
static void add_words(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double u = (double)(next() >> 11) / 9007199254740992.0;
        uint64_t rank = (uint64_t)(20000 * u * u * u * u);
        static const char *const syllables[] = {
            "ba", "ko", "ri", "te", "mu", "sal", "ven", "dor", "ni", "pla"};
        buf_addz(b, i ? (i % 12 ? " " : ".\n") : "");
        for (uint64_t r = rank + 10; r; r /= 10)
            buf_addz(b, syllables[r % 10]);
    }
}

struct made {
    struct buf lines;
    pthread_mutex_t mutex;
    size_t left, words;
    uint32_t kind;
};

static void *sign_some(void *ctx)
{
    struct made *m = ctx;
    struct arena *arena = arena_create(0);
    struct buf line = BUF_INIT, text = BUF_INIT;
    for (;;) {
        arena_reset(arena);
        buf_clear(&text);
        pthread_mutex_lock(&m->mutex);
        size_t i = m->left ? m->left-- : 0;
        if (i)
            add_words(&text, m->words);
        pthread_mutex_unlock(&m->mutex);
        if (!i)
            break;
        struct record_draft d;
        record_draft_init(&d, arena, m->kind, 1600000000 + (int64_t)i * 60);
        record_draft_content(&d, buf_str(&text));
        record_draft_tag(&d, "t", "news", NULL);
        if (m->kind == 30023) {
            char name[40];
            snprintf(name, sizeof name, "article-%zu", i);
            record_draft_tag(&d, "d", name, NULL);
            struct str title = utf8_cut(buf_str(&text), 40);
            record_draft_tag_strs(&d, (struct str[]){STR("title"), title}, 2);
        }
        uint8_t secret[32] = {1, 2, 3};
        secret[31] = (uint8_t)(1 + i % 100);
        record_sign(&d.r, secret, NULL);
        buf_clear(&line);
        record_to_json(&d.r, &line);
        buf_addc(&line, '\n');
        pthread_mutex_lock(&m->mutex);
        buf_adds(&m->lines, buf_str(&line));
        pthread_mutex_unlock(&m->mutex);
    }
    buf_finish(&line);
    buf_finish(&text);
    arena_destroy(arena);
    return NULL;
}

static void make_file(const char *path, uint32_t kind, size_t n, size_t words)
{
    struct made m = {.left = n, .words = words, .kind = kind};
    pthread_t threads[2];
    pthread_mutex_init(&m.mutex, NULL);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, sign_some, &m);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(m.lines.p, 1, m.lines.n, f) != m.lines.n || fclose(f))
        exit((perror(path), 1));
    buf_finish(&m.lines);
}

/* ---- the limit: all processors verify, and nothing else */

struct verify {
    struct str lines;
    size_t from, to;
    uint64_t n;
    int64_t spent; /* of the processor, us */
};

struct limit {
    double a_second, spent; /* records; us of the processor a record */
};

/* What has been used of the processors: tells slow work from a busy machine. */
static int64_t used_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void *verify_some(void *ctx)
{
    struct verify *v = ctx;
    struct arena *arena = arena_create(0);
    struct str rest = str_slice(v->lines, v->from, v->to), line;
    struct record *records = calloc(200000, sizeof *records);
    while (rest.n && v->n < 200000 && str_cut(&rest, '\n', &line))
        if (line.n && record_parse(arena, line, &records[v->n], NULL) >= 0)
            v->n++;
    v->from = (size_t)monotonic_us();
    v->spent = -used_us(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < v->n; i++)
        if (record_verify(&records[i], NULL) < 0)
            abort();
    v->spent += used_us(CLOCK_THREAD_CPUTIME_ID);
    v->to = (size_t)monotonic_us();
    free(records);
    arena_destroy(arena);
    return NULL;
}

static struct limit verify_limit(const char *path)
{
    struct buf text = BUF_INIT;
    FILE *f = fopen(path, "r");
    size_t n = 1;
    while (f && n) {
        buf_reserve(&text, 1 << 20);
        n = fread(text.p + text.n, 1, 1 << 20, f);
        text.n += n;
    }
    if (f)
        fclose(f);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors > 64)
        processors = 64;
    pthread_t threads[64];
    struct verify v[64];
    size_t at = 0;
    for (long i = 0; i < processors; i++) {
        size_t to = text.n * (size_t)(i + 1) / (size_t)processors;
        while (to < text.n && text.p[to - 1] != '\n')
            to++;
        v[i] = (struct verify){buf_str(&text), at, to, 0, 0};
        at = to;
    }
    for (long i = 0; i < processors; i++)
        pthread_create(&threads[i], NULL, verify_some, &v[i]);
    uint64_t all = 0;
    int64_t spent = 0;
    size_t begin = SIZE_MAX, end = 0;
    for (long i = 0; i < processors; i++) {
        pthread_join(threads[i], NULL);
        all += v[i].n;
        spent += v[i].spent;
        begin = v[i].from < begin ? v[i].from : begin;
        end = v[i].to > end ? v[i].to : end;
    }
    buf_finish(&text);
    return (struct limit){(double)all * 1e6 / (double)(end - begin), (double)spent / (double)(all ? all : 1)};
}

/* ---- measurements */

static struct store *open_store(const char *directory)
{
    struct store *s;
    struct err err;
    struct store_options options = {.clock = clock_system};
    if (store_open(directory, STORE_WRITE, &tables, &options, &s, &err) < 0) {
        fprintf(stderr, "%s\n", err.what);
        exit(1);
    }
    return s;
}

static void import(struct store *s, const char *path, const char *what, struct limit limit)
{
    struct store_import_counts counts;
    struct err err;
    FILE *f = fopen(path, "r");
    int64_t start = monotonic_us(), used = used_us(CLOCK_PROCESS_CPUTIME_ID);
    if (!f || store_import(s, fileno(f), NULL, &counts, &err) < 0) {
        fprintf(stderr, "%s\n", err.what);
        exit(1);
    }
    int64_t durable = monotonic_us() - start, used_durable = used_us(CLOCK_PROCESS_CPUTIME_ID);
    store_wait_applied(s, counts.last_seq, 3600000, NULL);
    int64_t searchable = monotonic_us() - start, used_searchable = used_us(CLOCK_PROCESS_CPUTIME_ID);
    fclose(f);
    double n = (double)(counts.added ? counts.added : 1), rate = n * 1e6 / (double)durable;
    double spent = (double)(used_durable - used) / n;
    printf("%s records=%lu refused=%lu durable_per_s=%.0f verify_limit_per_s=%.0f of_limit=%.2f "
           "searchable_per_s=%.0f apply_us=%.1f durable_cpu_us=%.1f verify_cpu_us=%.1f of_limit_cpu=%.2f "
           "apply_cpu_us=%.1f\n",
        what, (unsigned long)counts.added, (unsigned long)counts.refused, rate, limit.a_second,
        rate / limit.a_second, n * 1e6 / (double)searchable, (double)(searchable - durable) / n, spent,
        limit.spent, limit.spent / spent, (double)(used_searchable - used_durable) / n);
    fflush(stdout);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* kind of query: c common word, r rare word, m some of both, p phrase, t tag and word, n newest */
static void measure_search(struct store *s, const char *what, char sort)
{
    enum { N = 500 };
    static int64_t took[N], spent[N];
    size_t hits = 0;
    for (int i = 0; i < N; i++) {
        struct buf text = BUF_INIT, words = BUF_INIT;
        if (sort == 'c')
            buf_addz(&text, i % 2 ? "bako" : "koko");
        else if (sort == 'n')
            buf_addz(&text, "tag:news lang:en");
        else {
            add_words(&words, sort == 'm' ? 3 : sort == 'p' ? 2 : 1);
            buf_addf(&text,
                sort == 'p'   ? "\"%.*s\""
                : sort == 't' ? "tag:news %.*s"
                              : "%.*s",
                STR_ARG(buf_str(&words)));
        }
        struct arena *arena = arena_create(0);
        struct search_query q = {.text = buf_str(&text), .kind = 30023, .limit = 20};
        struct search_result result = {0};
        struct store_read *r;
        int64_t start = monotonic_us(), cpu = used_us(CLOCK_THREAD_CPUTIME_ID);
        if (store_read_begin(s, &r, NULL) < 0 || store_search(r, arena, &q, &result, NULL) < 0)
            exit(1);
        for (size_t k = 0; k < result.n; k++) {
            struct store_found f;
            store_get_seq(r, arena, result.hits[k].seq, &f, NULL);
        }
        store_read_end(r);
        took[i] = monotonic_us() - start;
        spent[i] = used_us(CLOCK_THREAD_CPUTIME_ID) - cpu;
        hits += result.n;
        arena_destroy(arena);
        buf_finish(&text);
        buf_finish(&words);
    }
    qsort(took, N, sizeof *took, compare);
    qsort(spent, N, sizeof *spent, compare);
    printf("search_%s cpu_p50_ms=%.2f cpu_p99_ms=%.2f p50_ms=%.2f p99_ms=%.2f max_ms=%.2f hits=%.1f\n", what,
        (double)spent[N / 2] / 1000, (double)spent[N * 99 / 100] / 1000, (double)took[N / 2] / 1000,
        (double)took[N * 99 / 100] / 1000, (double)took[N - 1] / 1000, (double)hits / N);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "/tmp/widenet-bench-store";
    size_t records = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
    size_t articles = argc > 3 ? strtoul(argv[3], NULL, 10) : 100000;
    char notes[300], texts_file[300], data[300];
    log_set_level(LOG_LEVEL_WARN);
    if (system((snprintf(data, sizeof data, "rm -rf '%s' && mkdir -p '%s'", directory, directory), data)))
        return 1;
    snprintf(notes, sizeof notes, "%s/notes.jsonl", directory);
    snprintf(texts_file, sizeof texts_file, "%s/articles.jsonl", directory);
    if (records) {
        make_file(notes, 1, records, 12);
        struct limit limit = verify_limit(notes);
        snprintf(data, sizeof data, "%s/notes", directory);
        struct store *s = open_store(data);
        import(s, notes, "import_small", limit);
        store_close(s);
    }
    if (articles) {
        make_file(texts_file, 30023, articles, 250);
        struct limit limit = verify_limit(texts_file);
        snprintf(data, sizeof data, "%s/articles", directory);
        struct store *s = open_store(data);
        import(s, texts_file, "import_articles", limit);
        measure_search(s, "common", 'c');
        measure_search(s, "word", 'r');
        measure_search(s, "words", 'm');
        measure_search(s, "phrase", 'p');
        measure_search(s, "tagged", 't');
        measure_search(s, "newest", 'n');
        store_close(s);
    }
    return 0;
}
