/* route_index.c: the rooms' rows of routes checked and joined, and finding the one for a path. */
#include "base/utf8.h"
#include "web/inside.h"

#include <stdlib.h>

struct route_index {
    const struct route *
        *routes; /* as the tables list them; of two that fit the one with more literal segments wins */
    size_t n;
};

static bool row_is_whole(const struct route *r, const char **what)
{
    bool get = !strcmp(r->method, "GET"), post = !strcmp(r->method, "POST");
    if (!get && !post)
        *what = "a method other than GET or POST";
    else if (!r->path || r->path[0] != '/')
        *what = "no path";
    else if (!r->handler)
        *what = "no handler";
    else if (r->permission == PERMISSION_UNSET)
        *what = "no permission";
    else if (r->csrf == CSRF_UNSET)
        *what = "no csrf";
    else if (post && r->csrf != CSRF_FORM)
        *what = "a POST without CSRF_FORM";
    else if (get && r->csrf != CSRF_NONE)
        *what = "a GET with CSRF_FORM";
    else if (r->class == CLASS_UNSET)
        *what = "no class";
    else if (r->class == INLINE && r->permission == SIGNED_IN)
        *what = "INLINE, though who is signed in is read from the database";
    else if (r->caching == CACHE_PUBLIC && (post || r->permission != ANYONE))
        *what = "CACHE_PUBLIC, though not everybody's";
    else if (!r->help || !*r->help)
        *what = "no line of help";
    else
        return true;
    return false;
}

int route_index_create(const struct route *const *tables, struct route_index **out, struct err *err)
{
    size_t n = 0;
    for (size_t t = 0; tables[t]; t++)
        for (const struct route *r = tables[t]; r->method; r++)
            n++;
    struct route_index *index = calloc(1, sizeof *index);
    if (!index || !(index->routes = calloc(n + 1, sizeof *index->routes))) {
        free(index);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    for (size_t t = 0; tables[t]; t++) {
        for (const struct route *r = tables[t]; r->method; r++) {
            const char *what = NULL;
            if (row_is_whole(r, &what))
                for (size_t i = 0; i < index->n && !what; i++)
                    if (!strcmp(index->routes[i]->method, r->method) &&
                        !strcmp(index->routes[i]->path, r->path))
                        what = "a row of its own already";
            if (what) {
                route_index_destroy(index);
                return err_set(
                    err, ERR_INTERNAL, "the route %s %s has %s", r->method, r->path ? r->path : "", what);
            }
            index->routes[index->n++] = r;
        }
    }
    *out = index;
    return 0;
}

void route_index_destroy(struct route_index *index)
{
    if (!index)
        return;
    free(index->routes);
    free(index);
}

size_t route_count(const struct route_index *index)
{
    return index->n;
}

const struct route *route_at(const struct route_index *index, size_t i)
{
    return index->routes[i];
}

struct match {
    struct str raw[WEB_MAX_PARAMS];
    const char *names[WEB_MAX_PARAMS];
    uint8_t lengths[WEB_MAX_PARAMS];
    size_t n;
    unsigned literals;
};

/* pattern against path, both from behind their first "/" */
static bool fits(const char *pattern, struct str path, struct match *m)
{
    *m = (struct match){0};
    const char *p = pattern;
    for (;;) {
        const char *end = strchrnul(p, '/');
        if (*p == '{') {
            bool rest = end[-2] == '*';
            size_t slash = str_find_char(path, '/');
            struct str segment = rest || slash == SIZE_MAX ? path : str_slice(path, 0, slash);
            const char *close = strchr(p, '}');
            size_t tail = (size_t)(end - close - 1); /* "{name}.json" */
            if (segment.n <= tail || memcmp(segment.p + segment.n - tail, close + 1, tail) ||
                m->n == WEB_MAX_PARAMS)
                return false;
            m->raw[m->n] = str_slice(segment, 0, segment.n - tail);
            m->names[m->n] = p + 1;
            m->lengths[m->n++] = (uint8_t)(close - p - 1 - (rest ? 1 : 0));
            m->literals += tail ? 1 : 0;
            path = str_slice(path, segment.n, path.n);
        } else {
            size_t n = (size_t)(end - p);
            if (path.n < n || memcmp(path.p, p, n))
                return false;
            m->literals += 2;
            path = str_slice(path, n, path.n);
        }
        if (!*end)
            return path.n == 0;
        if (path.n == 0 || path.p[0] != '/')
            return false;
        path = str_slice(path, 1, path.n);
        p = end + 1;
    }
}

enum route_found route_find(const struct route_index *index, struct request *r, struct buf *allow)
{
    struct str path = str_slice(r->path, 1, r->path.n);
    struct match match, best = {0};
    size_t found = SIZE_MAX;
    bool get = false, post = false;
    for (size_t i = 0; i < index->n; i++) {
        if (!fits(index->routes[i]->path + 1, path, &match))
            continue;
        bool same = str_eqz(r->method, index->routes[i]->method);
        get |= index->routes[i]->method[0] == 'G';
        post |= index->routes[i]->method[0] == 'P';
        if (same && (found == SIZE_MAX || match.literals > best.literals)) {
            best = match;
            found = i;
        }
    }
    if (found == SIZE_MAX) {
        if (!get && !post)
            return ROUTE_NO_PATH;
        buf_addz(allow, get && post ? "GET, HEAD, POST" : get ? "GET, HEAD" : "POST");
        return ROUTE_OTHER_METHOD;
    }
    for (size_t i = 0; i < best.n; i++) {
        struct str value = best.raw[i];
        if (str_find_char(value, '%') != SIZE_MAX)
            value = percent_decode(request_arena(r), value, false);
        else if (!utf8_valid(value))
            return ROUTE_NO_PATH;
        if (value.n == 0)
            return ROUTE_NO_PATH;
        r->params[i] = value;
        r->param_names[i] = best.names[i];
        r->param_name_lengths[i] = best.lengths[i];
    }
    r->param_count = best.n;
    r->route = index->routes[found];
    r->route_number = (unsigned)found;
    return ROUTE_FOUND;
}
