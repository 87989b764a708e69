/* template.c: views (names and values in an arena) and running a compiled template over one. What it is not:
 * the templates' language, which tools/gen-templates reads at build time. */
#include "web/template.h"

#include "base/time.h"
#include "web/locale.h"
#include "web/template_ops.h"

enum view_type { VIEW_STR, VIEW_INT, VIEW_BOOL, VIEW_TIME, VIEW_HTML, VIEW_MAP, VIEW_LIST };

struct view_value {
    const char *name;
    uint32_t hash;
    enum view_type type;
    enum date_style style; /* of VIEW_TIME */
    struct str s;          /* STR, HTML */
    int64_t n;             /* INT, BOOL, TIME; for AGO the time now */
    int64_t now;           /* of VIEW_TIME: 0, or the time from which it is told as "3 hours ago" */
    struct view *map;      /* MAP; LIST: the first item, the others by next */
    struct view *last;     /* LIST */
    struct view_value *next;
};

struct view {
    struct arena *arena;
    struct view_value *values;
    struct view *next; /* the next item of the list this one is in */
};

struct view *view_create(struct arena *arena)
{
    struct view *v = ARENA_NEW(arena, struct view);
    if (v)
        v->arena = arena;
    return v;
}

static struct view_value *find(const struct view *v, const char *name, uint32_t hash)
{
    for (struct view_value *value = v ? v->values : NULL; value; value = value->next)
        if (value->hash == hash && !strcmp(value->name, name))
            return value;
    return NULL;
}

/* The value of that name, made empty. NULL only over the arena's cap, where the page goes without it. */
static struct view_value *set(struct view *v, const char *name, enum view_type type)
{
    if (!v)
        return NULL;
    uint32_t hash = template_hash(name);
    struct view_value *value = find(v, name, hash), *next = NULL;
    if (value) {
        next = value->next;
    } else {
        value = ARENA_NEW(v->arena, struct view_value);
        if (!value)
            return NULL;
        next = v->values;
        v->values = value;
    }
    *value = (struct view_value){.name = name, .hash = hash, .type = type, .next = next};
    return value;
}

void view_str(struct view *v, const char *name, struct str s)
{
    struct view_value *value = set(v, name, VIEW_STR);
    if (value)
        value->s = s;
}

void view_int(struct view *v, const char *name, int64_t n)
{
    struct view_value *value = set(v, name, VIEW_INT);
    if (value)
        value->n = n;
}

void view_bool(struct view *v, const char *name, bool b)
{
    struct view_value *value = set(v, name, VIEW_BOOL);
    if (value)
        value->n = b;
}

void view_time(struct view *v, const char *name, int64_t unix_seconds)
{
    view_date(v, name, unix_seconds, DATE_LONG);
}

void view_date(struct view *v, const char *name, int64_t unix_seconds, enum date_style style)
{
    struct view_value *value = set(v, name, VIEW_TIME);
    if (value) {
        value->n = unix_seconds;
        value->style = style;
    }
}

void view_ago(struct view *v, const char *name, int64_t unix_seconds, int64_t now)
{
    struct view_value *value = set(v, name, VIEW_TIME);
    if (value) {
        value->n = unix_seconds;
        value->now = now;
    }
}

void view_html(struct view *v, const char *name, struct str safe_html)
{
    struct view_value *value = set(v, name, VIEW_HTML);
    if (value)
        value->s = safe_html;
}

struct view *view_map(struct view *v, const char *name)
{
    struct view *map = v ? view_create(v->arena) : NULL;
    view_link(v, name, map);
    return map;
}

struct view *view_item(struct view *v, const char *list_name)
{
    if (!v)
        return NULL;
    struct view_value *list = find(v, list_name, template_hash(list_name));
    if (!list || list->type != VIEW_LIST)
        list = set(v, list_name, VIEW_LIST);
    struct view *item = list ? view_create(v->arena) : NULL;
    if (!item)
        return NULL;
    if (list->last)
        list->last->next = item;
    else
        list->map = item;
    list->last = item;
    return item;
}

void view_link(struct view *v, const char *name, struct view *other)
{
    struct view_value *value = other ? set(v, name, VIEW_MAP) : NULL;
    if (value)
        value->map = other;
}

/* ---- rendering */

#define MAX_SCOPES 32 /* sections and includes inside each other; what is deeper prints nothing */
struct render {
    const struct view *scopes[MAX_SCOPES];
    unsigned depth; /* scopes in use */
    unsigned includes;
    const struct locale *locale;
    struct buf *out;
};

static const struct view_value *look_up(const struct render *r, const struct template_path *path)
{
    const struct view_value *value = NULL;
    for (unsigned i = r->depth; i-- > 0 && !value;)
        value = find(r->scopes[i], path->names[0].name, path->names[0].hash);
    for (unsigned i = 1; i < path->n && value; i++)
        value = value->type == VIEW_MAP ? find(value->map, path->names[i].name, path->names[i].hash) : NULL;
    return value;
}

static bool is_true(const struct view_value *value)
{
    if (!value)
        return false;
    switch (value->type) {
    case VIEW_STR:
    case VIEW_HTML:
        return value->s.n > 0;
    case VIEW_INT:
    case VIEW_BOOL:
    case VIEW_TIME:
        return value->n != 0;
    case VIEW_MAP:
    case VIEW_LIST:
        return value->map != NULL;
    }
    return false;
}

static void add_time_text(const struct render *r, const struct view_value *value, struct buf *out)
{
    if (value->now)
        locale_add_ago(r->locale, value->n, value->now, out);
    else
        locale_add_date(r->locale, value->n, value->style, out);
}

