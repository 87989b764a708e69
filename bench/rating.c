/* rating.c: what the columns of ratings cost and give: built from rows, and a filter's first page over them
 * while ratings arrive, beside SQL doing the same on the same data.
 *
 * Usage: bench_rating build RATINGS DIRECTORY     rows to files, a million rows a second
 *        bench_rating fill RATINGS DIRECTORY      a data directory whose tables hold so many ratings
 *        bench_rating page RATINGS DIRECTORY SECONDS
 * The tables are filled directly, as the projection would have. One article to 100 ratings, spread over two
 * years; a rater to 1,000; the reader trusts 1,000 raters. Prints NAME VALUE lines for bench/run. */
#include "rating/rating.h"
#include "base/progress.h"
#include "news/news.h"
#include "rating/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    marks_an_article = 100,
    marks_a_rater = 1000,
    trusted = 1000,
    chunk = 500000, /* rows of a transaction */
    day = 86400,
    days = 730,
};

static uint64_t mixed(uint64_t n)
{
    n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
    n = (n ^ n >> 27) * 0x94d049bb133111ebu;
    return n ^ n >> 31;
}

static void must(int rc, const struct err *err)
{
    char line[900];
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_rating: %s\n", err_line(err, line, sizeof line));
    exit(1);
}

/* Of the processor, so that what else runs on the machine counts little. */
static int64_t cpu_us(clockid_t of)
{
    struct timespec t;
    clock_gettime(of, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now(void)
{
    return clock_now(&clock_system);
}

/* The data, each by its number alone. */
struct shape {
    uint64_t ratings, articles, raters;
    int64_t at;
};

static struct shape shape_of(uint64_t ratings)
{
    struct shape s = {ratings, ratings / marks_an_article, ratings / marks_a_rater, now()};
    if (s.raters < 2 * trusted)
        s.raters = 2 * trusted;
    return s;
}

static int64_t date_of(const struct shape *s, uint64_t article)
{
    return s->at - 60 - (int64_t)(mixed(article) % (uint64_t)(days * day));
}

/* An article's marks are by different raters: a stride through all of them. */
static struct mark mark_of(const struct shape *s, uint64_t n)
{
    uint64_t article = 1 + n / marks_an_article, h = mixed(n + 77);
    uint64_t rater = 1 +
                     (mixed(article) + (n % marks_an_article) * (s->raters / marks_an_article)) % s->raters;
    return (struct mark){.subject = (uint32_t)article,
        .rater = (uint32_t)rater,
        .time = (uint32_t)(date_of(s, article) + 30),
        .value = (uint16_t)(h % (RATING_SCALE + 1)),
        .dimension = (uint8_t)((h >> 32) % 10 < 6 ? 0 : (h >> 32) % 4)};
}

static struct pubkey key_of(uint64_t rater)
{
    struct pubkey k;
    for (int i = 0; i < 4; i++) {
        uint64_t word = mixed(rater * 4 + (uint64_t)i + 1);
        memcpy(k.b + 8 * i, &word, 8);
    }
    return k;
}

/* ---- build */

static void build(uint64_t ratings, const char *directory)
{
    struct shape s = shape_of(ratings);
    uint64_t each = ratings < INDEX_BUILD_ROWS ? ratings : INDEX_BUILD_ROWS;
    struct mark *rows = malloc(each * sizeof *rows);
    uint32_t *dates = malloc((s.articles + 2) * sizeof *dates);
    struct run *runs[INDEX_MOST_RUNS], *whole;
    char path[4200];
    struct err err;
    size_t count = 0;
    int64_t spent = 0, cpu = 0;
    if (!rows || !dates)
        abort();
    mkdir(directory, 0700);
    for (uint64_t a = 1; a <= s.articles + 1; a++)
        dates[a] = (uint32_t)date_of(&s, a);
    for (uint64_t from = 0; from < ratings; from += each) {
        uint64_t n = ratings - from < each ? ratings - from : each;
        /* Rows as they would come: articles all over, in no order. */
        for (uint64_t i = 0; i < n; i++)
            rows[i] = mark_of(&s, from + (i * 2654435761u) % n);
        snprintf(path, sizeof path, "%s/run-%zu", directory, count);
        int64_t start = monotonic_us(), used = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
        must(rating__run_build(rows, n, dates, s.articles + 2, path, &runs[count++], &err), &err);
        spent += monotonic_us() - start;
        cpu += cpu_us(CLOCK_PROCESS_CPUTIME_ID) - used;
    }
    free(rows);
    int64_t start = monotonic_us(), used = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    snprintf(path, sizeof path, "%s/whole", directory);
    if (count > 1)
        must(rating__run_merge(runs, count, true, path, &whole, &err), &err);
    spent += monotonic_us() - start;
    cpu += cpu_us(CLOCK_PROCESS_CPUTIME_ID) - used;
    size_t bytes = count > 1 ? whole->map_bytes : runs[0]->map_bytes;
    printf("build_rows_a_second %.0f\n", (double)ratings * 1e6 / (double)spent);
    printf("build_rows_a_cpu_second %.0f\n", (double)ratings * 1e6 / (double)cpu);
    printf("build_bytes_a_rating %.2f\n", (double)bytes / (double)ratings);
}

/* ---- fill */

static const struct store_tables *tables(void)
{
    static struct store_projection projections[3];
    static struct store_tables all;
    projections[0] = news_projection;
    projections[1] = rating_projection;
    projections[1].ctx = (void *)(uintptr_t)news_texts;
    all = (struct store_tables){projections, rating_migrations, news_texts};
    return &all;
}

static struct store *open_store(const char *directory)
{
    struct store *store;
    struct err err;
    struct store_options options = {.clock = clock_system, .cache_bytes = INT64_C(512) << 20};
    must(store_open(directory, STORE_WRITE, tables(), &options, &store, &err), &err);
    return store;
}

struct fill {
    struct shape s;
    uint64_t from;
};

static int run(struct sql *db, const char *text, struct err *err)
{
    return sql_done(sql_open(db, &(struct sql_statement){text, text}), err);
}

static int prepare(void *ctx, struct sql *db, struct err *err)
{
    (void)ctx;
    int rc = run(db, "DROP INDEX rating_mark_rater", err);
    if (!rc)
        rc = run(db, "DROP INDEX rating_mark_seq", err);
    return rc ? rc : run(db, "DROP INDEX rating_mark_dimension", err);
}

static int fill_marks(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement mark = {"bench_mark",
        "INSERT OR IGNORE INTO rating_mark (subject, rater, dimension, seq, value, time, revision, flags) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0)"};
    const struct fill *f = ctx;
    int rc = 0;
    for (uint64_t i = f->from; i < f->from + chunk && i < f->s.ratings && !rc; i++) {
        struct mark m = mark_of(&f->s, i);
        struct sql_cursor *c = sql_open(db, &mark);
        sql_int(c, 1, m.subject);
        sql_int(c, 2, m.rater);
        sql_int(c, 3, m.dimension);
        sql_int(c, 4, (int64_t)i + 1);
        sql_int(c, 5, m.value);
        sql_int(c, 6, m.time);
        rc = sql_done(c, err);
    }
    return rc;
}

static int fill_raters(void *ctx, struct sql *db, struct err *err)
{
    const struct fill *f = ctx;
    for (uint64_t i = f->from; i < f->from + chunk && i < f->s.raters; i++) {
        struct pubkey k = key_of(i + 1);
        if (store_actor(db, &k, err) != (int64_t)i + 1)
            return err_set(err, ERR_INTERNAL, "the directory is not empty");
    }
    return 0;
}

static int fill_articles(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement subject = {"bench_subject",
        "INSERT INTO rating_subject (subject, seq, id, declared, date, author, lineage, language) "
        "VALUES (?1, ?1, ?2, 0, ?3, ?4, ?1, 'en')"};
    static const struct sql_statement name = {
        "bench_name", "INSERT INTO rating_state_subject (subject, coordinate) VALUES (?1, ?2)"};
    static const struct sql_statement topic = {
        "bench_topic", "INSERT INTO rating_topic (subject, topic) VALUES (?1, ?2)"};
    const struct fill *f = ctx;
    int rc = 0;
    for (uint64_t i = f->from + 1; i <= f->from + chunk && i <= f->s.articles && !rc; i++) {
        struct pubkey author = key_of(1 + mixed(i) % f->s.raters), id = key_of(i << 32);
        char coordinate[100];
        int n = snprintf(coordinate, sizeof coordinate, "30023:");
        for (int k = 0; k < 32; k++)
            n += snprintf(coordinate + n, sizeof coordinate - (size_t)n, "%02x", author.b[k]);
        snprintf(coordinate + n, sizeof coordinate - (size_t)n, ":a%lu", (unsigned long)i);
        struct sql_cursor *c = sql_open(db, &subject);
        sql_int(c, 1, (int64_t)i);
        sql_blob(c, 2, id.b, sizeof id.b);
        sql_int(c, 3, date_of(&f->s, i));
        sql_int(c, 4, 1 + (int64_t)(mixed(i) % f->s.raters));
        rc = sql_done(c, err);
        if (!rc) {
            c = sql_open(db, &name);
            sql_int(c, 1, (int64_t)i);
            sql_text(c, 2, str_of(coordinate));
            rc = sql_done(c, err);
        }
        for (int t = 0; t < 3 && !rc; t++) {
            c = sql_open(db, &topic);
            sql_int(c, 1, (int64_t)i);
            sql_int(c, 2, 1 + (int64_t)(mixed(i + (uint64_t)t) % 40) + 40 * t);
            rc = sql_done(c, err);
        }
    }
    return rc;
}

static int finish(void *ctx, struct sql *db, struct err *err)
{
    (void)ctx;
    int rc = run(db, "CREATE INDEX rating_mark_rater ON rating_mark (rater, subject)", err);
    if (!rc)
        rc = run(db, "CREATE INDEX rating_mark_seq ON rating_mark (seq)", err);
    return rc ? rc
              : run(db, "CREATE INDEX rating_mark_dimension ON rating_mark (dimension) WHERE dimension > 4",
                    err);
}

static void in_chunks(struct store *store, struct fill f, uint64_t total, const char *what,
    int (*step)(void *ctx, struct sql *db, struct err *err))
{
    struct progress progress;
    struct err err;
    progress_init(&progress);
    for (f.from = 0; f.from < total; f.from += chunk) {
        progress_show(&progress, what, f.from, total);
        must(store_write(store, step, &f, &err), &err);
    }
    progress_end(&progress);
}

static struct pubkey reader_key(void)
{
    return key_of(UINT64_C(1) << 60);
}

static void fill(uint64_t ratings, const char *directory)
{
    mkdir(directory, 0700);
    struct store *store = open_store(directory);
    struct fill f = {.s = shape_of(ratings)};
    struct err err;
    must(store_write(store, prepare, NULL, &err), &err);
    in_chunks(store, f, f.s.raters, "raters", fill_raters);
    in_chunks(store, f, f.s.articles, "articles", fill_articles);
    in_chunks(store, f, f.s.ratings, "ratings", fill_marks);
    must(store_write(store, finish, NULL, &err), &err);
    static struct trust_entry seeds[trusted];
    for (uint64_t i = 0; i < trusted; i++)
        seeds[i] = (struct trust_entry){key_of(1 + i * (f.s.raters / trusted)), WEIGHT_ONE, STR("")};
    struct pubkey reader = reader_key();
    must(trust_private_keep(store, &reader, seeds, trusted, &err), &err);
    store_close(store);
}

/* ---- page */

struct arrivals { /* 1,000 new ratings a second, as the projection would write them */
    struct store *store;
    struct shape s;
    uint64_t n;
    _Atomic bool stop;
};

static int arrive(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement mark = {"bench_arrives",
        "INSERT OR REPLACE INTO rating_mark (subject, rater, dimension, seq, value, time, revision, flags) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0)"};
    static const struct sql_statement row = {"bench_row",
        "INSERT OR REPLACE INTO rating_state_journal (subject, rater, dimension, value, time, flags) "
        "VALUES (?1, ?2, ?3, ?4, ?5, 0)"};
    struct arrivals *a = ctx;
    int rc = 0;
    for (int i = 0; i < 20 && !rc; i++) {
        struct mark m = mark_of(&a->s, mixed(++a->n) % a->s.ratings);
        m.value = (uint16_t)(mixed(a->n) % (RATING_SCALE + 1));
        struct sql_cursor *c = sql_open(db, &mark);
        sql_int(c, 1, m.subject);
        sql_int(c, 2, m.rater);
        sql_int(c, 3, m.dimension);
        sql_int(c, 4, (int64_t)(a->s.ratings + a->n));
        sql_int(c, 5, m.value);
        sql_int(c, 6, m.time);
        if ((rc = sql_done(c, err)))
            break;
        c = sql_open(db, &row);
        sql_int(c, 1, m.subject);
        sql_int(c, 2, m.rater);
        sql_int(c, 3, m.dimension);
        sql_int(c, 4, m.value);
        sql_int(c, 5, m.time);
        rc = sql_done(c, err);
    }
    return rc;
}

static void *arrive_on(void *ctx)
{
    struct arrivals *a = ctx;
    int64_t next = monotonic_us();
    while (!atomic_load(&a->stop)) {
        store_write(a->store, arrive, a, NULL);
        next += 20000;
        int64_t wait = next - monotonic_us();
        if (wait > 0)
            nanosleep(&(struct timespec){.tv_nsec = wait % 1000000 * 1000}, NULL);
    }
    return NULL;
}

static int double_order(const void *pa, const void *pb)
{
    const double *a = pa, *b = pb;
    return *a < *b ? -1 : *a > *b;
}

/* Milliseconds of the first page, so often or so long. */
static void measure(
    struct store *store, struct rating_index *index, const char *name, double seconds, const char *filter)
{
    static double took[100000];
    size_t n = 0;
    int64_t used = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    struct pubkey reader = reader_key();
    int64_t start = monotonic_us(), last = start;
    uint64_t passed = 0;
    for (; n < 100000 && (n < 3 || (double)(last - start) < seconds * 1e6); n++) {
        struct store_read *read;
        struct filter_result result;
        struct err err;
        struct arena *arena = arena_create(0);
        must(store_read_begin(store, &read, &err), &err);
        struct filter_run run = {
            .recipe = recipe_ready_made(str_of(filter)), .reader = &reader, .at = now(), .limit = 20};
        must(filter_execute(read, index, arena, &run, &result, &err), &err);
        passed = result.passed;
        store_read_end(read);
        arena_destroy(arena);
        int64_t end = monotonic_us();
        took[n] = (double)(end - last) / 1000;
        last = end;
    }
    used = cpu_us(CLOCK_THREAD_CPUTIME_ID) - used;
    qsort(took, n, sizeof *took, double_order);
    printf("%s_%s_cpu_ms %.3f\n", name, filter, (double)used / 1000 / (double)n);
    printf("%s_%s_ms_p50 %.2f\n%s_%s_ms_p99 %.2f\n%s_%s_pages %zu\n%s_%s_passed %lu\n", name, filter,
        took[n / 2], name, filter, took[n - 1 - n / 100], name, filter, n, name, filter,
        (unsigned long)passed);
    fflush(stdout);
}

static long resident_kib(const char *field)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, field, strlen(field)))
            kib = atol(line + strlen(field));
    if (f)
        fclose(f);
    return kib;
}

