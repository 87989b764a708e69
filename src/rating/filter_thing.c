/* filter_thing.c: a filter as a record of kind 34701: written, read, and found by any of its names. */
#include "base/hex.h"
#include "base/utf8.h"
#include "rating.sql.h"
#include "rating/recipe.h"

#include <stdlib.h>

enum { max_name = 100, max_about = 1000, max_language = 35 };
#define LANGUAGE_LABEL "ISO-639-1"
#define LANGUAGE_LABEL_LONG "widenet.language"

static int check_text(struct str text, size_t max, const char *field, struct err *err)
{
    if (text.n > max)
        return err_set(err, ERR_LIMIT, "filter: its %s is longer than %zu bytes", field, max);
    if (!utf8_valid(text) || (text.n && memchr(text.p, 0, text.n)))
        return err_set(err, ERR_INPUT, "filter: its %s is no text", field);
    return 0;
}

int filter_write(const struct filter_thing *f, int64_t now, struct record_draft *out, struct err *err)
{
    int status = 0;
    if (!f->d.n || !str_trim(f->name).n)
        return err_set(err, ERR_INPUT, "filter: it needs a %s", f->d.n ? "name" : "short name (d)");
    if ((status = check_text(f->d, RECORD_MAX_D_BYTES, "short name (d)", err)) ||
        (status = check_text(f->name, max_name, "name", err)) ||
        (status = check_text(f->about, max_about, "description", err)) ||
        (status = check_text(f->language, max_language, "language", err)))
        return status;
    record_draft_init(out, out->arena, KIND_FILTER, now);
    struct str d[] = {STR("d"), f->d}, name[] = {STR("name"), str_trim(f->name)},
               about[] = {STR("about"), f->about};
    record_draft_tag_strs(out, d, 2);
    record_draft_tag_strs(out, name, 2);
    if (f->about.n)
        record_draft_tag_strs(out, about, 2);
    if (f->copied_from.kind == KIND_FILTER) {
        _cleanup_buf_ struct buf origin = BUF_INIT;
        address_format(&f->copied_from, &origin);
        struct str fork[] = {STR("a"), buf_str(&origin), STR(""), STR("fork")};
        record_draft_tag_strs(out, fork, 4);
    }
    if (f->language.n)
        record_draft_label(out, f->language.n == 2 ? LANGUAGE_LABEL : LANGUAGE_LABEL_LONG, f->language);
    _cleanup_buf_ struct buf json = BUF_INIT;
    recipe_format(&f->recipe, &json);
    record_draft_content(out, buf_str(&json));
    /* What we would not read ourselves is not written. */
    struct arena *scratch _cleanup_arena_ = arena_create(4 << 20);
    struct recipe again;
    if ((status = recipe_parse(scratch, buf_str(&json), &again, err)))
        return status;
    return out->failed ? err_set(err, ERR_MEMORY, "the filter does not fit in memory") : 0;
}

static struct str text_tag(struct arena *arena, const struct record *r, const char *name, size_t max)
{
    struct str s = record_tag_value(r, name);
    return arena_str(arena, utf8_cut(s.p ? s : STR(""), max));
}

int filter_read(struct arena *arena, const struct record *r, struct filter_thing *out, struct err *err)
{
    *out = (struct filter_thing){.created_at = r->created_at, .id = r->id};
    struct str d = record_d(r);
    if (r->kind != KIND_FILTER || !d.n)
        return err_set(
            err, ERR_INPUT, r->kind != KIND_FILTER ? "this record is no filter" : "the filter has no d");
    int status = recipe_parse(arena, r->content, &out->recipe, err);
    if (status)
        return status;
    out->d = arena_str(arena, d);
    out->name = text_tag(arena, r, "name", max_name);
    if (!out->name.n)
        out->name = arena_str(arena, utf8_cut(d, max_name));
    out->about = text_tag(arena, r, "about", max_about);
    struct str language = record_label(r, LANGUAGE_LABEL);
    if (!language.n)
        language = record_label(r, LANGUAGE_LABEL_LONG);
    out->language = arena_str(arena, utf8_cut(language.p ? language : STR(""), max_language));
    out->address = (struct address){KIND_FILTER, r->pubkey, out->d};
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        struct address from;
        if (t->n < 4 || !str_eqz(t->v[0], "a") || !str_eqz(t->v[3], "fork") ||
            !address_parse(t->v[1], &from) || from.kind != KIND_FILTER)
            continue;
        from.d = arena_str(arena, from.d);
        out->copied_from = from;
        break;
    }
    return 0;
}

