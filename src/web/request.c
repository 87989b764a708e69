/* request.c: one request: its parts as handlers ask for them, and its end. */
#include "web/inside.h"

#include <stdlib.h>
#include <unistd.h>

#define MAX_ARENA (96u << 20) /* one request's memory, uploads aside */

struct request *request_create(struct web *web, const char *address)
{
    size_t n = strlen(address);
    struct request *r = calloc(1, sizeof *r + n + 1);
    if (!r)
        return NULL;
    memcpy(r->address_bytes, address, n + 1);
    r->web = web;
    r->file_fd = -1;
    r->address = (struct str){r->address_bytes, n};
    size_t query = str_find_char(r->address, '?');
    r->path = query == SIZE_MAX ? r->address : str_slice(r->address, 0, query);
    r->query_text = query == SIZE_MAX ? STR("") : str_slice(r->address, query + 1, n);
    return r;
}

void request_destroy(struct request *r)
{
    if (!r)
        return;
    store_read_end(r->read);
    atomic_fetch_sub_explicit(&r->web->metrics.body_bytes, (int64_t)r->body_counted, memory_order_relaxed);
    if (r->file_fd >= 0)
        close(r->file_fd);
    buf_finish(&r->out);
    if (r->body_counted) { /* a form: perhaps with a password in it */
        buf_wipe(&r->body);
        arena_wipe(r->arena_made);
    } else {
        arena_destroy(r->arena_made);
    }
    explicit_bzero(&r->keeper_session, sizeof r->keeper_session);
    free(r);
}

struct arena *request_arena(struct request *r)
{
    if (!r->arena_made)
        r->arena_made = arena_create(MAX_ARENA);
    return r->arena_made;
}

struct node *request_node(struct request *r)
{
    return r->web->node;
}

struct store_read *request_read(struct request *r)
{
    struct err err;
    if (!r->read && store_read_begin(node_store(r->web->node), &r->read, &err))
        r->read = NULL;
    else if (r->read)
        r->cache_seq = store_read_seq(r->read);
    return r->read;
}

const struct locale *request_locale(struct request *r)
{
    return r->locale;
}

int64_t request_now(struct request *r)
{
    return clock_now(&r->web->clock);
}

struct str request_method(const struct request *r)
{
    return r->method;
}

struct str request_path(const struct request *r)
{
    return r->path;
}

struct str request_param(const struct request *r, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < r->param_count; i++)
        if (r->param_name_lengths[i] == n && !memcmp(r->param_names[i], name, n))
            return r->params[i];
    return (struct str){NULL, 0};
}

struct str request_query(const struct request *r, const char *name)
{
    const struct form_field *field = form_find(&r->query, name);
    return field ? field->value : (struct str){NULL, 0};
}

struct str request_form(const struct request *r, const char *name)
{
    const struct form_field *field = form_find(&r->form, name);
    return field && !field->upload ? field->value : (struct str){NULL, 0};
}

size_t request_form_all(const struct request *r, const char *name, struct str *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < r->form.n && n < max; i++)
        if (!r->form.fields[i].upload && str_eqz(r->form.fields[i].name, name))
            out[n++] = r->form.fields[i].value;
    return n;
}

size_t request_uploads(const struct request *r, const char *name, struct upload *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < r->form.n && n < max; i++) {
        const struct form_field *f = &r->form.fields[i];
        if (f->upload && f->value.n && str_eqz(f->name, name))
            out[n++] = (struct upload){f->file_name, f->media_type, f->value};
    }
    return n;
}

struct str request_header(const struct request *r, const char *name)
{
    static const struct {
        const char *name;
        size_t offset;
    } known[] = {
        {"Host", offsetof(struct request, in.host)},
        {"Accept-Language", offsetof(struct request, in.accept_language)},
        {"Origin", offsetof(struct request, in.origin)},
        {"Content-Type", offsetof(struct request, in.content_type)},
        {"If-None-Match", offsetof(struct request, in.if_none_match)},
        {"Range", offsetof(struct request, in.range)},
        {"Cookie", offsetof(struct request, in.cookie)},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq_nocase(str_of(name), str_of(known[i].name)))
            return *(const struct str *)((const char *)r + known[i].offset);
    return (struct str){NULL, 0};
}

bool request_is_https(const struct request *r)
{
    return r->web->proxy && r->client_loopback && str_eq(r->in.forwarded_proto, STR("https"));
}

struct str request_origin(struct request *r)
{
    const struct web *web = r->web;
    if (*web->url && str_eq_nocase(r->in.host, str_of(web->url_host)))
        return str_of(web->url);
    return arena_printf(
        request_arena(r), "%s://%.*s", request_is_https(r) ? "https" : "http", STR_ARG(r->in.host));
}

const struct account *request_account(struct request *r)
{
    session_look_up(r);
    return r->signed_in ? &r->account : NULL;
}

const struct keeper_session *request_session(struct request *r)
{
    session_look_up(r);
    return r->signed_in && !r->account.own_key ? &r->keeper_session : NULL;
}

/* ---- for http.c */

struct str request_cookie(const struct request *r, const char *name)
{
    return cookie_find(r->in.cookie, name);
}

bool request_read_form(struct request *r, struct err *err)
{
    struct str type = r->in.content_type, body = buf_str(&r->body);
    size_t semicolon = str_find_char(type, ';');
    struct str media = str_trim(semicolon == SIZE_MAX ? type : str_slice(type, 0, semicolon));
    if (body.n == 0 && !type.p)
        return true;
    if (str_eq_nocase(media, STR("application/x-www-form-urlencoded")))
        return !form_parse_urlencoded(request_arena(r), body, &r->form, err);
    if (str_eq_nocase(media, STR("multipart/form-data")))
        return !form_parse_multipart(request_arena(r), type, body, &r->form, err);
    err_set(err, ERR_INPUT, "a form of the type %.*s is not taken here", (int)(media.n > 60 ? 60 : media.n),
        media.p);
    return false;
}

void request_choose_locale(struct request *r)
{
    const struct locale *l = NULL;
    struct str asked = request_query(r, "ui");
    if (asked.n && (l = locale_find(asked)))
        r->locale_asked = true;
    if (!l && r->in.cookie.n) {
        struct str kept = request_cookie(r, r->web->language_cookie);
        l = kept.n ? locale_find(kept) : NULL;
    }
    r->locale = l ? l : locale_choose(r->in.accept_language);
}

bool request_seems_anonymous(const struct request *r)
{
    return !r->in.cookie.n ||
           (!request_cookie(r, r->web->session_cookie).p && !request_cookie(r, r->web->notice_cookie).p);
}

/* ---- limits */

static struct str client(const struct request *r)
{
    return (struct str){(const char *)r->client.b, r->client.n};
}

int64_t request_wait(struct request *r, enum limit_type type)
{
    return limits_take(r->web->limits, type, client(r), r->client_many, clock_now_us(&r->web->clock));
}

bool request_may_try(struct request *r, enum limit_type type)
{
    int64_t wait = request_wait(r, type);
    if (wait)
        answer_wait(r, wait);
    return !wait;
}

void request_try_was_right(struct request *r, enum limit_type type)
{
    limits_return(r->web->limits, type, client(r), r->client_many, clock_now_us(&r->web->clock));
}