static void page(uint64_t ratings, const char *directory, double seconds)
{
    struct store *store = open_store(directory);
    struct rating_index *index;
    struct err err;
    long before = resident_kib("Rss:");
    int64_t start = monotonic_us();
    must(rating_index_open(store, directory, &index, &err), &err);
    while (!atomic_load(&index->view))
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    printf("index_open_s %.2f\n", (double)(monotonic_us() - start) / 1e6);
    struct arrivals a = {.store = store, .s = shape_of(ratings)};
    pthread_t thread;
    if (pthread_create(&thread, NULL, arrive_on, &a))
        abort();
    measure(store, index, "columns", seconds, "newsworthy");
    measure(store, index, "columns", seconds, "trusted");
    printf("index_rss_mib %.1f\nindex_private_mib %.1f\n", (double)(resident_kib("Rss:") - before) / 1024,
        (double)resident_kib("Private_Dirty:") / 1024);
    measure(store, NULL, "sql", seconds, "newsworthy");
    atomic_store(&a.stop, true);
    pthread_join(thread, NULL);
    printf("arrived %lu\n", (unsigned long)a.n);
    rating_index_close(index);
    store_close(store);
}

int main(int argc, char **argv)
{
    uint64_t ratings;
    if (argc < 4 || !str_to_u64(str_of(argv[2]), UINT64_C(4000000000), &ratings) || ratings < 1000) {
        fprintf(stderr, "usage: bench_rating build|fill|page RATINGS DIRECTORY [SECONDS]\n");
        return 2;
    }
    if (!strcmp(argv[1], "build"))
        build(ratings, argv[3]);
    else if (!strcmp(argv[1], "fill"))
        fill(ratings, argv[3]);
    else
        page(ratings, argv[3], argc > 4 ? atof(argv[4]) : 5);
    return 0;
}
