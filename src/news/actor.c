/* actor.c: profiles (kind 0) and sorts of actors (kind 34705), read, written and looked up. */
#include "news.sql.h"
#include "news/private.h"

#include "base/utf8.h"

#include <jansson.h>
#include <unicase.h>
#include <uninorm.h>

struct str news__fold(struct arena *arena, struct str text)
{
    text = str_trim(text);
    size_t n = 0;
    uint8_t *folded = u8_casefold((const uint8_t *)text.p, text.n, NULL, UNINORM_NFKC, NULL, &n);
    struct str out = folded && n ? arena_str(arena, (struct str){(char *)folded, n}) : STR("");
    cleanup_free_(&folded);
    return out;
}

struct str news__primary_language(struct arena *arena, struct str tag)
{
    size_t n = str_find_char(tag, '-');
    char primary[9];
    n = n == SIZE_MAX ? tag.n : n;
    if (n == 0 || n >= sizeof primary)
        return STR("");
    for (size_t i = 0; i < n; i++)
        primary[i] = tag.p[i] >= 'A' && tag.p[i] <= 'Z' ? (char)(tag.p[i] | 0x20) : tag.p[i];
    return arena_str(arena, (struct str){primary, n});
}

/* A text of the object without control characters, at most max bytes. */
static struct str field(struct arena *arena, const json_t *object, const char *name, size_t max)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value))
        return STR("");
    struct str text = {json_string_value(value), json_string_length(value)};
    _cleanup_buf_ struct buf clean = BUF_INIT;
    text = str_trim(text.n > max ? utf8_cut(text, max) : text);
    for (size_t i = 0; i < text.n; i++)
        buf_addc(&clean, (unsigned char)text.p[i] < ' ' && text.p[i] != '\n' ? ' ' : text.p[i]);
    return arena_str(arena, buf_str(&clean));
}

void news__profile_read(struct arena *arena, struct str json, struct profile *out)
{
    enum { max_name = 100, max_about = 5000, max_url = 2000 };
    *out = (struct profile){0};
    json_t *object = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    out->name = field(arena, object, "name", max_name);
    out->display_name = field(arena, object, "display_name", max_name);
    out->about = field(arena, object, "about", max_about);
    out->website = field(arena, object, "website", max_url);
    out->picture = field(arena, object, "picture", max_url);
    out->sort = STR("");
    json_decref(object);
}

int news_profile(struct store_read *read, struct arena *arena, const struct pubkey *key, struct profile *out,
    struct err *err)
{
    *out = (struct profile){.key = *key,
        .name = STR(""),
        .display_name = STR(""),
        .about = STR(""),
        .website = STR(""),
        .picture = STR(""),
        .sort = STR("")};
    struct sql *db = store_read_sql(read);
    int64_t actor = store_actor(db, key, err);
    if (actor <= 0)
        return actor < 0 ? (int)actor : 0;
    struct sql_cursor *c = sql_open(db, &news_profile_of);
    sql_int(c, 1, actor);
    int step = sql_step(c, err);
    if (step == 1) {
        out->name = arena_str(arena, sql_col_text(c, 0));
        out->display_name = arena_str(arena, sql_col_text(c, 1));
        out->about = arena_str(arena, sql_col_text(c, 2));
        out->website = arena_str(arena, sql_col_text(c, 3));
        out->picture = arena_str(arena, sql_col_text(c, 4));
        out->sort = arena_str(arena, sql_col_text(c, 5));
        out->article_count = sql_col_int(c, 6);
    }
    int status = sql_close(c, err);
    return step < 0 ? step : status;
}

int news_authors(struct store_read *read, struct arena *arena, size_t limit, struct profile **out, size_t *n,
    struct err *err)
{
    enum { most = 500 };
    limit = limit < most ? limit : most;
    *n = 0;
    *out = ARENA_ARRAY(arena, struct profile, limit);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the list of authors does not fit");
    struct sql *db = store_read_sql(read);
    struct sql_cursor *c = sql_open(db, &news_authors_by_count);
    sql_int(c, 1, (int64_t)limit);
    int step;
    while (*n < limit && (step = sql_step(c, err)) == 1) {
        struct profile *p = &(*out)[*n];
        *p = (struct profile){.about = STR(""), .website = STR(""), .picture = STR("")};
        if (!store_actor_key(db, sql_col_int(c, 0), &p->key))
            continue;
        p->article_count = sql_col_int(c, 1);
        p->name = arena_str(arena, sql_col_text(c, 2));
        p->display_name = arena_str(arena, sql_col_text(c, 3));
        p->sort = arena_str(arena, sql_col_text(c, 4));
        ++*n;
    }
    return sql_close(c, err);
}

size_t news_keys_by_name(struct store_read *read, struct str name, struct pubkey *out, size_t max)
{
    _cleanup_arena_ struct arena *arena = arena_create(0);
    struct sql *db = store_read_sql(read);
    struct str folded = news__fold(arena, name);
    if (!folded.n || !max)
        return 0;
    struct sql_cursor *c = sql_open(db, &news_actors_by_name);
    sql_text(c, 1, folded);
    sql_int(c, 2, (int64_t)max);
    size_t n = 0;
    while (n < max && sql_step(c, NULL) == 1)
        n += store_actor_key(db, sql_col_int(c, 0), &out[n]);
    sql_close(c, NULL);
    return n;
}

static void add_field(struct buf *json, const char *name, struct str value)
{
    if (!value.n)
        return;
    buf_addz(json, json->n > 1 ? ",\"" : "\"");
    buf_addz(json, name);
    buf_addz(json, "\":");
    buf_add_json(json, value);
}

void news_profile_write(
    struct str name, struct str about, struct str website, int64_t now, struct record_draft *out)
{
    record_draft_init(out, out->arena, KIND_PROFILE, now);
    _cleanup_buf_ struct buf json = BUF_INIT;
    buf_addc(&json, '{');
    add_field(&json, "name", str_trim(name));
    add_field(&json, "about", str_trim(about));
    add_field(&json, "website", str_trim(website));
    buf_addc(&json, '}');
    record_draft_content(out, buf_str(&json));
}

void news_actor_write(const char *sort, int64_t now, struct record_draft *out)
{
    record_draft_init(out, out->arena, KIND_ACTOR, now);
    record_draft_tag(out, "d", "", NULL);
    record_draft_tag(out, "actor", sort, NULL);
}
