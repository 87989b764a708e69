/* projection.c: keeps the tables that lists are made of as records come and go.
 *
 * Everything follows from the changes alone: no clock, no order of arrival beyond what the log holds. An
 * article's short name belongs to the address that had it first; a second address with the same name (one in
 * 2^50, or made on purpose) is not listed. */
#include "news.sql.h"
#include "news/markdown.h"
#include "news/private.h"

#include "base/utf8.h"

#include <stdlib.h>

enum {
    version = 4, /* raise it when a table or what is written into it changes */
    max_title = 500,
    max_summary = 1000,
    max_field = 2000,
    excerpt = 280, /* bytes of the text that stand in for a missing summary */
    longest_topic = 100,
};

struct apply {
    struct arena *arena;
    struct sql *db;
    const struct store_change *change;
    struct err *err;
};

/* What a list shows of one revision. */
struct row {
    struct article article;
    char code[NEWS_CODE_CHARS + 1];
    int64_t actor;
    struct str summary, lang, topics, credits;
    int64_t published_at;
    uint32_t words;
};

/* Where an article stands now. */
struct place {
    bool there;
    int64_t seq, actor, date, published_at;
    struct str d, lang;
};

static struct str arena_copy(struct apply *a, struct str s)
{
    return arena_str(a->arena, s);
}

static int run(struct apply *a, struct sql_cursor *c)
{
    return sql_done(c, a->err);
}

static int find_place(struct apply *a, const char *code, struct place *out)
{
    *out = (struct place){0};
    struct sql_cursor *c = sql_open(a->db, &news_item_place);
    sql_text(c, 1, str_of(code));
    int step = sql_step(c, a->err);
    if (step == 1)
        *out = (struct place){.there = true,
            .seq = sql_col_int(c, 0),
            .actor = sql_col_int(c, 1),
            .d = arena_copy(a, sql_col_text(c, 2)),
            .lang = arena_copy(a, sql_col_text(c, 3)),
            .date = sql_col_int(c, 4),
            .published_at = sql_col_int(c, 5)};
    int status = sql_close(c, a->err);
    return step < 0 ? step : status;
}

static int revision_sums(struct apply *a, const char *code, int64_t *count, int64_t *first)
{
    struct sql_cursor *c = sql_open(a->db, &news_revision_sums);
    sql_text(c, 1, str_of(code));
    int step = sql_step(c, a->err);
    if (step == 1) {
        *count = sql_col_int(c, 0);
        *first = sql_col_int(c, 1);
    }
    int status = sql_close(c, a->err);
    return step < 0 ? step : status;
}

/* ---- counts */

static int count_topic(struct apply *a, struct str lang, struct str topic, int64_t n)
{
    struct sql_cursor *c = sql_open(a->db, &news_topic_count_add);
    sql_text(c, 1, lang);
    sql_text(c, 2, topic);
    sql_int(c, 3, n);
    int status = run(a, c);
    if (status || n > 0)
        return status;
    c = sql_open(a->db, &news_topic_count_clean);
    sql_text(c, 1, lang);
    sql_text(c, 2, topic);
    return run(a, c);
}

static int count_item(struct apply *a, int64_t actor, struct str lang, int64_t n)
{
    struct sql_cursor *c = sql_open(a->db, &news_language_count_add);
    sql_text(c, 1, lang);
    sql_int(c, 2, n);
    int status = run(a, c);
    if (status)
        return status;
    c = sql_open(a->db, &news_author_count_add);
    sql_int(c, 1, actor);
    sql_int(c, 2, n);
    status = run(a, c);
    if (status || n > 0)
        return status;
    c = sql_open(a->db, &news_language_count_clean);
    sql_text(c, 1, lang);
    status = run(a, c);
    if (status)
        return status;
    c = sql_open(a->db, &news_author_count_clean);
    sql_int(c, 1, actor);
    return run(a, c);
}

/* ---- an item goes */

static int remove_topics(struct apply *a, const struct place *place)
{
    _cleanup_buf_ struct buf topics = BUF_INIT;
    struct sql_cursor *c = sql_open(a->db, &news_topic_list);
    sql_int(c, 1, place->seq);
    int step;
    while ((step = sql_step(c, a->err)) == 1) {
        buf_adds(&topics, sql_col_text(c, 0));
        buf_addc(&topics, NEWS_SEPARATOR);
    }
    int status = sql_close(c, a->err);
    if (step < 0 || status)
        return step < 0 ? step : status;
    struct str rest = buf_str(&topics), topic;
    while (str_cut(&rest, NEWS_SEPARATOR, &topic)) {
        if (!topic.n)
            continue;
        if ((status = count_topic(a, place->lang, topic, -1)) ||
            (status = count_topic(a, STR("*"), topic, -1)))
            return status;
    }
    c = sql_open(a->db, &news_topic_remove);
    sql_int(c, 1, place->seq);
    return run(a, c);
}

