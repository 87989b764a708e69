/* index.c: the columns against plain SQL: after random lives, on a million ratings, after a kill, with torn
 * and flipped bytes, and while others read. */
#include "rating/pool.h"

#include "rating/index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* ---- waiting and comparing */

static struct rating_index *open_index(struct world *w)
{
    struct rating_index *index;
    struct err err;
    if (rating_index_open(w->store, w->directory, &index, &err))
        fail_msg("%s", err.what);
    return index;
}

/* Until the columns have the journal's last row. */
static void catch_up(struct world *w, struct rating_index *index)
{
    int64_t start = monotonic_us();
    for (;;) {
        struct store_read *read;
        struct journal_state at;
        assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
        assert_int_equal(rating__journal_state(store_read_sql(read), &at, NULL), 0);
        uint64_t seq = store_read_seq(read);
        store_read_end(read);
        pthread_mutex_lock(&index->making);
        struct view *v = atomic_load(&index->view);
        bool there = v && v->n >= at.last && v->seq >= seq && index->epoch == at.epoch;
        pthread_mutex_unlock(&index->making);
        if (there)
            return;
        if (monotonic_us() - start > 60000000)
            fail_msg("the index does not come to row %lu", (unsigned long)at.last);
        pthread_mutex_lock(&index->mutex);
        struct timespec t = {.tv_sec = (monotonic_us() + 100000) / 1000000,
            .tv_nsec = (monotonic_us() + 100000) % 1000000 * 1000};
        pthread_cond_timedwait(&index->changed, &index->mutex, &t);
        pthread_mutex_unlock(&index->mutex);
    }
}

static int mark_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct mark));
}

static void assert_marks_alike(struct marks a, struct marks b, const char *of, uint32_t number, int64_t since)
{
    if (a.n != b.n)
        fail_msg("%s %u since %ld: %zu by SQL, %zu by the columns", of, number, (long)since, a.n, b.n);
    if (!a.n)
        return;
    qsort((void *)(uintptr_t)a.at, a.n, sizeof *a.at, mark_order);
    qsort((void *)(uintptr_t)b.at, b.n, sizeof *b.at, mark_order);
    for (size_t i = 0; i < a.n; i++)
        if (memcmp(&a.at[i], &b.at[i], sizeof *a.at))
            fail_msg("%s %u since %ld: mark %zu differs: subject %u/%u rater %u/%u value %u/%u flags %u/%u",
                of, number, (long)since, i, a.at[i].subject, b.at[i].subject, a.at[i].rater, b.at[i].rater,
                a.at[i].value, b.at[i].value, a.at[i].flags, b.at[i].flags);
}

static void compare_subject(
    struct rating_source *sql, struct rating_source *columns, struct arena *arena, uint32_t subject)
{
    struct marks a, b;
    assert_int_equal(sql->by_subject(sql->ctx, arena, subject, &a, NULL), 0);
    assert_int_equal(columns->by_subject(columns->ctx, arena, subject, &b, NULL), 0);
    assert_marks_alike(a, b, "subject", subject, 0);
    const struct subject_facts *f = sql->facts(sql->ctx, subject), *g = columns->facts(columns->ctx, subject);
    if (f->date != g->date || f->author != g->author || f->lineage != g->lineage ||
        f->language != g->language || f->kind_class != g->kind_class || f->flags != g->flags)
        fail_msg("the facts of subject %u differ: date %ld/%ld", subject, (long)f->date, (long)g->date);
    const uint32_t *s, *t;
    size_t n, m;
    assert_int_equal(sql->topics(sql->ctx, arena, subject, &s, &n, NULL), 0);
    assert_int_equal(columns->topics(columns->ctx, arena, subject, &t, &m, NULL), 0);
    if (n != m || (n && memcmp(s, t, n * sizeof *s)))
        fail_msg("the topics of subject %u differ: %zu/%zu", subject, n, m);
}

