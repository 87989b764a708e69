/* web_route.c: fuzz target: addresses as a browser might ask for them: finding the row, decoding its pieces,
 * the query. */
#include "base/utf8.h"
#include "target.h"
#include "web/inside.h"

static void handler(struct request *r)
{
    (void)r;
}

#define ROW(path)                                                                                            \
    {                                                                                                        \
        "GET", path, handler, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0, "help"                                \
    }
static const struct route rows[] = {
    ROW("/"),
    ROW("/r/{code}"),
    ROW("/r/{code}.json"),
    ROW("/r/{code}/{other}/end"),
    ROW("/a/{rest*}"),
    {NULL},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct route_index *index;
    const struct route *const tables[] = {rows, NULL};
    struct web web = {0};
    struct err err;
    struct buf allow _cleanup_buf_ = BUF_INIT;
    if (!index && route_index_create(tables, &index, &err))
        abort();
    char *address _cleanup_free_ = str_dup((struct str){(const char *)data, size});
    struct request *r = request_create(&web, address);
    if (r->path.n && r->path.p[0] == '/') { /* as http.c sees to */
        r->method = STR("GET");
        if (route_find(index, r, &allow) == ROUTE_FOUND)
            for (size_t i = 0; i < r->param_count; i++)
                MUST(
                    r->params[i].n && utf8_valid(r->params[i]) && !memchr(r->params[i].p, 0, r->params[i].n));
        if (!form_parse_urlencoded(request_arena(r), r->query_text, &r->query, &err))
            request_choose_locale(r);
    }
    request_destroy(r);
    return 0;
}
