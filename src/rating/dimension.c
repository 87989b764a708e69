/* dimension.c: what can be rated about a thing: five that ship, and records of kind 34706.
 *
 * A record has ["name", text, language], and likewise question, low and high (words for the ends), as often
 * as there are languages. Numbers are this node's, at most 256: a dimension that comes when all are taken is
 * not counted in, and its ratings are not. */
#include "rating/apply.h"

#include "base/utf8.h"

enum { most = 256, longest_text = 200, longest_d = 100 };

static int number_of(struct apply *a, struct str name, int *out)
{
    struct sql_cursor *c = sql_open(a->db, &rating_dimension_number);
    sql_text(c, 1, name);
    int step = sql_step(c, a->err);
    *out = step == 1 ? (int)sql_col_int(c, 0) : -1;
    int rc = sql_close(c, a->err);
    return step < 0 ? step : rc;
}

int rating__dimension(struct apply *a, struct str name, bool create, int *out)
{
    *out = rating__shipped_number(name);
    int rc = *out >= 0 ? 0 : number_of(a, name, out);
    if (rc || *out >= 0 || !create)
        return rc;
    struct sql_cursor *c = sql_open(a->db, &rating_dimension_number_free);
    int step = sql_step(c, a->err);
    int64_t number = step == 1 ? sql_col_int(c, 0) : most;
    rc = sql_close(c, a->err);
    if (step < 0 || rc || number >= most)
        return step < 0 ? step : rc;
    c = sql_open(a->db, &rating_dimension_number_add);
    sql_int(c, 1, number);
    sql_text(c, 2, name);
    *out = (int)number;
    return sql_done(c, a->err);
}

int rating__dimension_forget(struct apply *a, int number)
{
    struct sql_cursor *c = sql_open(a->db, &rating_dimension_number_forget);
    sql_int(c, 1, number);
    return sql_done(c, a->err);
}

int rating__apply_dimension(struct apply *a)
{
    const struct store_change *change = a->change;
    const struct record *r = change->record;
    bool adds = change->type == STORE_ADDED;
    if (!record_d(r).n || (change->type == STORE_SUPERSEDED && !change->was_current))
        return 0;
    _cleanup_buf_ struct buf name = BUF_INIT;
    record_address(r, &name);
    int number, rc = rating__dimension(a, buf_str(&name), adds, &number);
    if (rc || number < 0)
        return rc;
    if (!adds) {
        struct sql_cursor *c = sql_open(a->db, &rating_dimension_remove);
        sql_int(c, 1, (int64_t)change->seq);
        rc = sql_done(c, a->err);
        return rc || !change->erased ? rc : rating__dimension_forget(a, number);
    }
    int64_t author = store_actor(a->db, &r->pubkey, a->err);
    if (author <= 0)
        return author < 0 ? (int)author : ERR_INTERNAL;
    struct sql_cursor *c = sql_open(a->db, &rating_dimension_add);
    sql_int(c, 1, (int64_t)change->seq);
    sql_int(c, 2, number);
    sql_int(c, 3, author);
    return sql_done(c, a->err);
}

/* ---- reading */

/* The tag's text in the language, else in English, else the first. */
static struct str text_in(const struct record *r, const char *name, struct str language)
{
    struct str best = STR("");
    int rank = 0;
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !str_eqz(t->v[0], name) || !t->v[1].n)
            continue;
        uint32_t said = t->n > 2 ? rating__language(t->v[2]) : 0;
        int here = said && said == rating__language(language) ? 3
                   : said == rating__language(STR("en"))      ? 2
                                                              : 1;
        if (here > rank) {
            best = t->v[1];
            rank = here;
        }
    }
    return utf8_cut(best, longest_text);
}

/* One row a shipped dimension, in the order of enum DIMENSION_…: its question and its ends, in English; pages
 * translate them by name. */
static const char *const shipped_texts[RATING_SHIPPED][3] = {
    {"Is it newsworthy?", "not worth the time", "everybody should know of it"},
    {"Is it accurate?", "wrong or misleading", "it holds in every detail"},
    {"Is it clear?", "hard to follow", "plain and well told"},
    {"Is it junk?", "an honest piece", "spam or a fake"},
    {"Do you share its position?", "not at all", "entirely"},
};

