/* article.c: a record of kind 30023 (NIP-23) read as an article, and an article's permanent short name. */
#include "base/time.h"
#include "news/news.h"

#include <sodium.h>

enum {
    max_topics = 100, /* of one article; what a record has beyond is left unread */
    max_credits = 100,
};

static bool is_language_tag(struct str s)
{
    if (s.n < 2 || s.n > 35)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return true;
}

static struct str read_language(const struct record *r)
{
    static const char *const namespaces[] = {"widenet.language", "ISO-639-1"};
    for (size_t i = 0; i < 2; i++) {
        struct str language = record_label(r, namespaces[i]);
        if (is_language_tag(language))
            return language;
    }
    return STR("");
}

/* A text's first line, for a record that has no title. */
static struct str first_line(struct str text)
{
    struct str line;
    while (str_cut(&text, '\n', &line)) {
        line = str_trim(line);
        while (line.n && (line.p[0] == '#' || line.p[0] == '>'))
            line = str_trim(str_slice(line, 1, line.n));
        if (line.n)
            return line;
    }
    return STR("");
}

static struct str tag_text(const struct record *r, const char *name)
{
    struct str value = record_tag_value(r, name);
    return value.p ? str_trim(value) : STR("");
}

/* The alternative text of address in an ["imeta", "url …", "alt …"] (NIP-92). */
static struct str picture_alt(const struct record *r, struct str address)
{
    for (size_t i = 0; address.n && i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (!str_eqz(t->v[0], "imeta"))
            continue;
        struct str url = STR(""), alt = STR("");
        for (size_t k = 1; k < t->n; k++) {
            if (str_starts(t->v[k], STR("url ")))
                url = str_slice(t->v[k], 4, t->v[k].n);
            else if (str_starts(t->v[k], STR("alt ")))
                alt = str_slice(t->v[k], 4, t->v[k].n);
        }
        if (str_eq(url, address))
            return alt;
    }
    return STR("");
}

static int read_lists(struct arena *arena, const struct record *r, struct article *out, struct err *err)
{
    size_t topics = 0, credits = 0;
    for (size_t i = 0; i < r->tag_count; i++) {
        topics += str_eqz(r->tags[i].v[0], "t");
        credits += str_eqz(r->tags[i].v[0], "credit");
    }
    topics = topics > max_topics ? max_topics : topics;
    credits = credits > max_credits ? max_credits : credits;
    out->topics = ARENA_ARRAY(arena, struct str, topics + 1);
    out->credits = ARENA_ARRAY(arena, struct credit, credits + 1);
    if (!out->topics || !out->credits)
        return err_set(err, ERR_MEMORY, "the article's tags do not fit");
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (t->n < 2 || !t->v[1].n)
            continue;
        if (str_eqz(t->v[0], "t") && out->topic_count < topics)
            out->topics[out->topic_count++] = t->v[1];
        else if (str_eqz(t->v[0], "credit") && out->credit_count < credits)
            out->credits[out->credit_count++] = (struct credit){
                .name = t->v[1], .role = t->n > 2 ? t->v[2] : STR(""), .link = t->n > 3 ? t->v[3] : STR("")};
        else if (str_eqz(t->v[0], "r") && t->n > 2 && str_eqz(t->v[2], "source") && !out->source.n)
            out->source = t->v[1];
    }
    return 0;
}

int news_article_read(struct arena *arena, const struct record *r, struct article *out, struct err *err)
{
    *out = (struct article){.record = r, .source = STR("")};
    if (r->kind != KIND_ARTICLE)
        return err_set(
            err, ERR_INPUT, "the record is of kind %u, not an article's %d", r->kind, KIND_ARTICLE);
    if (!record_tag(r, "d"))
        return err_set(err, ERR_INPUT, "the article has no d tag");
    out->d = record_d(r);
    out->address = (struct address){.kind = r->kind, .pubkey = r->pubkey, .d = out->d};
    out->title = tag_text(r, "title");
    if (!out->title.n)
        out->title = first_line(r->content);
    if (!out->title.n)
        return err_set(err, ERR_INPUT, "the article has neither title nor text");
    out->summary = tag_text(r, "summary");
    out->image = tag_text(r, "image");
    out->image_alt = picture_alt(r, out->image);
    out->language = read_language(r);
    struct str license = record_label(r, "license");
    out->license = license.p ? license_find(license) : NULL;
    out->license_text = license.p ? license : STR("");
    out->whole = out->license && out->license->free;
    str_to_i64(tag_text(r, "published_at"), TIME_FIRST, TIME_LAST, &out->published_at);
    return read_lists(arena, r, out, err);
}

void news_article_code(const struct address *a, char out[NEWS_CODE_CHARS + 1])
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    _cleanup_buf_ struct buf text = BUF_INIT;
    address_format(a, &text);
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)text.p, text.n);
    for (size_t i = 0; i < NEWS_CODE_CHARS; i++) { /* five bits a character, from the first on */
        size_t bit = i * 5;
        unsigned two = ((unsigned)hash[bit / 8] << 8) | hash[bit / 8 + 1];
        out[i] = alphabet[(two >> (11 - bit % 8)) & 31];
    }
    out[NEWS_CODE_CHARS] = 0;
}