/* every: compare each so-many-th rater and subject. */
static void assert_alike(struct world *w, struct rating_index *index, uint32_t raters, uint32_t subjects,
    uint32_t every, const int64_t *sinces, size_t since_count)
{
    struct store_read *read;
    struct rating_source sql, columns;
    catch_up(w, index);
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    assert_int_equal(rating__sql_source(read, &sql, NULL), 0);
    assert_int_equal(rating__index_source(index, read, &columns, NULL), 0);
    assert_true(sql.by_rater != columns.by_rater);
    struct arena *arena _cleanup_arena_ = arena_create(0);
    for (uint32_t r = 0; r <= raters; r += every)
        for (size_t i = 0; i < since_count; i++) {
            struct marks a, b;
            arena_reset(arena);
            assert_int_equal(sql.by_rater(sql.ctx, arena, r, sinces[i], &a, NULL), 0);
            assert_int_equal(columns.by_rater(columns.ctx, arena, r, sinces[i], &b, NULL), 0);
            assert_marks_alike(a, b, "rater", r, sinces[i]);
        }
    for (uint32_t s = 0; s <= subjects; s += every) {
        arena_reset(arena);
        compare_subject(&sql, &columns, arena, s);
    }
    for (size_t i = 0; i < since_count; i++) {
        const uint32_t *a, *b;
        size_t n, m;
        arena_reset(arena);
        int64_t to = i + 1 < since_count ? sinces[i + 1] : INT64_MAX;
        assert_int_equal(sql.articles(sql.ctx, arena, sinces[i], to, &a, &n, NULL), 0);
        assert_int_equal(columns.articles(columns.ctx, arena, sinces[i], to, &b, &m, NULL), 0);
        if (n != m || (n && memcmp(a, b, n * sizeof *a)))
            fail_msg(
                "articles from %ld to %ld: %zu by SQL, %zu by the columns", (long)sinces[i], (long)to, n, m);
    }
    assert_int_equal(sql.article_count(sql.ctx), columns.article_count(columns.ctx));
    assert_int_equal(sql.topic(sql.ctx, STR(" #Work")), columns.topic(columns.ctx, STR("work")));
    sql.close(sql.ctx);
    columns.close(columns.ctx);
    store_read_end(read);
}

static const int64_t lives[] = {INT64_MIN, -5000, -1, 0, 1, T0 + 1, T0 + 10, T0 + 20, T0 + 30, INT64_MAX};
#define LIVES lives, sizeof lives / sizeof *lives

/* ---- random lives */

static struct record *random_record(struct world *w, struct seeded *dice)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char *const texts[] = {"one two three", "something else now", "one two three"};
    static const char *const dimensions[] = {"worth", "accurate", "junk"};
    static const char *const values[] = {"0", "1", "0.5", "0.25"};
    int who = 1 + (int)seeded_below(dice, 5);
    int64_t at = T0 + (int64_t)seeded_below(dice, 40);
    const char *d = names[seeded_below(dice, 3)];
    int author = 1 + (int)seeded_below(dice, 3);
    const char *of = address_text(w, 30023, author, d);
    switch (seeded_below(dice, 10)) {
    case 0:
    case 1:
        return article(w, author, d, at, "Title", texts[seeded_below(dice, 3)],
            seeded_below(dice, 2)   ? T0 + (int64_t)seeded_below(dice, 40)
            : seeded_below(dice, 3) ? 0
                                    : -1000 * (int64_t)(1 + seeded_below(dice, 9)));
    case 2:
        return deletion(w, author, of, at);
    case 3:
        return deletion(
            w, who, address_text(w, 34259, who, arena_printf(w->arena, "address:%s#worth", of).p), at);
    default:
        return rating(w, who, of, NULL, dimensions[seeded_below(dice, 3)], values[seeded_below(dice, 4)], at);
    }
}

static void random_lives(void **state)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct world w;
        struct seeded dice = {seed};
        world_open_with(&w, false, pool_tables());
        struct rating_index *index = open_index(&w);
        for (int step = 0; step < 300; step++) {
            w.now++;
            put(&w, random_record(&w, &dice));
            if (step % 60 == 30) {
                struct pubkey k = key_of(1 + (int)seeded_below(&dice, 5));
                assert_int_equal(store_erase_key(w.store, &k, T0 + 10, "test", NULL), 0);
            }
            if (step % 25 == 24)
                assert_alike(&w, index, 10, 40, 1, LIVES);
            if (step % 100 == 50)
                assert_int_equal(store_rebuild(w.store, NULL), 0); /* another epoch */
            if (step % 70 == 69) {
                rating_index_close(index);
                put(&w, random_record(&w, &dice));
                index = open_index(&w);
                assert_int_equal(rating_index_wait(index, store_applied_seq(w.store), 20000, NULL), 0);
                assert_alike(&w, index, 10, 40, 1, LIVES);
            }
        }
        rating_index_close(index);
        world_close(&w);
    }
}

/* ---- a million */