static int find_ready_made(struct arena *arena, struct str name, struct filter_thing *out, struct err *err)
{
    const struct recipe *r = recipe_ready_made(name);
    if (!r)
        return ERR_NOT_FOUND;
    *out = (struct filter_thing){.recipe = *r, .ready_made = true};
    out->d = out->name = arena_str(arena, name);
    out->about = out->language = STR("");
    return out->d.p ? 0 : err_set(err, ERR_MEMORY, "the filter does not fit in memory");
}

static int find_address(struct store_read *read, struct arena *arena, const struct address *a,
    struct filter_thing *out, struct err *err)
{
    struct store_found found;
    int status = store_get_address(read, arena, a, &found, err);
    return status ? status : filter_read(arena, &found.record, out, err);
}

static int compare_filters(const void *a, const void *b)
{
    const struct filter_thing *x = a, *y = b;
    if (x->created_at != y->created_at)
        return x->created_at > y->created_at ? -1 : 1;
    int order = memcmp(&x->address.pubkey, &y->address.pubkey, sizeof x->address.pubkey);
    return order ? order : str_cmp(x->d, y->d);
}

int filter_list(struct store_read *read, struct arena *arena, const struct pubkey *author, size_t max,
    struct filter_thing **out, size_t *n, struct err *err)
{
    struct sql *db = store_read_sql(read);
    *n = 0;
    int64_t actor = author ? store_actor(db, author, err) : 0;
    if (!(*out = ARENA_ARRAY(arena, struct filter_thing, max + 1)))
        return err_set(err, ERR_MEMORY, "the filters do not fit in memory");
    if (author && actor <= 0)
        return (int)actor;
    struct sql_cursor *c = sql_open(db, author ? &rating_filters_of : &rating_filters_all);
    if (author)
        sql_int(c, 1, actor);
    sql_int(c, author ? 2 : 1, (int64_t)max);
    int step, status = 0;
    while (!status && *n < max && (step = sql_step(c, err)) == 1) {
        struct store_found found;
        struct err why;
        status = store_get_seq(read, arena, (uint64_t)sql_col_int(c, 0), &found, err);
        if (!status && !filter_read(arena, &found.record, &(*out)[*n], &why))
            ++*n;
    }
    int closed = sql_close(c, err);
    if (!status && !author)
        qsort(*out, *n, sizeof **out, compare_filters);
    return status ? status : step < 0 ? step : closed;
}

int filter_find(struct store_read *read, struct arena *arena, struct str name, const struct pubkey *who,
    struct filter_thing *out, struct err *err)
{
    struct address address;
    int status = find_ready_made(arena, name, out, err);
    if (status != ERR_NOT_FOUND)
        return status;
    if (address_parse(name, &address) && address.kind == KIND_FILTER)
        return find_address(read, arena, &address, out, err);
    if (str_starts(name, STR("naddr1")) || str_starts(name, STR("nostr:naddr1"))) {
        struct nip19 decoded;
        if ((status = nip19_decode(arena, name, &decoded, err)))
            return status;
        if (decoded.type != NIP19_NADDR || decoded.kind != KIND_FILTER)
            return err_set(err, ERR_INPUT, "this address is of something else than a filter");
        address = (struct address){KIND_FILTER, decoded.pubkey, decoded.d};
        return find_address(read, arena, &address, out, err);
    }
    if (who && name.n && name.n <= RECORD_MAX_D_BYTES && utf8_valid(name)) {
        address = (struct address){KIND_FILTER, *who, name};
        status = find_address(read, arena, &address, out, err);
        if (status != ERR_NOT_FOUND)
            return status;
    }
    const char *near = "everything";
    unsigned least = UINT32_MAX;
    for (const char *const *n = recipe_ready_made_names(); *n; n++)
        if (str_distance(name, str_of(*n)) < least) {
            least = str_distance(name, str_of(*n));
            near = *n;
        }
    struct str shown = utf8_cut(name, 60);
    err_set(err, ERR_NOT_FOUND, "there is no filter \"%.*s\"", STR_ARG(shown));
    err_todo(err, "the nearest ready-made one is \"%s\"", near);
    return ERR_NOT_FOUND;
}