int rating_dimensions(struct store_read *read, struct arena *arena, struct str language,
    struct dimension **out, size_t *n, struct err *err)
{
    struct sql *db = store_read_sql(read);
    struct dimension *list = ARENA_ARRAY(arena, struct dimension, most);
    if (!list)
        return err_set(err, ERR_MEMORY, "the dimensions do not fit");
    *out = list;
    for (*n = 0; *n < RATING_SHIPPED; ++*n)
        list[*n] = (struct dimension){.number = (uint8_t)*n,
            .name = str_of(rating__shipped[*n]),
            .coordinate = STR(""),
            .question = str_of(shipped_texts[*n][0]),
            .low = str_of(shipped_texts[*n][1]),
            .high = str_of(shipped_texts[*n][2]),
            .shipped = true};
    struct sql_cursor *c = sql_open(db, &rating_dimension_list);
    int step, rc = 0;
    while (!rc && (step = sql_step(c, err)) == 1 && *n < most) {
        struct store_found f;
        struct dimension *d = &list[*n];
        rc = store_get_seq(read, arena, (uint64_t)sql_col_int(c, 0), &f, err);
        if (rc == ERR_GONE || rc == ERR_NOT_FOUND) {
            rc = 0;
            continue;
        }
        if (rc)
            break;
        struct str name = text_in(&f.record, "name", language);
        *d = (struct dimension){.number = (uint8_t)sql_col_int(c, 1),
            .name = name.n ? name : utf8_cut(record_d(&f.record), longest_text),
            .coordinate = arena_str(arena, sql_col_text(c, 2)),
            .question = text_in(&f.record, "question", language),
            .low = text_in(&f.record, "low", language),
            .high = text_in(&f.record, "high", language),
            .author = f.record.pubkey};
        ++*n;
    }
    int closed = sql_close(c, err);
    return rc ? rc : closed;
}

/* ---- writing */

static int check_text(const char *field, struct str text, bool wanted, struct err *err)
{
    if (wanted && !str_trim(text).n)
        return err_set(err, ERR_INPUT, "%s: it is missing", field);
    if (text.n > longest_text)
        return err_set(
            err, ERR_LIMIT, "%s: it has %zu bytes, at most %d are kept", field, text.n, longest_text);
    return utf8_valid(text) ? 0 : err_set(err, ERR_INPUT, "%s: it is no text", field);
}

static void add_text(struct record_draft *out, const char *name, struct str text, struct str language)
{
    if (text.n)
        record_draft_tag_strs(
            out, (struct str[]){str_of(name), str_trim(text), language}, language.n ? 3 : 2);
}

int rating_dimension_write(struct str d, const struct dimension_words *words, size_t n, int64_t now,
    struct record_draft *out, struct err *err)
{
    if (!d.n || d.n > longest_d || !utf8_valid(d))
        return err_set(err, ERR_INPUT, "name: a short name of at most %d bytes is expected", longest_d);
    if (!n)
        return err_set(err, ERR_INPUT, "question: it is missing");
    record_draft_init(out, out->arena, KIND_DIMENSION, now);
    record_draft_tag_strs(out, (struct str[]){STR("d"), d}, 2);
    for (size_t i = 0; i < n; i++) {
        const struct dimension_words *w = &words[i];
        int rc = check_text("name", w->name, true, err);
        if (!rc)
            rc = check_text("question", w->question, true, err);
        if (!rc)
            rc = check_text("low", w->low, false, err);
        if (!rc)
            rc = check_text("high", w->high, false, err);
        if (rc)
            return rc;
        add_text(out, "name", w->name, w->language);
        add_text(out, "question", w->question, w->language);
        add_text(out, "low", w->low, w->language);
        add_text(out, "high", w->high, w->language);
    }
    return out->failed ? err_set(err, ERR_MEMORY, "the dimension does not fit") : 0;
}