enum { SUBJECTS = 20000, RATERS = 5000, A_SUBJECT = 50 };

static uint32_t mixed(uint32_t n)
{
    return (n ^ n >> 15) * 0x85ebca6b;
}

static struct pubkey rater_key(uint32_t rater)
{
    struct pubkey key = {{7, 7}};
    memcpy(key.b + 8, &rater, sizeof rater);
    return key;
}

static int fill(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement subject = {"fill_subject",
        "INSERT INTO rating_subject (subject, seq, id, declared, date, author, lineage, language) "
        "VALUES (?1, ?1, zeroblob(32), 0, ?2, ?3, ?1, 'en')"};
    static const struct sql_statement name = {
        "fill_name", "INSERT INTO rating_state_subject (subject, coordinate) VALUES (?1, ?2)"};
    static const struct sql_statement topic = {
        "fill_topic", "INSERT INTO rating_topic (subject, topic) VALUES (?1, ?2)"};
    static const struct sql_statement mark = {"fill_mark",
        "INSERT INTO rating_mark (subject, rater, dimension, seq, value, time, revision, flags) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, ?7)"};
    struct seeded dice = {9};
    const uint32_t *every = ctx; /* so-many-th subject, or NULL */
    int64_t seq = 1;
    int rc = 0;
    for (uint32_t r = 1; r <= RATERS; r++) {
        struct pubkey key = rater_key(r);
        assert_int_equal(store_actor(db, &key, err), r);
    }
    for (uint32_t s = 1; s <= SUBJECTS && !rc; s += every ? *every : 1) {
        char coordinate[100];
        snprintf(coordinate, sizeof coordinate, "30023:%064x:a%u", mixed(s) % 1000, s);
        struct sql_cursor *named = sql_open(db, &name);
        sql_int(named, 1, s);
        sql_text(named, 2, str_of(coordinate));
        if ((rc = sql_done(named, err)))
            break;
        struct sql_cursor *c = sql_open(db, &subject);
        sql_int(c, 1, s);
        sql_int(c, 2, T0 - (int64_t)seeded_below(&dice, 10000000));
        sql_int(c, 3, 1 + s % 77);
        if (s % 10) /* the others are rated, but not there */
            rc = sql_done(c, err);
        else
            sql_close(c, NULL);
        for (int t = 1; t <= 3 && !rc && s % 10; t++) {
            c = sql_open(db, &topic);
            sql_int(c, 1, s);
            sql_int(c, 2, t * 100 + s % 13);
            rc = sql_done(c, err);
        }
        for (int k = 0; k < A_SUBJECT && !rc; k++) {
            c = sql_open(db, &mark);
            sql_int(c, 1, s);
            sql_int(c, 2, 1 + (s * 13 + (uint32_t)k * 97) % RATERS);
            sql_int(c, 3, k % 5);
            sql_int(c, 4, seq++);
            sql_int(c, 5, (int64_t)seeded_below(&dice, 10001));
            sql_int(c, 6, T0 + (int64_t)seeded_below(&dice, 1000));
            sql_int(c, 7, seeded_below(&dice, 10) == 0);
            rc = sql_done(c, err);
        }
    }
    return rc;
}

/* Marks change and go, dates move: as the projection would write it. */
struct stir {
    struct seeded dice;
    int n;
};

