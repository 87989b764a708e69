/* route.c: tests the table of routes: rows that refuse to start, which row a path finds, what its pieces
 * hold. */
#include "pieces.h"

#include "web/inside.h"
#include "web/pages.h"

static void handler(struct request *r)
{
    (void)r;
}

#define GOOD "GET", "/a", handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"

static void refuses_rows_that_leave_something_out(void **state)
{
    static const struct {
        struct route row;
        const char *what;
    } bad[] = {
        {{"GET", "/a", handler, PERMISSION_UNSET, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"}, "no permission"},
        {{"GET", "/a", handler, ANYONE, CSRF_UNSET, POOL, CACHE_NEVER, 0, "help"}, "no csrf"},
        {{"GET", "/a", handler, ANYONE, CSRF_NONE, CLASS_UNSET, CACHE_NEVER, 0, "help"}, "no class"},
        {{"GET", "/a", NULL, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"}, "no handler"},
        {{"GET", "a", handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"}, "no path"},
        {{"PUT", "/a", handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"}, "method"},
        {{"POST", "/a", handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"}, "POST without"},
        {{"GET", "/a", handler, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "help"}, "GET with"},
        {{"GET", "/a", handler, SIGNED_IN, CSRF_NONE, INLINE, CACHE_NEVER, 0, "help"}, "INLINE"},
        {{"GET", "/a", handler, SIGNED_IN, CSRF_NONE, POOL, CACHE_PUBLIC, 0, "help"}, "CACHE_PUBLIC"},
        {{"GET", "/a", handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, NULL}, "help"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct route table[2] = {bad[i].row};
        const struct route *const tables[] = {table, NULL};
        struct route_index *index = NULL;
        struct err err = {0};
        assert_int_equal(route_index_create(tables, &index, &err), ERR_INTERNAL);
        assert_has(str_of(err.what), bad[i].what);
        assert_null(index);
    }
    static const struct route twice[] = {{GOOD}, {GOOD}, {NULL}};
    const struct route *const tables[] = {twice, NULL};
    struct route_index *index = NULL;
    struct err err = {0};
    assert_int_equal(route_index_create(tables, &index, &err), ERR_INTERNAL);
    assert_has(str_of(err.what), "/a");
}

static void all_rows_of_the_program_are_whole(void **state)
{
    struct route_index *index = NULL;
    struct err err = {0};
    assert_int_equal(route_index_create(web_route_tables, &index, &err), 0);
    assert_true(route_count(index) > 20);
    route_index_destroy(index);
}

#define ROW(path)                                                                                            \
    {                                                                                                        \
        "GET", path, handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, path                                  \
    }
static const struct route rows[] = {
    ROW("/"),
    ROW("/r/{code}"),
    ROW("/r/{code}.json"),
    ROW("/r/{code}/history"),
    ROW("/r/new"),
    ROW("/files/{rest*}"),
    {"POST", "/r/{code}", handler, ANYONE, CSRF_FORM, POOL, CACHE_NEVER, 0, "post"},
    {NULL},
};

static void finds_the_row_for_a_path(void **state)
{
    static const struct {
        const char *method, *path, *row, *name, *value;
    } cases[] = {
        {"GET", "/", "/", NULL, NULL},
        {"GET", "/r/abc", "/r/{code}", "code", "abc"},
        {"GET", "/r/abc.json", "/r/{code}.json", "code", "abc"},
        {"GET", "/r/.json", "/r/{code}", "code", ".json"},
        {"GET", "/r/a%20%C3%A9%2Fx", "/r/{code}", "code", "a \xC3\xA9/x"},
        {"GET", "/r/new", "/r/new", NULL, NULL},
        {"GET", "/r/abc/history", "/r/{code}/history", "code", "abc"},
        {"GET", "/files/a/b/c", "/files/{rest*}", "rest", "a/b/c"},
        {"POST", "/r/abc", "post", "code", "abc"},
        {"GET", "", NULL, NULL, NULL},
        {"GET", "//", NULL, NULL, NULL},
        {"GET", "/r", NULL, NULL, NULL},
        {"GET", "/r/", NULL, NULL, NULL},
        {"GET", "/r/abc/", NULL, NULL, NULL},
        {"GET", "/r/abc/other", NULL, NULL, NULL},
        {"GET", "/r/%00", NULL, NULL, NULL},
        {"GET", "/r/%ff", NULL, NULL, NULL},
        {"GET", "/r/%", NULL, NULL, NULL},
        {"GET", "/r/\xff", NULL, NULL, NULL},
        {"GET", "/files/", NULL, NULL, NULL},
        {"GET", "/R/abc", NULL, NULL, NULL},
    };
    const struct route *const tables[] = {rows, NULL};
    struct route_index *index = NULL;
    struct err err = {0};
    struct web web = {0};
    assert_int_equal(route_index_create(tables, &index, &err), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request *r = request_create(&web, cases[i].path[0] ? cases[i].path : "/x-none");
        struct buf allow _cleanup_buf_ = BUF_INIT;
        r->method = str_of(cases[i].method);
        enum route_found found = route_find(index, r, &allow);
        if (!cases[i].row) {
            assert_int_equal(found, ROUTE_NO_PATH);
        } else {
            assert_int_equal(found, ROUTE_FOUND);
            assert_string_equal(r->route->help, cases[i].row);
            if (cases[i].name)
                assert_piece(request_param(r, cases[i].name), cases[i].value);
            assert_null(request_param(r, "other").p);
        }
        request_destroy(r);
    }
    struct request *r = request_create(&web, "/r/abc?x=/y");
    struct buf allow _cleanup_buf_ = BUF_INIT;
    r->method = STR("DELETE");
    assert_int_equal(route_find(index, r, &allow), ROUTE_OTHER_METHOD);
    assert_piece(buf_str(&allow), "GET, HEAD, POST");
    assert_piece(request_path(r), "/r/abc");
    request_destroy(r);
    route_index_destroy(index);
}

/* ---- workers */

struct ran {
    pthread_mutex_t lock;
    pthread_cond_t change;
    unsigned slow, quick;
    bool let_go;
};
static struct ran ran = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
static const struct route slow_route = {.path = "slow"}, quick_route = {.path = "quick"};

static void work(struct request *r)
{
    pthread_mutex_lock(&ran.lock);
    if (r->route == &slow_route) {
        ran.slow++;
        pthread_cond_broadcast(&ran.change);
        while (!ran.let_go)
            pthread_cond_wait(&ran.change, &ran.lock);
    } else {
        ran.quick++;
    }
    pthread_cond_broadcast(&ran.change);
    pthread_mutex_unlock(&ran.lock);
}

static void one_route_leaves_a_thread_to_others(void **state)
{
    struct request requests[8];
    for (int i = 0; i < 8; i++)
        requests[i] = (struct request){.client_many = true};
    struct workers *w = workers_create(3, 6, work);
    for (int i = 0; i < 6; i++)
        requests[i].route = &slow_route;
    requests[6].route = requests[7].route = &quick_route;
    for (int i = 0; i < 2; i++)
        assert_int_equal(WORKERS_TAKEN, workers_add(w, &requests[i]));
    pthread_mutex_lock(&ran.lock);
    while (ran.slow < 2)
        pthread_cond_wait(&ran.change, &ran.lock);
    pthread_mutex_unlock(&ran.lock);
    for (int i = 2; i < 6; i++)
        assert_int_equal(WORKERS_TAKEN, workers_add(w, &requests[i]));
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &requests[6]));
    pthread_mutex_lock(&ran.lock);
    while (ran.quick < 1) /* though four slow ones wait before it */
        pthread_cond_wait(&ran.change, &ran.lock);
    assert_int_equal(ran.slow, 2);
    pthread_mutex_unlock(&ran.lock);
    assert_int_equal(workers_queued(w), 4);
    struct request more[3] = {{.route = &slow_route, .client_many = true},
        {.route = &slow_route, .client_many = true}, {.route = &slow_route, .client_many = true}};
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &more[0]));
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &more[1]));
    assert_int_equal(WORKERS_FULL, workers_add(w, &more[2]));
    pthread_mutex_lock(&ran.lock);
    ran.let_go = true;
    pthread_cond_broadcast(&ran.change);
    pthread_mutex_unlock(&ran.lock);
    workers_stop(w); /* after all that was taken */
    assert_int_equal(ran.slow, 8);
}

static void one_reader_leaves_room_in_the_queue(void **state)
{
    ran = (struct ran){.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};
    struct request busy = {.route = &slow_route, .client_many = true}, greedy[3], other;
    struct workers *w = workers_create(1, 8, work);
    for (int i = 0; i < 3; i++)
        greedy[i] = (struct request){.route = &quick_route, .client = {.b = {192, 0, 2, 1}, .n = 4}};
    other = (struct request){.route = &quick_route, .client = {.b = {192, 0, 2, 2}, .n = 4}};
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &busy));
    pthread_mutex_lock(&ran.lock);
    while (ran.slow < 1)
        pthread_cond_wait(&ran.change, &ran.lock);
    pthread_mutex_unlock(&ran.lock);
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &greedy[0]));
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &greedy[1]));
    assert_int_equal(WORKERS_TOO_MANY, workers_add(w, &greedy[2]));
    assert_int_equal(WORKERS_TAKEN, workers_add(w, &other));
    pthread_mutex_lock(&ran.lock);
    ran.let_go = true;
    pthread_cond_broadcast(&ran.change);
    pthread_mutex_unlock(&ran.lock);
    workers_stop(w);
    assert_int_equal(ran.quick, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_rows_that_leave_something_out),
        cmocka_unit_test(all_rows_of_the_program_are_whole),
        cmocka_unit_test(finds_the_row_for_a_path),
        cmocka_unit_test(one_route_leaves_a_thread_to_others),
        cmocka_unit_test(one_reader_leaves_room_in_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
