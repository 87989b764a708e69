/* answer.c: what a handler can answer: a page in its frame, bytes, JSON, a file, a way elsewhere, an error.
 * Publishing is answer_publish.c's. */
#include "base/log.h"
#include "base/utf8.h"
#include "templates.gen.h"
#include "web/inside.h"
#include "web/static.h"
#include "web/template_ops.h"

#include <stdio.h>
#include <unistd.h>

void answer_header(struct request *r, const char *name, struct str value)
{
    struct header *h = ARENA_NEW(request_arena(r), struct header), **at = &r->headers;
    if (!h)
        return;
    for (size_t i = 0; i < value.n; i++) /* a line end would begin a header of somebody else's */
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return;
    while (*at)
        at = &(*at)->next;
    *h = (struct header){name, value, NULL};
    *at = h;
}

static void begin(struct request *r, int status, const char *content_type)
{
    r->answered = true;
    r->status = status;
    r->content_type = content_type;
    buf_clear(&r->out);
}

#define MOST_ECHOED 300 /* bytes of a refused address */

/* This page's address with another language of the interface; the front page's where a longer or malformed
 * address was refused: once for each language it would be most of that page. */
static struct str with_language(struct request *r, const char *code)
{
    struct buf to _cleanup_buf_ = BUF_INIT;
    if (r->status >= 400 && (r->address.n > MOST_ECHOED || !utf8_valid(r->address)))
        return arena_printf(request_arena(r), "/?ui=%s", code);
    struct str rest = r->query_text, pair;
    buf_adds(&to, r->path);
    char joint = '?';
    while (str_cut(&rest, '&', &pair)) {
        if (pair.n == 0 || str_starts(pair, STR("ui=")))
            continue;
        buf_addc(&to, joint);
        buf_adds(&to, pair);
        joint = '&';
    }
    buf_addf(&to, "%cui=%s", joint, code);
    return arena_str(request_arena(r), buf_str(&to));
}

static void frame_values(struct request *r, struct view *view, struct str title)
{
    const struct locale *l = r->locale;
    view_str(view, "lang", str_of(locale_code(l)));
    view_str(view, "dir", str_of(locale_rtl(l) ? "rtl" : "ltr"));
    view_str(view, "site", str_of(r->web->site));
    view_str(view, "stylesheet", str_of(static_address("widenet.css")));
    view_str(view, "title", title);
    const struct account *account = request_account(r);
    if (account)
        view_str(view_map(view, "account"), "name", account->name);
    struct str notice = r->notice ? str_of(r->notice) : (struct str){NULL, 0};
    if (!notice.n && request_cookie(r, r->web->notice_cookie).p) {
        notice = notice_decode(r);
        session_cookie(r, r->web->notice_cookie, STR(""), 0, true);
        r->one_reader = true;
    }
    if (notice.n) {
        char *message = arena_strz(request_arena(r), notice);
        if (message)
            view_str(view, "notice", locale_message(l, message));
    }
    for (size_t i = 0; locale_at(i); i++) {
        const struct locale *other = locale_at(i);
        struct view *item = view_item(view, "interface_languages");
        view_str(item, "code", str_of(locale_code(other)));
        view_str(item, "own_name", str_of(locale_own_name(other)));
        view_str(item, "dir", str_of(locale_rtl(other) ? "rtl" : "ltr"));
        view_str(item, "link", with_language(r, locale_code(other)));
        view_bool(item, "current", other == l);
    }
}

void answer_page(struct request *r, int status, const struct template *t, struct view *view, struct str title)
{
    begin(r, status, "text/html; charset=utf-8");
    frame_values(r, view, title);
    if (t->has_csrf)
        view_str(view, "csrf", csrf_token(r));
    struct buf body _cleanup_buf_ = BUF_INIT;
    template_render(t, view, r->locale, &body);
    view_html(view, "body", buf_str(&body));
    buf_reserve(&r->out, body.n + 4096);
    template_render(&template_frame, view, r->locale, &r->out);
    answer_header(r, "Content-Language", str_of(locale_code(r->locale)));
    if (r->locale_asked)
        session_cookie(r, r->web->language_cookie, str_of(locale_code(r->locale)), 365 * 86400, false);
}

void answer_bytes(struct request *r, int status, const char *content_type, struct str bytes)
{
    begin(r, status, content_type);
    buf_adds(&r->out, bytes);
}

void answer_json(struct request *r, int status, const struct buf *json)
{
    answer_bytes(r, status, "application/json; charset=utf-8", buf_str(json));
}

void answer_redirect(struct request *r, struct str path)
{
    /* "//elsewhere" and "/\elsewhere" are other sites to a browser */
    bool inside = path.n && path.p[0] == '/' && (path.n == 1 || (path.p[1] != '/' && path.p[1] != '\\'));
    for (size_t i = 0; i < path.n; i++)
        inside = inside && (unsigned char)path.p[i] > 0x20 && path.p[i] != 0x7f;
    begin(r, 303, "text/plain; charset=utf-8");
    answer_header(r, "Location", inside ? path : STR("/"));
    if (r->notice)
        session_cookie(r, r->web->notice_cookie, notice_encode(r, r->notice), 300, true);
    if (r->locale_asked)
        session_cookie(r, r->web->language_cookie, str_of(locale_code(r->locale)), 365 * 86400, false);
}

