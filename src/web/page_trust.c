/* page_trust.c: whom a reader trusts and how much: the list, and for any rater the weight they have for this
 * reader and the ways by which it comes. */
#include "templates.gen.h"
#include "web/pages.h"
#include "web/rate.h"
#include "web/static.h"

#define SHOWN 200
#define MOST_PATHS 12
#define MOST_NAMESAKES 20

/* ---- the list */

static void entry_view(struct request *r, struct view *v, const struct trust_entry *e)
{
    struct arena *arena = request_arena(r);
    struct reader_trust none = {0};
    struct str npub = web__npub(arena, &e->key);
    struct str petname = web__line(arena, e->petname, 64);
    view_str(v, "person", petname.n ? petname : web__rater_name(r, &none, &e->key));
    view_str(v, "known_as", petname.n ? web__rater_name(r, &none, &e->key) : (struct str){"", 0});
    view_str(v, "petname", petname);
    view_str(v, "npub", npub);
    view_str(v, "person_link", web__author_link(arena, &e->key, ""));
    view_str(v, "of_link", arena_printf(arena, "/trust/of/%.*s", STR_ARG(npub)));
    view_str(v, "weight", web__weight_text(r, e->weight));
    web__trust_words_view(r, v, e->weight);
}

static void answer_trust_page(struct request *r, const struct err *problem)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct reader_trust t;
    uint64_t from = 0;
    if (web__trust_load(r, &t, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    if (!str_to_u64(request_query(r, "from"), TRUST_MOST, &from))
        from = 0;
    struct view *v = view_create(arena);
    size_t full = (size_t)(t.weights.own_sum >> 32);
    view_bool(v, "has_entries", t.n > 0);
    view_int(v, "people", (int64_t)t.n);
    view_int(v, "reach", (int64_t)(t.weights.n > t.n ? t.weights.n - t.n : 0));
    view_bool(v, "few", full < 4);
    view_str(v, "sum", web__weight_text(r, t.weights.own_sum));
    view_bool(v, "is_public", t.n && !t.is_private);
    for (size_t i = from; i < t.n && i < from + SHOWN; i++)
        entry_view(r, view_item(v, "entries"), &t.own[i]);
    if (from + SHOWN < t.n)
        view_str(v, "older", arena_printf(arena, "/trust?from=%llu", (unsigned long long)from + SHOWN));
    view_str(v, "who", problem ? web__line(arena, request_form(r, "who"), 200) : request_query(r, "who"));
    view_str(v, "json", STR("/trust.json"));
    view_str(v, "script", str_of(static_address("trust.js")));
    view_bool(v, "at_trust", true);
    view_bool(v, "noindex", true);
    if (problem) {
        view_str(v, "problem", locale_message(request_locale(r), problem->what));
        view_str(v, "todo", locale_message(request_locale(r), problem->todo));
    }
    answer_page(
        r, problem ? 422 : 200, &template_trust, v, locale_message(request_locale(r), M("Whom you trust")));
}

static void trust_page(struct request *r)
{
    answer_trust_page(r, NULL);
}

static void trust_json(struct request *r)
{
    struct err err;
    struct reader_trust t;
    if (web__trust_load(r, &t, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addf(&out, "{\"private\":%s,\"items\":[", t.is_private ? "true" : "false");
    for (size_t i = 0; i < t.n; i++) {
        buf_addz(&out, i ? ",{" : "{");
        web__json_str(&out, "npub", web__npub(request_arena(r), &t.own[i].key));
        web__json_str(&out, "petname", t.own[i].petname);
        buf_addz(&out, ",\"weight\":");
        weight_format(t.own[i].weight, &out);
        buf_addc(&out, '}');
    }
    buf_addz(&out, "]}\n");
    answer_json(r, 200, &out);
}

/* ---- changing it */

static bool is_me(struct request *r, const struct pubkey *key)
{
    return pubkey_eq(key, &request_account(r)->key);
}

/* Several have the name: each with a link, and nothing is done yet. */
static void answer_namesakes(struct request *r, const struct pubkey *keys, size_t n)
{
    struct arena *arena = request_arena(r);
    struct reader_trust none = {0};
    struct view *v = view_create(arena);
    for (size_t i = 0; i < n; i++) {
        struct view *item = view_item(v, "names");
        struct str npub = web__npub(arena, &keys[i]);
        view_str(item, "name", web__rater_name(r, &none, &keys[i]));
        view_str(item, "npub", npub);
        view_str(item, "link", arena_printf(arena, "/trust/of/%.*s", STR_ARG(npub)));
        view_str(item, "person_link", web__author_link(arena, &keys[i], ""));
    }
    view_bool(v, "noindex", true);
    answer_page(r, 300, &template_namesakes, v,
        locale_message(request_locale(r), M("Several people have that name")));
}

static void change(struct request *r, const struct trust_entry *entry)
{
    struct err err;
    struct reader_trust t;
    size_t n;
    if (web__trust_load(r, &t, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    struct trust_entry *entries = web__trust_changed(r, &t, entry, &n);
    if (!entries) {
        err_set(&err, ERR_MEMORY, M("The list did not fit into a page's memory."));
        answer_error(r, &err);
        return;
    }
    if (!web__trust_keep(r, entries, n))
        return;
    answer_notice(r, entry->weight
                         ? M("Your list is kept on this node. Nobody else sees it, except whoever runs it.")
                         : M("Taken off your list."));
    struct str after = request_form(r, "after");
    answer_redirect(
        r, str_starts(after, STR("/trust")) || str_starts(after, STR("/by/")) ? after : STR("/trust"));
}

static void trust_sent(struct request *r)
{
    struct err err;
    struct pubkey keys[MOST_NAMESAKES];
    struct trust_entry entry = {0};
    size_t n = web__trust_find_person(r, request_form(r, "who"), keys, MOST_NAMESAKES, &err);
    if (n > 1) {
        answer_namesakes(r, keys, n);
        return;
    }
    if (n == 0) {
        answer_trust_page(r, &err);
        return;
    }
    entry.key = keys[0];
    entry.petname = web__line(request_arena(r), request_form(r, "petname"), 60);
    bool remove = str_eqz(request_form(r, "do"), "remove");
    struct str kept = request_form(r, "w");
    struct reader_trust t;
    if (is_me(r, &entry.key)) {
        err_set(&err, ERR_INPUT, M("You need not be on your own list: your filter is yours already."));
        answer_trust_page(r, &err);
        return;
    }
    if (!remove && str_eqz(kept, "same") && web__trust_load(r, &t, &err) == 0 &&
        web__trust_entry(&t, &entry.key))
        entry.weight = web__trust_entry(&t, &entry.key)->weight;
    else if (!remove && !web__trust_weight_of_form(r, &entry.weight)) {
        err_set(&err, ERR_INPUT, M("Say how much: a little, much or fully."));
        answer_trust_page(r, &err);
        return;
    }
    change(r, &entry);
}

/* ---- one rater: weight and ways */

/* Rows from the reader at the top to the rater at the bottom; on each the people at that place of the ways.
 */
#define PICTURE_WIDTH 320
#define ROW_HEIGHT 74
#define BOX_HEIGHT 34
#define MOST_IN_ROW 3

struct ways {
    struct view *v;
    struct {
        struct pubkey key;
        int x, y;
    } box[5][MOST_IN_ROW];
    size_t in_row[5];
    unsigned rows;
};

static bool place(struct ways *p, unsigned row, const struct pubkey *key)
{
    for (size_t i = 0; i < p->in_row[row]; i++)
        if (pubkey_eq(&p->box[row][i].key, key))
            return true;
    if (p->in_row[row] == MOST_IN_ROW)
        return false;
    p->box[row][p->in_row[row]++].key = *key;
    return true;
}

static void line_view(
    struct ways *p, unsigned row, const struct pubkey *from, const struct pubkey *to, unsigned to_row)
{
    for (size_t i = 0; i < p->in_row[row]; i++)
        for (size_t k = 0; k < p->in_row[to_row]; k++)
            if (pubkey_eq(&p->box[row][i].key, from) && pubkey_eq(&p->box[to_row][k].key, to)) {
                struct view *line = view_item(p->v, "lines");
                view_int(line, "x1", p->box[row][i].x);
                view_int(line, "y1", p->box[row][i].y + BOX_HEIGHT);
                view_int(line, "x2", p->box[to_row][k].x);
                view_int(line, "y2", p->box[to_row][k].y);
            }
}

static void picture_view(struct request *r, struct view *v, const struct reader_trust *t,
    const struct pubkey *rater, const struct trust_path *paths, size_t n)
{
    struct ways p = {.v = v};
    const struct pubkey *me = &request_account(r)->key;
    bool drawn[MOST_PATHS] = {false};
    unsigned longest = 0;
    for (size_t i = 0; i < n; i++)
        longest = paths[i].length > longest ? paths[i].length : longest;
    if (!n || longest > 4)
        return;
    p.rows = longest + 1;
    place(&p, 0, me);
    place(&p, longest, rater);
    for (size_t i = 0; i < n && i < MOST_PATHS; i++) {
        struct ways before = p;
        drawn[i] = true;
        for (unsigned k = 0; k + 1 < paths[i].length && drawn[i]; k++)
            drawn[i] = place(&p, k + 1, &paths[i].keys[k]);
        if (!drawn[i])
            p = before; /* no room for this way: it stands in the list */
    }
    for (unsigned row = 0; row < p.rows; row++)
        for (size_t i = 0; i < p.in_row[row]; i++) {
            int width = PICTURE_WIDTH / (int)p.in_row[row];
            p.box[row][i].x = width / 2 + width * (int)i;
            p.box[row][i].y = 4 + (int)row * ROW_HEIGHT;
            struct view *box = view_item(v, "boxes");
            const struct pubkey *key = &p.box[row][i].key;
            int wide = (width < 150 ? width : 150) - 8;
            view_int(box, "left", p.box[row][i].x - wide / 2);
            view_int(box, "top", p.box[row][i].y);
            view_int(box, "wide", wide);
            view_int(box, "middle", p.box[row][i].x);
            view_int(box, "line", p.box[row][i].y + 22);
            view_bool(box, "end", row == 0 || row + 1 == p.rows);
            struct str name = row ? web__rater_name(r, t, key) : locale_message(request_locale(r), M("You"));
            view_str(box, "name", web__line(request_arena(r), name, (size_t)wide / 8));
        }
    for (size_t i = 0; i < n && i < MOST_PATHS; i++) {
        if (!drawn[i])
            continue;
        const struct pubkey *from = me;
        for (unsigned k = 0; k < paths[i].length; k++) {
            bool last = k + 1 == paths[i].length;
            line_view(&p, k, from, &paths[i].keys[k], last ? longest : k + 1);
            from = &paths[i].keys[k];
        }
    }
    view_bool(v, "has_picture", true);
    view_int(v, "picture_height", (int64_t)p.rows * ROW_HEIGHT - (ROW_HEIGHT - BOX_HEIGHT) + 8);
}

static void paths_view(
    struct request *r, struct view *v, const struct reader_trust *t, const struct trust_path *paths, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct view *path = view_item(v, "paths");
        struct buf names _cleanup_buf_ = BUF_INIT;
        for (unsigned k = 0; k + 1 < paths[i].length; k++) {
            struct str name = web__rater_name(r, t, &paths[i].keys[k]);
            buf_addf(&names, "%s\xe2\x81\xa8%.*s\xe2\x81\xa9", k ? " → " : "", STR_ARG(name));
        }
        view_str(path, "names", arena_str(request_arena(r), buf_str(&names)));
        view_bool(path, "directly", paths[i].length == 1);
        view_str(path, "weight", web__weight_text(r, paths[i].weight));
    }
    view_bool(v, "has_paths", n > 0);
}

static void of_page(struct request *r)
{
    struct err err;
    struct arena *arena = request_arena(r);
    struct pubkey key;
    struct reader_trust t;
    struct trust_path *paths = NULL;
    size_t n = 0;
    if (pubkey_from_text(request_param(r, "npub"), &key, &err) != 0) {
        err_set(&err, ERR_NOT_FOUND, M("This address names nobody's key."));
        answer_error(r, &err);
        return;
    }
    if (web__trust_load(r, &t, &err) != 0 ||
        (t.n && trust_paths(request_read(r), arena, &request_account(r)->key, t.own, t.n, 3, &key, MOST_PATHS,
                    &paths, &n, &err) != 0)) {
        answer_error(r, &err);
        return;
    }
    struct view *v = view_create(arena);
    const struct trusted *rater = web__trust_find(&t, &key);
    const struct trust_entry *own = web__trust_entry(&t, &key);
    struct trust_entry blank = {.key = key, .weight = TRUST_MUCH};
    struct str name = web__rater_name(r, &t, &key);
    entry_view(r, v, own ? own : &blank);
    view_str(v, "person", name);
    view_bool(v, "on_list", own != NULL);
    view_bool(v, "myself", is_me(r, &key));
    view_str(v, "weight", rater ? web__weight_text(r, rater->weight) : (struct str){"", 0});
    view_bool(v, "few", t.weights.own_sum < 4 * WEIGHT_ONE);
    view_str(v, "script", str_of(static_address("trust.js")));
    paths_view(r, v, &t, paths, n);
    picture_view(r, v, &t, &key, paths, n);
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_trust_of, v, name);
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_trust_routes[] = {
    {"GET", "/trust", trust_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0, "whom one trusts and how much"},
    {"GET", "/trust.json", trust_json, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0, "the same as JSON"},
    {"POST", "/trust", trust_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 0,
        "puts somebody on the list, changes or removes them"},
    {"GET", "/trust/of/{npub}", of_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "the weight a rater has for the reader, and the ways by which it comes"},
    {NULL},
};