static int stir(void *ctx, struct sql *db, struct err *err)
{
    static const struct sql_statement statements[] = {
        {"stir_mark",
            "UPDATE rating_mark SET value = ?4 WHERE subject = ?1 AND rater = ?2 AND dimension = ?3"},
        {"stir_gone", "DELETE FROM rating_mark WHERE subject = ?1 AND rater = ?2 AND dimension = ?3"},
        {"stir_date", "UPDATE rating_subject SET date = ?2 WHERE subject = ?1"},
        {"stir_row",
            "INSERT OR REPLACE INTO rating_state_journal (subject, rater, dimension, value, time, flags) "
            "SELECT ?1, ?2, ?3, coalesce((SELECT value FROM rating_mark WHERE subject = ?1 AND rater = ?2 "
            "AND dimension = ?3), 0),"
            " coalesce((SELECT time FROM rating_mark WHERE subject = ?1 AND rater = ?2 AND dimension = ?3), "
            "0),"
            " coalesce((SELECT flags FROM rating_mark WHERE subject = ?1 AND rater = ?2 AND dimension = ?3), "
            "?4)"},
    };
    struct stir *s = ctx;
    int rc = 0;
    for (int i = 0; i < s->n && !rc; i++) {
        uint32_t subject = 1 + (uint32_t)seeded_below(&s->dice, SUBJECTS),
                 k = (uint32_t)seeded_below(&s->dice, A_SUBJECT);
        int64_t rater = 1 + (subject * 13 + k * 97) % RATERS;
        int what = seeded_below(&s->dice, 10) < 8 ? 0 : seeded_below(&s->dice, 2) ? 1 : 2;
        struct sql_cursor *c = sql_open(db, &statements[what]);
        sql_int(c, 1, subject);
        if (what == 2) {
            sql_int(c, 2, T0 - (int64_t)seeded_below(&s->dice, 10000000));
        } else {
            sql_int(c, 2, rater);
            sql_int(c, 3, k % 5);
        }
        if (what == 0)
            sql_int(c, 4, (int64_t)seeded_below(&s->dice, 10001));
        if ((rc = sql_done(c, err)))
            break;
        c = sql_open(db, &statements[3]);
        sql_int(c, 1, subject);
        sql_int(c, 2, what == 2 ? 0 : rater);
        sql_int(c, 3, what == 2 ? 0 : k % 5);
        sql_int(c, 4, what == 1 ? MARK_WITHDRAWN : what == 2 ? 0 : MARK_WITHDRAWN);
        rc = sql_done(c, err);
    }
    return rc;
}

/* One filter's page, by SQL and by the columns, to the last byte. */
static void assert_same_page(
    struct store_read *read, struct rating_index *index, const struct filter_run *run, const char *name)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct filter_result a, b;
    struct err err;
    if (filter_execute(read, NULL, arena, run, &a, &err) || filter_execute(read, index, arena, run, &b, &err))
        fail_msg("%s: %s", name, err.what);
    if (a.n != b.n || a.passed != b.passed || a.hidden_count != b.hidden_count || a.weights.n != b.weights.n)
        fail_msg("%s: %zu of %lu by SQL, %zu of %lu by the columns", name, a.n, (unsigned long)a.passed, b.n,
            (unsigned long)b.passed);
    for (size_t i = 0; i < a.n; i++) {
        const struct scored *x = &a.items[i], *y = &b.items[i];
        if (!str_eq(x->coordinate, y->coordinate) || memcmp(&x->score, &y->score, sizeof x->score) ||
            memcmp(&x->rank, &y->rank, sizeof x->rank) || x->support != y->support || x->rule != y->rule)
            fail_msg("%s: item %zu is %.*s by SQL, %.*s by the columns", name, i, STR_ARG(x->coordinate),
                STR_ARG(y->coordinate));
    }
    for (size_t i = 0; i < a.hidden_count; i++)
        if (!str_eq(a.hidden[i].rule, b.hidden[i].rule) || a.hidden[i].n != b.hidden[i].n)
            fail_msg("%s: %.*s hid %lu by SQL, %lu by the columns", name, STR_ARG(a.hidden[i].rule),
                (unsigned long)a.hidden[i].n, (unsigned long)b.hidden[i].n);
}

static void assert_same_pages(struct world *w, struct rating_index *index)
{
    struct trust_entry seeds[40];
    struct pubkey reader = rater_key(1000000);
    for (uint32_t i = 0; i < 40; i++)
        seeds[i] = (struct trust_entry){rater_key(1 + i * 111), WEIGHT_ONE / (1 + i % 3), STR("")};
    assert_int_equal(trust_private_keep(w->store, &reader, seeds, 40, NULL), 0);
    catch_up(w, index);
    struct store_read *read;
    assert_int_equal(store_read_begin(w->store, &read, NULL), 0);
    for (const char *const *name = recipe_ready_made_names(); *name; name++) {
        struct recipe recipe = *recipe_ready_made(str_of(*name));
        struct filter_run run = {.recipe = &recipe, .reader = &reader, .at = T0 + 500, .limit = 50};
        assert_same_page(read, index, &run, *name);
        run.offset = 20;
        run.at = T0 - 2000000;
        assert_same_page(read, index, &run, *name);
        run.hidden_rule = STR("support");
        assert_same_page(read, index, &run, *name);
    }
    store_read_end(read);
}

static const int64_t months[] = {0, T0 - 8000000, T0 - 1000000, T0 - 100000, T0 - 1};
#define MONTHS months, sizeof months / sizeof *months

