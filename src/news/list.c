/* list.c: lists of articles, and one article's row by its short name or number. */
#include "news.sql.h"
#include "news/private.h"

enum { max_limit = 500, max_parts = 300 };

/* Columns of news_item in their order (schema.sql), then the author's two names. */
enum column {
    COL_SEQ,
    COL_CODE,
    COL_ACTOR,
    COL_D,
    COL_ID,
    COL_DATE,
    COL_PUBLISHED,
    COL_REVISED,
    COL_REVISIONS,
    COL_WORDS,
    COL_WHOLE,
    COL_LANG,
    COL_LANGUAGE,
    COL_TITLE,
    COL_SUMMARY,
    COL_LICENSE,
    COL_IMAGE,
    COL_IMAGE_ALT,
    COL_SOURCE,
    COL_TOPICS,
    COL_CREDITS,
    COL_DISPLAY_NAME,
    COL_NAME,
};

static struct str column(struct arena *arena, struct sql_cursor *c, enum column n)
{
    return arena_str(arena, sql_col_text(c, n));
}

/* The parts of a column that keeps a list; each ends in NEWS_SEPARATOR. */
static size_t split(struct arena *arena, struct str joined, struct str **out)
{
    size_t n = 0;
    for (size_t i = 0; i < joined.n; i++)
        n += joined.p[i] == NEWS_SEPARATOR;
    if (n > max_parts)
        n = max_parts;
    *out = ARENA_ARRAY(arena, struct str, n + 1);
    for (size_t i = 0; *out && i < n; i++)
        str_cut(&joined, NEWS_SEPARATOR, &(*out)[i]);
    return *out ? n : 0;
}

static void read_item(struct sql *db, struct arena *arena, struct sql_cursor *c, struct news_item *out)
{
    *out = (struct news_item){
        .seq = (uint64_t)sql_col_int(c, COL_SEQ),
        .title = column(arena, c, COL_TITLE),
        .summary = column(arena, c, COL_SUMMARY),
        .language = column(arena, c, COL_LANGUAGE),
        .license = column(arena, c, COL_LICENSE),
        .image = column(arena, c, COL_IMAGE),
        .image_alt = column(arena, c, COL_IMAGE_ALT),
        .source = column(arena, c, COL_SOURCE),
        .date = sql_col_int(c, COL_DATE),
        .published_at = sql_col_int(c, COL_PUBLISHED),
        .revised_at = sql_col_int(c, COL_REVISED),
        .revisions = (uint32_t)sql_col_int(c, COL_REVISIONS),
        .words = (uint32_t)sql_col_int(c, COL_WORDS),
        .whole = sql_col_int(c, COL_WHOLE),
    };
    struct str code = sql_col_text(c, COL_CODE), id = sql_col_blob(c, COL_ID);
    if (code.n == NEWS_CODE_CHARS)
        memcpy(out->code, code.p, NEWS_CODE_CHARS);
    if (id.n == sizeof out->id.b)
        memcpy(out->id.b, id.p, id.n);
    out->address.kind = KIND_ARTICLE;
    out->address.d = column(arena, c, COL_D);
    store_actor_key(db, sql_col_int(c, COL_ACTOR), &out->address.pubkey);
    struct str name = sql_col_text(c, COL_DISPLAY_NAME);
    out->author_name = name.n ? arena_str(arena, name) : column(arena, c, COL_NAME);
    out->topic_count = split(arena, column(arena, c, COL_TOPICS), &out->topics);
    struct str *parts;
    size_t n = split(arena, column(arena, c, COL_CREDITS), &parts) / 3;
    out->credits = ARENA_ARRAY(arena, struct credit, n + 1);
    for (size_t i = 0; out->credits && i < n; i++)
        out->credits[i] = (struct credit){parts[3 * i], parts[3 * i + 1], parts[3 * i + 2]};
    out->credit_count = out->credits ? n : 0;
}

/* The statement that has the best index for what is asked. */
static const struct sql_statement *choose(const struct news_query *q)
{
    if (q->topic.n)
        return q->author       ? &news_list_topic_some
               : q->language.n ? &news_list_topic_language
                               : &news_list_topic;
    if (q->author)
        return &news_list_author;
    return q->language.n ? &news_list_language : &news_list_all;
}