static int remove_item(struct apply *a, const struct place *place)
{
    int status = remove_topics(a, place);
    if (status)
        return status;
    struct sql_cursor *c = sql_open(a->db, &news_item_remove);
    sql_int(c, 1, place->seq);
    status = run(a, c);
    return status ? status : count_item(a, place->actor, place->lang, -1);
}

/* ---- an item comes */

static struct str short_text(struct str text, size_t max)
{
    return text.n > max ? utf8_cut(text, max) : text;
}

/* The text's beginning, ended at a word, where the licence allows. */
static struct str make_excerpt(struct apply *a, const struct article *article)
{
    struct str plain;
    if (!article->whole ||
        markdown_plain(a->arena, utf8_cut(article->record->content, 4 * excerpt), &plain, NULL))
        return STR("");
    _cleanup_buf_ struct buf line = BUF_INIT;
    for (size_t i = 0; i < plain.n && line.n < 2 * excerpt; i++) {
        bool space = (unsigned char)plain.p[i] <= ' ';
        if (!space)
            buf_addc(&line, plain.p[i]);
        else if (line.n && line.p[line.n - 1] != ' ')
            buf_addc(&line, ' ');
    }
    struct str text = str_trim(buf_str(&line));
    if (text.n > excerpt) {
        text = utf8_cut(text, excerpt);
        size_t end = text.n;
        while (end > excerpt / 2 && text.p[end - 1] != ' ')
            end--;
        if (end > excerpt / 2)
            text.n = end - 1;
        return arena_printf(a->arena, "%.*s…", STR_ARG(text));
    }
    return arena_copy(a, text);
}

/* The topics as they are listed, each once, and as one column. */
static void join_topics(struct apply *a, struct row *row)
{
    struct article *article = &row->article;
    _cleanup_buf_ struct buf joined = BUF_INIT;
    size_t n = 0;
    for (size_t i = 0; i < article->topic_count; i++) {
        struct str topic = news__topic(a->arena, article->topics[i]);
        bool fits = topic.p && topic.n <= longest_topic && str_find_char(topic, NEWS_SEPARATOR) == SIZE_MAX &&
                    utf8_valid(topic) && !memchr(topic.p, 0, topic.n);
        for (size_t k = 0; fits && k < n; k++)
            fits = !str_eq(article->topics[k], topic);
        if (!fits)
            continue;
        article->topics[n++] = topic;
        buf_adds(&joined, topic);
        buf_addc(&joined, NEWS_SEPARATOR);
    }
    article->topic_count = n;
    row->topics = arena_copy(a, buf_str(&joined));
}

static void add_part(struct buf *out, struct str part)
{
    part = short_text(part, max_title);
    for (size_t i = 0; i < part.n; i++)
        if ((unsigned char)part.p[i] > NEWS_SEPARATOR)
            buf_addc(out, part.p[i]);
    buf_addc(out, NEWS_SEPARATOR);
}

static void join_credits(struct apply *a, struct row *row)
{
    _cleanup_buf_ struct buf joined = BUF_INIT;
    for (size_t i = 0; i < row->article.credit_count; i++) {
        add_part(&joined, row->article.credits[i].name);
        add_part(&joined, row->article.credits[i].role);
        add_part(&joined, row->article.credits[i].link);
    }
    row->credits = arena_copy(a, buf_str(&joined));
}

static int read_row(struct apply *a, struct row *out)
{
    *out = (struct row){0};
    const struct store_change *change = a->change;
    int status = news_article_read(a->arena, change->record, &out->article, a->err);
    if (status)
        return status;
    struct article *article = &out->article;
    news_article_code(&article->address, out->code);
    out->actor = store_actor(a->db, &change->record->pubkey, a->err);
    if (out->actor <= 0)
        return out->actor < 0 ? (int)out->actor : ERR_INTERNAL;
    out->lang = news__primary_language(a->arena, article->language);
    out->summary = article->summary.n ? short_text(article->summary, max_summary) : make_excerpt(a, article);
    out->words = text_words(change->record->content);
    if (article->published_at && article->published_at <= change->received_at)
        out->published_at = article->published_at;
    join_topics(a, out);
    join_credits(a, out);
    return 0;
}