static void million(void **state)
{
    struct world w;
    struct err err;
    world_open_with(&w, false, pool_tables());
    if (store_write(w.store, fill, NULL, &err))
        fail_msg("%s", err.what);
    struct rating_index *index = open_index(&w);
    assert_alike(&w, index, RATERS, SUBJECTS, 7, MONTHS);
    assert_same_pages(&w, index);
    struct stir s = {{5}, 50000};
    for (int round = 0; round < 4; round++) { /* enough to be written to files and merged */
        if (store_write(w.store, stir, &s, &err))
            fail_msg("%s", err.what);
        assert_alike(&w, index, RATERS, SUBJECTS, 61, MONTHS);
    }
    rating_index_close(index);
    index = open_index(&w);
    assert_alike(&w, index, RATERS, SUBJECTS, 7, MONTHS);
    assert_same_pages(&w, index);
    rating_index_close(index);
    world_close(&w);
}

/* ---- kill -9 */

static int stir_little(struct store *store, struct stir *s)
{
    s->n = 300;
    return store_write(store, stir, s, NULL);
}

static int fill_little(void *ctx, struct sql *db, struct err *err)
{
    return fill(&(uint32_t){23}, db, err);
}

static void killed(void **state)
{
    struct world w;
    struct seeded dice = {21};
    world_open_with(&w, false, pool_tables());
    assert_int_equal(store_write(w.store, fill_little, NULL, NULL), 0);
    for (int round = 0; round < 8; round++) {
        store_close(w.store);
        w.store = NULL;
        int ready[2];
        assert_int_equal(pipe(ready), 0);
        pid_t child = fork();
        if (!child) {
            struct store *store = world_second(&w, STORE_WRITE);
            struct rating_index *index;
            struct stir s = {{(uint64_t)round + 1}, 0};
            if (rating_index_open(store, w.directory, &index, NULL) || write(ready[1], "x", 1) != 1)
                _exit(1);
            while (!stir_little(store, &s))
                if (write(ready[1], "x", 1) != 1)
                    _exit(1);
            _exit(1);
        }
        close(ready[1]);
        char byte;
        for (uint64_t i = 0, n = 1 + seeded_below(&dice, 40); i < n; i++)
            assert_int_equal(read(ready[0], &byte, 1), 1);
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        close(ready[0]);
        w.store = world_second(&w, STORE_WRITE);
        struct rating_index *index = open_index(&w);
        assert_alike(&w, index, RATERS, SUBJECTS, 211, MONTHS);
        rating_index_close(index);
    }
    world_close(&w);
}

/* ---- torn and flipped */

static size_t list_files(const char *directory, char out[16][300])
{
    size_t n = 0;
    DIR *d = opendir(directory);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) && n < 16;)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "lock"))
            snprintf(out[n++], 300, "%.180s/%.100s", directory, e->d_name);
    closedir(d);
    return n;
}

static void damaged(void **state)
{
    struct world w;
    struct seeded dice = {33};
    char directory[300], files[16][300];
    world_open_with(&w, false, pool_tables());
    for (int i = 0; i < 150; i++)
        put(&w, random_record(&w, &dice));
    struct rating_index *index = open_index(&w);
    assert_alike(&w, index, 10, 40, 1, LIVES);
    rating_index_close(index);
    snprintf(directory, sizeof directory, "%s/ratings", w.directory);
    for (int round = 0; round < 40; round++) {
        size_t n = list_files(directory, files);
        assert_true(n >= 3);
        const char *file = files[seeded_below(&dice, n)];
        struct stat st;
        assert_int_equal(stat(file, &st), 0);
        uint64_t at = seeded_below(&dice, (uint64_t)st.st_size);
        if (round % 4 == 3) {
            assert_int_equal(unlink(file), 0);
        } else if (round % 4 == 2) {
            assert_int_equal(truncate(file, (off_t)at), 0);
        } else {
            int fd = open(file, O_RDWR | O_CLOEXEC);
            uint8_t byte;
            assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
            byte ^= (uint8_t)(1 << seeded_below(&dice, 8));
            assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
            close(fd);
        }
        index = open_index(&w);
        assert_alike(&w, index, 10, 40, 1, LIVES);
        if (round == 5) {
            struct rating_index *second;
            assert_int_equal(rating_index_open(w.store, w.directory, &second, NULL), ERR_BUSY);
        }
        rating_index_close(index);
    }
    world_close(&w);
}

/* ---- an erasure leaves the files, too */