int news_list(struct store_read *read, struct arena *arena, const struct news_query *q,
    struct news_item **out, size_t *n, bool *more, struct err *err)
{
    struct sql *db = store_read_sql(read);
    size_t limit = q->limit == 0 || q->limit > max_limit ? max_limit : q->limit;
    *n = 0;
    *more = false;
    *out = ARENA_ARRAY(arena, struct news_item, limit);
    if (!*out)
        return err_set(err, ERR_MEMORY, "the list does not fit");
    int64_t actor = 0;
    if (q->author && (actor = store_actor(db, q->author, err)) <= 0)
        return actor < 0 ? (int)actor : 0;
    const struct sql_statement *statement = choose(q);
    bool filters = statement != &news_list_all && statement != &news_list_topic;
    bool whole_tag = str_find_char(q->language, '-') != SIZE_MAX;
    struct sql_cursor *c = sql_open(db, statement);
    sql_int(c, 1, q->before_date);
    sql_int(c, 2, q->before_seq > INT64_MAX ? INT64_MAX : (int64_t)q->before_seq);
    sql_int(c, 3, (int64_t)limit + 1);
    if (filters) {
        sql_text(c, 4, news__primary_language(arena, q->language));
        sql_text(c, 5, whole_tag ? q->language : STR(""));
    }
    if (statement == &news_list_author || statement == &news_list_topic_some)
        sql_int(c, 6, actor);
    struct str topic = q->topic.n ? news__topic(arena, q->topic) : q->topic;
    if (q->topic.n)
        sql_text(c, 7, topic.p ? topic : STR(""));
    int step;
    while ((step = sql_step(c, err)) == 1) {
        if (*n == limit) {
            *more = true;
            break;
        }
        read_item(db, arena, c, &(*out)[(*n)++]);
    }
    int status = sql_close(c, err);
    return step < 0 ? step : status;
}

static int one_item(
    struct sql *db, struct arena *arena, struct sql_cursor *c, struct news_item *out, struct err *err)
{
    int step = sql_step(c, err);
    if (step == 1)
        read_item(db, arena, c, out);
    int status = sql_close(c, err);
    if (step < 0 || status)
        return step < 0 ? step : status;
    return step == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "there is no such article here");
}

int news_item_by_code(
    struct store_read *read, struct arena *arena, struct str code, struct news_item *out, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct sql_cursor *c = sql_open(db, &news_item_by_code_row);
    sql_text(c, 1, code);
    int status = one_item(db, arena, c, out, err);
    if (status != ERR_NOT_FOUND)
        return status;
    c = sql_open(db, &news_gone_by_code);
    sql_text(c, 1, code);
    int step = sql_step(c, err);
    bool gone = step == 1 && !sql_col_null(c, 0);
    int64_t at = gone ? sql_col_int(c, 0) : 0;
    status = sql_close(c, err);
    if (step < 0 || status)
        return step < 0 ? step : status;
    if (!gone)
        return err_set(
            err, ERR_NOT_FOUND, "there is no article with the short name %.*s here", STR_ARG(code));
    char date[32];
    time_rfc3339(at, date, sizeof date);
    return err_set(err, ERR_GONE, "this article was withdrawn, or came to its end, on %.10s", date);
}

int news_item_by_seq(
    struct store_read *read, struct arena *arena, uint64_t seq, struct news_item *out, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct sql_cursor *c = sql_open(db, &news_item_by_seq_row);
    sql_int(c, 1, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
    return one_item(db, arena, c, out, err);
}

/* Rows of (name, number). */
static int counts(struct sql_cursor *c, struct arena *arena, size_t max, struct news_count **out, size_t *n,
    struct err *err)
{
    *n = 0;
    *out = ARENA_ARRAY(arena, struct news_count, max);
    if (!*out)
        max = 0;
    int step = 0;
    while (*n < max && (step = sql_step(c, err)) == 1)
        (*out)[(*n)++] = (struct news_count){arena_str(arena, sql_col_text(c, 0)), sql_col_int(c, 1)};
    int status = sql_close(c, err);
    return step < 0 ? step : status;
}

int news_languages(
    struct store_read *read, struct arena *arena, struct news_count **out, size_t *n, struct err *err)
{
    return counts(sql_open(store_read_sql(read), &news_languages_all), arena, 1000, out, n, err);
}

int news_topics(struct store_read *read, struct arena *arena, struct str language, size_t limit,
    struct news_count **out, size_t *n, struct err *err)
{
    limit = limit > max_limit ? max_limit : limit;
    struct sql_cursor *c = sql_open(store_read_sql(read), &news_topics_most);
    sql_text(c, 1, language.n ? news__primary_language(arena, language) : STR("*"));
    sql_int(c, 2, (int64_t)limit);
    return counts(c, arena, limit, out, n, err);
}