static int add_topics(struct apply *a, const struct row *row, int64_t date)
{
    for (size_t i = 0; i < row->article.topic_count; i++) {
        struct str topic = row->article.topics[i];
        struct sql_cursor *c = sql_open(a->db, &news_topic_add);
        sql_text(c, 1, topic);
        sql_text(c, 2, row->lang);
        sql_int(c, 3, date);
        sql_int(c, 4, (int64_t)a->change->seq);
        int status = run(a, c);
        if (status || (status = count_topic(a, row->lang, topic, 1)) ||
            (status = count_topic(a, STR("*"), topic, 1)))
            return status;
    }
    return 0;
}

static int add_item(struct apply *a, const struct row *row)
{
    int64_t count = 0, first = 0;
    int status = revision_sums(a, row->code, &count, &first);
    if (status)
        return status;
    const struct article *article = &row->article;
    int64_t date = row->published_at ? row->published_at : first;
    struct sql_cursor *c = sql_open(a->db, &news_item_add);
    sql_int(c, 1, (int64_t)a->change->seq);
    sql_text(c, 2, str_of(row->code));
    sql_int(c, 3, row->actor);
    sql_text(c, 4, article->d);
    sql_blob(c, 5, article->record->id.b, sizeof article->record->id.b);
    sql_int(c, 6, date);
    sql_int(c, 7, row->published_at);
    sql_int(c, 8, article->record->created_at);
    sql_int(c, 9, count);
    sql_int(c, 10, row->words);
    sql_int(c, 11, article->whole);
    sql_text(c, 12, row->lang);
    sql_text(c, 13, article->language);
    sql_text(c, 14, short_text(article->title, max_title));
    sql_text(c, 15, row->summary);
    sql_text(c, 16,
        article->license ? str_of(article->license->id) : short_text(article->license_text, max_title));
    sql_text(c, 17, short_text(article->image, max_field));
    sql_text(c, 18, short_text(article->image_alt, max_field));
    sql_text(c, 19, short_text(article->source, max_field));
    sql_text(c, 20, row->topics);
    sql_text(c, 21, row->credits);
    if ((status = run(a, c)) || (status = add_topics(a, row, date)))
        return status;
    return count_item(a, row->actor, row->lang, 1);
}

static int add_revision(struct apply *a, const char *code)
{
    struct sql_cursor *c = sql_open(a->db, &news_revision_add);
    sql_int(c, 1, (int64_t)a->change->seq);
    sql_text(c, 2, str_of(code));
    sql_int(c, 3, a->change->received_at);
    return run(a, c);
}

static int add_gone(struct apply *a, const char *code, int64_t at)
{
    struct sql_cursor *c = sql_open(a->db, &news_gone_add);
    sql_int(c, 1, (int64_t)a->change->seq);
    sql_text(c, 2, str_of(code));
    sql_int(c, 3, at);
    return run(a, c);
}

static int forget(struct apply *a, const struct sql_statement *statement)
{
    struct sql_cursor *c = sql_open(a->db, statement);
    sql_int(c, 1, (int64_t)a->change->seq);
    return run(a, c);
}

/* A revision besides the current one came or went: the count, and perhaps the date. */
static int recount(struct apply *a, const char *code, const struct place *place)
{
    if (!place->there)
        return 0;
    int64_t count = 0, first = 0;
    int status = revision_sums(a, code, &count, &first);
    if (status)
        return status;
    int64_t date = place->published_at ? place->published_at : first;
    struct sql_cursor *c = sql_open(a->db, &news_item_redate);
    sql_int(c, 1, place->seq);
    sql_int(c, 2, count);
    sql_int(c, 3, date);
    status = run(a, c);
    if (status || date == place->date)
        return status;
    c = sql_open(a->db, &news_topic_redate);
    sql_int(c, 1, place->seq);
    sql_int(c, 2, date);
    return run(a, c);
}

static int apply_article(struct apply *a)
{
    const struct store_change *change = a->change;
    struct row row;
    if (change->type == STORE_FORGOTTEN)
        return forget(a, &news_gone_remove);
    if (change->type == STORE_SUPERSEDED && change->was_current)
        return 0; /* its successor follows */
    struct err why;
    struct err *err = a->err;
    a->err = &why;
    int status = read_row(a, &row);
    a->err = err;
    if (status == ERR_INPUT)
        return 0; /* signed and stored, but no article */
    if (status) {
        if (err)
            *err = why;
        return status;
    }
    struct place place;
    if ((status = find_place(a, row.code, &place)))
        return status;
    if (place.there && (place.actor != row.actor || !str_eq(place.d, row.article.d)))
        return 0; /* the name is another's */
    if (change->type == STORE_REMOVED) {
        if ((status = forget(a, &news_revision_remove)))
            return status;
        if (place.there && place.seq == (int64_t)change->seq) {
            status = remove_item(a, &place);
            return status || change->erased ? status : add_gone(a, row.code, change->removed_at);
        }
        return recount(a, row.code, &place);
    }
    if ((status = add_revision(a, row.code)))
        return status;
    if (change->type == STORE_SUPERSEDED)
        return recount(a, row.code, &place);
    if (place.there && (status = remove_item(a, &place)))
        return status;
    return add_item(a, &row);
}