static bool holds(const char *directory, uint32_t rater)
{
    char files[16][300];
    bool found = false;
    size_t n = list_files(directory, files);
    for (size_t i = 0; i < n; i++) {
        if (!strstr(files[i], "/run-") || strstr(files[i], ".part"))
            continue;
        FILE *f = fopen(files[i], "rb");
        uint32_t word;
        while (f && fread(&word, sizeof word, 1, f) == 1)
            found |= word == rater;
        if (f)
            fclose(f);
    }
    return found;
}

static void erased(void **state)
{
    struct world w;
    char directory[300];
    world_open_with(&w, false, pool_tables());
    put(&w, article(&w, 1, "a", T0, "Title", "one two three", 0));
    put(&w, rating(&w, 2, address_text(&w, 30023, 1, "a"), NULL, "worth", "0.7777", T0 + 5));
    struct rating_index *index = open_index(&w);
    assert_alike(&w, index, 10, 40, 1, LIVES);
    snprintf(directory, sizeof directory, "%s/ratings", w.directory);
    uint32_t time = T0 + 5;
    assert_true(holds(directory, time)); /* the rating's time stands for it */
    struct pubkey two = key_of(2);
    assert_int_equal(store_erase_key(w.store, &two, T0 + 100, "test", NULL), 0);
    catch_up(&w, index);
    for (int64_t start = monotonic_us(); holds(directory, time);) {
        assert_true(monotonic_us() - start < 60000000);
        poll(NULL, 0, 2);
    }
    assert_alike(&w, index, 10, 40, 1, LIVES);
    rating_index_close(index);
    world_close(&w);
}

/* ---- readers beside the index */

struct reader {
    struct world *w;
    struct rating_index *index;
    atomic_bool stop;
    atomic_uint_least64_t looks, faults;
};

static void *read_on(void *ctx)
{
    struct reader *r = ctx;
    struct arena *arena = arena_create(0);
    struct store_read *read;
    if (store_read_begin(r->w->store, &read, NULL))
        return NULL;
    for (uint32_t i = 0; !atomic_load(&r->stop); i++) {
        struct rating_source source;
        struct marks marks;
        const uint32_t *articles;
        size_t n;
        arena_reset(arena);
        if (rating__index_source(r->index, read, &source, NULL))
            continue;
        source.by_rater(source.ctx, arena, 1 + i % RATERS, T0 - 5000000, &marks, NULL);
        for (size_t k = 0; k < marks.n; k++)
            if (marks.at[k].rater != 1 + i % RATERS ||
                source.facts(source.ctx, marks.at[k].subject)->date < T0 - 5000000)
                atomic_fetch_add(&r->faults, 1);
        source.by_subject(source.ctx, arena, 1 + i % SUBJECTS, &marks, NULL);
        for (size_t k = 0; k < marks.n; k++)
            if (marks.at[k].subject != 1 + i % SUBJECTS || marks.at[k].flags & MARK_WITHDRAWN)
                atomic_fetch_add(&r->faults, 1);
        source.articles(source.ctx, arena, T0 - 100000, T0, &articles, &n, NULL);
        for (size_t k = 1; k < n; k++)
            if (source.facts(source.ctx, articles[k])->date > source.facts(source.ctx, articles[k - 1])->date)
                atomic_fetch_add(&r->faults, 1);
        source.close(source.ctx);
        atomic_fetch_add(&r->looks, 1);
    }
    store_read_end(read);
    arena_destroy(arena);
    return NULL;
}

static void beside_readers(void **state)
{
    struct world w;
    world_open_with(&w, false, pool_tables());
    assert_int_equal(store_write(w.store, fill_little, NULL, NULL), 0);
    struct reader r = {.w = &w, .index = open_index(&w)};
    catch_up(&w, r.index);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
    struct stir s = {{77}, 2000};
    for (int round = 0; round < 30; round++) {
        assert_int_equal(store_write(w.store, stir, &s, NULL), 0);
        catch_up(&w, r.index);
    }
    while (!atomic_load(&r.looks))
        poll(NULL, 0, 2);
    atomic_store(&r.stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(r.faults, 0);
    assert_alike(&w, r.index, RATERS, SUBJECTS, 101, MONTHS);
    rating_index_close(r.index);
    world_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives),
        cmocka_unit_test(damaged),
        cmocka_unit_test(erased),
        cmocka_unit_test(killed),
        cmocka_unit_test(beside_readers),
        cmocka_unit_test(million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
