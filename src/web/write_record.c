/* write_record.c: what the editor's draft becomes: the unsigned record of an article, or what is wrong with
 * which field. */
#include "web/write.h"

#define MOST_TOPICS 20

void write_trouble(struct request *r, struct write_problem *p, const char *field, const char *message)
{
    *p = (struct write_problem){locale_message(request_locale(r), message), field};
}

void write_trouble_err(struct request *r, struct write_problem *p, const char *field, const struct err *err)
{
    struct str what = locale_message(request_locale(r), err->what);
    struct str todo = err->todo[0] ? locale_message(request_locale(r), err->todo) : (struct str){"", 0};
    p->field = field;
    const char *stop = what.n && what.p[what.n - 1] == '.' ? "" : ".";
    p->message = arena_printf(
        request_arena(r), "%.*s%s%s%.*s", STR_ARG(what), stop, todo.n ? " " : "", STR_ARG(todo));
}

struct address write_address(struct request *r, struct str d)
{
    return (struct address){KIND_ARTICLE, request_account(r)->key, d};
}

/* The article this draft would change; false where it is a new one. */
bool write_published(
    struct request *r, const struct draft *d, struct store_found *found, struct article *article)
{
    struct address address = write_address(r, d->d);
    return d->d.n && store_get_address(request_read(r), request_arena(r), &address, found, NULL) == 0 &&
           news_article_read(request_arena(r), &found->record, article, NULL) == 0;
}

static size_t split_topics(struct arena *arena, struct str text, struct str *out, size_t max)
{
    size_t n = 0;
    struct buf commas _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < text.n; i++) { /* the commas of Arabic, Chinese and Japanese count too */
        struct str rest = str_slice(text, i, text.n);
        bool wide = str_starts(rest, STR("、")) || str_starts(rest, STR("，"));
        bool comma = wide || str_starts(rest, STR("،")) || text.p[i] == ',' || text.p[i] == ';' ||
                     text.p[i] == '\n';
        if (comma)
            i += wide ? 2 : text.p[i] == ',' || text.p[i] == ';' || text.p[i] == '\n' ? 0 : 1;
        buf_addc(&commas, comma ? ',' : text.p[i]);
    }
    struct str rest = arena_str(arena, buf_str(&commas)), piece;
    while (str_cut(&rest, ',', &piece)) {
        piece = str_trim(piece);
        if (!piece.n)
            continue;
        if (n == max)
            return max + 1;
        out[n++] = piece;
    }
    return n;
}

static int newer_than(const struct store_found *found, int64_t now)
{
    /* Two changes within one second: the second must still be the newer one. */
    int64_t ahead = found->record.created_at - now;
    return ahead >= 0 && ahead < 240 ? (int)ahead + 1 : 0;
}

/* What news_article_write() says, at the field that it means and in the reader's language. */
static void explain(struct request *r, struct write_problem *problem, struct err *err)
{
    /* a word of what it says, the field's mark in the template, what to say where it is too long */
    static const struct {
        const char *word, *field, *too_long;
    } fields[] = {
        {"title", "bad_title", M("The title is too long.")},
        {"summary", "bad_summary", M("The summary is too long.")},
        {"topic", "bad_topics", M("A topic is too long.")},
        {"language", "bad_language", NULL},
        {"", "bad_text", M("The text is too long for one article. Publish it in parts.")},
    };
    size_t i = 0;
    while (!strstr(err->what, fields[i].word))
        i++;
    if (err->code == ERR_LIMIT && fields[i].too_long)
        write_trouble(r, problem, fields[i].field, fields[i].too_long);
    else
        write_trouble_err(r, problem, fields[i].field, err);
}

/* The record that the draft would become. What the form does not show (credits, source, picture, date) is
 * carried over from the version before. */
bool write_record(
    struct request *r, const struct draft *d, struct record_draft *out, struct write_problem *problem)
{
    struct arena *arena = request_arena(r);
    struct err err;
    struct store_found found;
    struct article before;
    struct str topics[MOST_TOPICS];
    size_t topic_count = split_topics(arena, d->topics, topics, MOST_TOPICS);
    int64_t now = request_now(r);
    struct article_draft a = {
        .d = d->d,
        .title = d->title,
        .summary = d->summary,
        .text = d->text,
        .language = d->language,
        .license = d->license,
        .topics = topics,
        .topic_count = topic_count,
        .published_at = now,
    };
    if (!d->title.n) {
        write_trouble(r, problem, "bad_title", M("The article needs a title."));
        return false;
    }
    if (!str_trim(d->text).n) {
        write_trouble(r, problem, "bad_text", M("The article has no text yet."));
        return false;
    }
    if (topic_count > MOST_TOPICS) {
        write_trouble(r, problem, "bad_topics", M("At most 20 topics can be given."));
        return false;
    }
    if (write_published(r, d, &found, &before)) {
        a.published_at = before.published_at;
        a.credits = before.credits;
        a.credit_count = before.credit_count;
        a.source = before.source;
        a.image = before.image;
        a.image_alt = before.image_alt;
        now += newer_than(&found, now);
    }
    *out = (struct record_draft){.arena = arena};
    if (news_article_write(&a, now, &rng_system, out, &err) == 0)
        return true;
    explain(r, problem, &err);
    return false;
}