/* ---- deletions, profiles */

static int apply_deletion(struct apply *a)
{
    const struct store_change *change = a->change;
    const struct record *r = change->record;
    if (change->type == STORE_REMOVED)
        return forget(a, &news_gone_remove);
    if (change->type != STORE_ADDED)
        return 0;
    for (size_t i = 0; i < r->tag_count; i++) {
        struct address address;
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !str_eqz(t->v[0], "a") || !address_parse(t->v[1], &address) ||
            address.kind != KIND_ARTICLE || !pubkey_eq(&address.pubkey, &r->pubkey))
            continue;
        char code[NEWS_CODE_CHARS + 1];
        news_article_code(&address, code);
        int status = add_gone(a, code, r->created_at);
        if (status)
            return status;
    }
    return 0;
}

static int apply_profile(struct apply *a)
{
    if (a->change->type == STORE_REMOVED)
        return forget(a, &news_profile_remove);
    if (a->change->type != STORE_ADDED)
        return 0;
    const struct record *r = a->change->record;
    int64_t actor = store_actor(a->db, &r->pubkey, a->err);
    if (actor <= 0)
        return actor < 0 ? (int)actor : ERR_INTERNAL;
    struct profile p;
    news__profile_read(a->arena, r->content, &p);
    struct sql_cursor *c = sql_open(a->db, &news_profile_put);
    sql_int(c, 1, actor);
    sql_int(c, 2, (int64_t)a->change->seq);
    sql_text(c, 3, p.name);
    sql_text(c, 4, p.display_name);
    sql_text(c, 5, p.about);
    sql_text(c, 6, p.website);
    sql_text(c, 7, p.picture);
    sql_text(c, 8, news__fold(a->arena, p.name));
    sql_text(c, 9, news__fold(a->arena, p.display_name));
    return run(a, c);
}

static int apply_sort(struct apply *a)
{
    if (a->change->type == STORE_REMOVED)
        return forget(a, &news_sort_remove);
    if (a->change->type != STORE_ADDED)
        return 0;
    static const char *const sorts[] = {"person", "organisation", "rating-service", "channel", "node"};
    struct str said = record_tag_value(a->change->record, "actor"), sort = STR("");
    for (size_t i = 0; i < sizeof sorts / sizeof sorts[0]; i++)
        if (str_eqz(said, sorts[i]))
            sort = said;
    if (!sort.n || record_d(a->change->record).n)
        return 0;
    int64_t actor = store_actor(a->db, &a->change->record->pubkey, a->err);
    if (actor <= 0)
        return actor < 0 ? (int)actor : ERR_INTERNAL;
    struct sql_cursor *c = sql_open(a->db, &news_sort_put);
    sql_int(c, 1, actor);
    sql_int(c, 2, (int64_t)a->change->seq);
    sql_text(c, 3, sort);
    return run(a, c);
}

/* One row a kind that the projection looks at. */
static const struct {
    uint32_t kind;
    int (*apply)(struct apply *a);
} kinds[] = {
    {KIND_ARTICLE, apply_article},
    {KIND_DELETION, apply_deletion},
    {KIND_PROFILE, apply_profile},
    {KIND_ACTOR, apply_sort},
};

static int apply(void *ctx, struct sql *db, const struct store_change *change, struct err *err)
{
    (void)ctx;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind != change->record->kind)
            continue;
        _cleanup_arena_ struct arena *arena = arena_create(0);
        struct apply a = {arena, db, change, err};
        return kinds[i].apply(&a);
    }
    return 0;
}

const struct store_projection news_projection = {
    .name = "news",
    .version = version,
    .schema = news_schema_sql,
    .apply = apply,
    .remembers = true,
};

/* ---- search */

static int extract_article(struct arena *arena, const struct record *r, struct store_text *out)
{
    struct article article;
    struct err err;
    int status = news_article_read(arena, r, &article, &err);
    if (status)
        return status == ERR_INPUT ? 0 : status;
    out->title = article.title;
    out->summary = article.summary;
    out->language = news__primary_language(arena, article.language);
    if (article.published_at && article.published_at <= r->created_at)
        out->date = article.published_at; /* the one that lists show */
    if (article.whole && !out->no_body && markdown_plain(arena, r->content, &out->body, &err))
        out->body = r->content; /* a bomb: its words are found all the same */
    return 0;
}

const struct store_text_source news_texts[] = {
    {KIND_ARTICLE, extract_article},
    {0, NULL},
};