static void print_time(const struct render *r, const struct view_value *value, enum template_context context)
{
    if (!value->n)
        return;
    char exact[32];
    time_rfc3339(value->n, exact, sizeof exact);
    if (context == CONTEXT_DATETIME) {
        buf_addz(r->out, exact);
        return;
    }
    struct buf text _cleanup_buf_ = BUF_INIT;
    add_time_text(r, value, &text);
    if (context == CONTEXT_TEXT)
        buf_addf(r->out, "<time datetime=\"%s\">", exact);
    template_escape(context, buf_str(&text), r->out);
    if (context == CONTEXT_TEXT)
        buf_addz(r->out, "</time>");
}

static void print_value(const struct render *r, const struct view_value *value, enum template_context context)
{
    if (!value)
        return;
    switch (value->type) {
    case VIEW_STR:
        template_escape(context, value->s, r->out);
        break;
    case VIEW_INT: /* numbers in attributes are read by machines */
        if (context == CONTEXT_TEXT || context == CONTEXT_PLAIN_TEXT)
            locale_add_int(r->locale, value->n, r->out);
        else
            buf_addf(r->out, "%lld", (long long)value->n);
        break;
    case VIEW_TIME:
        print_time(r, value, context);
        break;
    case VIEW_BOOL:
    case VIEW_HTML:
    case VIEW_MAP:
    case VIEW_LIST:
        break;
    }
}

/* In a message numbers and times are words for people, wherever it stands. */
static void print_binding(
    const struct render *r, const struct view_value *value, enum template_context context)
{
    if (value && (value->type == VIEW_INT || value->type == VIEW_TIME)) {
        struct buf text _cleanup_buf_ = BUF_INIT;
        if (value->type == VIEW_INT)
            locale_add_int(r->locale, value->n, &text);
        else if (value->n)
            add_time_text(r, value, &text);
        template_escape(context, buf_str(&text), r->out);
    } else {
        print_value(r, value, context);
    }
}

static void print_message(
    const struct render *r, const struct template_message *m, enum template_context context)
{
    struct str text;
    if (m->many) {
        const struct view_value *count = NULL;
        for (unsigned i = 0; i < m->binding_count; i++)
            if (!strcmp(m->bindings[i].name, "n"))
                count = look_up(r, m->bindings[i].path);
        text = locale_plural(r->locale, m->one, m->many, count && count->type == VIEW_INT ? count->n : 0);
    } else {
        text = locale_message(r->locale, m->one);
    }
    size_t at = 0;
    while (at < text.n) {
        size_t begin = str_find(str_slice(text, at, text.n), STR("%{"));
        if (begin == SIZE_MAX)
            break;
        begin += at;
        size_t length = str_find_char(str_slice(text, begin, text.n), '}');
        if (length == SIZE_MAX)
            break;
        template_escape(context, str_slice(text, at, begin), r->out);
        struct str name = str_slice(text, begin + 2, begin + length);
        for (unsigned i = 0; i < m->binding_count; i++)
            if (str_eqz(name, m->bindings[i].name))
                print_binding(r, look_up(r, m->bindings[i].path), context);
        at = begin + length + 1;
    }
    template_escape(context, str_slice(text, at, text.n), r->out);
}

static void run(struct render *r, const struct template_op *ops)
{
    struct {
        const struct template_op *begin;
        const struct view *item; /* of a list, or NULL */
        bool scope;              /* a scope was opened */
    } sections[MAX_SCOPES];
    unsigned open = 0;
    for (const struct template_op *op = ops; op->code != TEMPLATE_END; op++) {
        switch ((enum template_code)op->code) {
        case TEMPLATE_END:
            return;
        case TEMPLATE_LITERAL:
            buf_add(r->out, op->p, op->length);
            break;
        case TEMPLATE_VALUE:
            print_value(r, look_up(r, op->p), op->context);
            break;
        case TEMPLATE_RAW: {
            const struct view_value *value = look_up(r, op->p);
            if (value && value->type == VIEW_HTML)
                buf_adds(r->out, value->s);
            break;
        }
        case TEMPLATE_SECTION:
        case TEMPLATE_UNLESS: {
            const struct view_value *value = look_up(r, op->p);
            if (is_true(value) != (op->code == TEMPLATE_SECTION) || open == MAX_SCOPES ||
                r->depth == MAX_SCOPES) {
                op = ops + op->jump;
                break;
            }
            bool scope = op->code == TEMPLATE_SECTION &&
                         (value->type == VIEW_MAP || value->type == VIEW_LIST);
            sections[open].begin = op;
            sections[open].scope = scope;
            sections[open].item = scope && value->type == VIEW_LIST ? value->map : NULL;
            open++;
            if (scope)
                r->scopes[r->depth++] = value->map;
            break;
        }
        case TEMPLATE_CLOSE:
            if (sections[open - 1].item && sections[open - 1].item->next) {
                sections[open - 1].item = sections[open - 1].item->next;
                r->scopes[r->depth - 1] = sections[open - 1].item;
                op = sections[open - 1].begin;
                break;
            }
            open--;
            if (sections[open].scope)
                r->depth--;
            break;
        case TEMPLATE_INCLUDE:
            if (r->includes < MAX_SCOPES) {
                r->includes++;
                run(r, ((const struct template *)op->p)->ops);
                r->includes--;
            }
            break;
        case TEMPLATE_MESSAGE:
            print_message(r, op->p, op->context);
            break;
        }
    }
}

void template_render(
    const struct template *t, const struct view *v, const struct locale *locale, struct buf *out)
{
    struct render r = {.scopes = {v}, .depth = 1, .locale = locale, .out = out};
    run(&r, t->ops);
}