void answer_file(struct request *r, int fd, uint64_t size, const char *content_type, bool attachment)
{
    begin(r, 200, content_type);
    if (r->file_fd >= 0)
        close(r->file_fd);
    r->file_fd = fd;
    r->file_size = size;
    if (attachment)
        answer_header(r, "Content-Disposition", STR("attachment"));
}

void answer_notice(struct request *r, const char *message)
{
    r->notice = message;
}

/* ---- errors */

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return M("Not understood");
    case 403:
        return M("Not allowed");
    case 404:
        return M("Not found");
    case 405:
        return M("Not in this way");
    case 409:
        return M("Taken already");
    case 410:
        return M("Gone");
    case 413:
    case 414:
    case 431:
        return M("Too long");
    case 421:
        return M("Wrong name");
    case 429:
        return M("Too many requests");
    case 503:
        return M("Not just now");
    default:
        return M("Something went wrong");
    }
}

static void answer_story(struct request *r, int status, struct str what, struct str kept, struct str todo)
{
    const char *title = title_of(status);
    if (r->file_fd >= 0) {
        close(r->file_fd);
        r->file_fd = -1;
    }
    if (str_ends(r->path, STR(".json"))) {
        struct buf json _cleanup_buf_ = BUF_INIT;
        buf_addf(&json, "{\"error\":{\"status\":%d,\"what\":", status);
        buf_add_json(&json, what);
        if (kept.n) {
            buf_addz(&json, ",\"kept\":");
            buf_add_json(&json, kept);
        }
        if (todo.n) {
            buf_addz(&json, ",\"todo\":");
            buf_add_json(&json, todo);
        }
        buf_addz(&json, "}}\n");
        answer_json(r, status, &json);
        return;
    }
    if (!r->locale)
        request_choose_locale(r);
    struct view *view = view_create(request_arena(r));
    struct str heading = locale_message(r->locale, title);
    view_str(view, "heading", heading);
    view_str(view, "what", what);
    view_str(view, "kept", kept);
    view_str(view, "todo", todo);
    view_bool(view, "noindex", true);
    view_bool(view, "missing", status == 404 || status == 410);
    answer_page(r, status, &template_error, view, heading);
}

static struct str translated(struct request *r, const char *text)
{
    return text && *text ? locale_message(r->locale, text) : (struct str){NULL, 0};
}

void answer_problem(struct request *r, int status, const char *what, const char *todo)
{
    answer_story(r, status, translated(r, what), (struct str){NULL, 0}, translated(r, todo));
}

void add_wait(struct request *r, int64_t seconds, struct buf *out)
{
    if (seconds < 120)
        locale_add_plural(r->locale, MP("Wait one second and try again.", "Wait %{n} seconds and try again."),
            seconds, out);
    else
        locale_add_plural(r->locale, MP("Wait one minute and try again.", "Wait %{n} minutes and try again."),
            (seconds + 59) / 60, out);
}

void answer_wait(struct request *r, int64_t seconds)
{
    struct buf todo _cleanup_buf_ = BUF_INIT;
    atomic_fetch_add(&r->web->metrics.refused_limit, 1);
    answer_header(r, "Retry-After", arena_printf(request_arena(r), "%lld", (long long)seconds));
    add_wait(r, seconds, &todo);
    answer_story(r, 429, locale_message(r->locale, M("That was too often from here in a short time.")),
        (struct str){NULL, 0}, arena_str(request_arena(r), buf_str(&todo)));
}

/* The keeper's limits say in English how long to wait; the page says it in the reader's language. */
int64_t wait_of(const struct err *err)
{
    long long seconds = 0;
    return err->code == ERR_LIMIT && sscanf(err->todo, "wait %lld seconds", &seconds) == 1 && seconds > 0
               ? seconds
               : 0;
}

void answer_starting(struct request *r)
{
    r->starting = true;
    answer_header(r, "Retry-After", STR("5"));
    answer_problem(r, 503, M("This node has just started and is still reading what it has."),
        M("Load this page again in a few seconds."));
}

static int status_of(int code)
{
    switch (code) {
    case ERR_INPUT:
        return 400;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_GONE:
        return 410;
    case ERR_EXISTS:
        return 409;
    case ERR_DENIED:
        return 403;
    case ERR_LIMIT:
        return 413;
    case ERR_BUSY:
    case ERR_CLOSED:
    case ERR_FULL:
        return 503;
    default:
        return 500;
    }
}

void answer_error(struct request *r, const struct err *err)
{
    int status = status_of(err->code);
    if (wait_of(err)) {
        answer_wait(r, wait_of(err));
        return;
    }
    if (status < 500) {
        answer_story(r, status, translated(r, err->what), translated(r, err->kept), translated(r, err->todo));
        return;
    }
    char line[800], quoted[900];
    log_event(LOG_LEVEL_WARN, "web", "failed", "path=%s error=%s", r->route ? r->route->path : "-",
        log_quote(err_line(err, line, sizeof line), quoted, sizeof quoted));
    if (err->code == ERR_FULL)
        answer_story(r, 503, translated(r, M("The disk of this node is full, so nothing new can be kept.")),
            translated(r, err->kept), translated(r, M("Whoever runs the node must make room.")));
    else if (status == 503)
        answer_story(r, 503, translated(r, M("This node has too much to do just now.")),
            translated(r, err->kept), translated(r, M("Try again in a few seconds.")));
    else
        answer_story(r, 500, translated(r, M("This node failed at something that is not your fault.")),
            translated(r, err->kept),
            translated(
                r, M("Try again; if it stays so, whoever runs the node finds the reason in its log.")));
}
