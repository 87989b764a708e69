/* article_write.c: an article as an unsigned record of kind 30023: what a form or an import gives, checked.
 */
#include "base/utf8.h"
#include "news/private.h"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

enum {
    max_title = 500, /* bytes, as all of these */
    max_summary = 2000,
    max_url = 2000,
    max_topics = 50,
    max_topic = 100,
    max_credits = 50,
    max_credit = 300,
    max_alt = 2000,
    max_license = 100,
    slug_bytes = 60,
    envelope = 400, /* of a serialised record: brackets, key, date, kind */
};

static bool is_url(struct str s)
{
    if (s.n > max_url || (!str_starts(s, STR("https://")) && !str_starts(s, STR("http://"))))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ')
            return false;
    return true;
}

/* A field of one line: trimmed, white space as single spaces, no control characters. */
static int line_field(
    struct arena *arena, const char *field, struct str in, size_t max, struct str *out, struct err *err)
{
    if (!utf8_valid(in))
        return err_set(err, ERR_INPUT, "the %s is not valid UTF-8", field);
    _cleanup_buf_ struct buf line = BUF_INIT;
    for (size_t i = 0; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        if (c > ' ' && c != 0x7f)
            buf_addc(&line, (char)c);
        else if (line.n && line.p[line.n - 1] != ' ')
            buf_addc(&line, ' ');
    }
    if (line.n && line.p[line.n - 1] == ' ')
        line.n--;
    if (line.n > max)
        return err_set(err, ERR_LIMIT, "the %s has %zu bytes (at most %zu)", field, line.n, max);
    *out = arena_str(arena, buf_str(&line));
    return 0;
}

static int url_field(
    struct arena *arena, const char *field, struct str in, bool own, struct str *out, struct err *err)
{
    int status = line_field(arena, field, in, max_url, out, err);
    if (status || !out->n)
        return status;
    if (!is_url(*out) && !(own && str_starts(*out, STR("/media/"))))
        return err_set(err, ERR_INPUT, "the %s is no http or https address: %.100s", field, out->p);
    return 0;
}

/* Letters and digits of a title in lower case, hyphens between. */
static void add_slug(struct buf *out, struct str title)
{
    bool gap = false;
    size_t from = out->n;
    for (size_t at = 0; at < title.n && out->n - from < slug_bytes;) {
        uint32_t c = utf8_next(title, &at);
        if (uc_is_alnum(c) || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M)) {
            if (gap && out->n > from)
                buf_addc(out, '-');
            gap = false;
            utf8_add(out, uc_tolower(c));
        } else
            gap = true;
    }
}

static struct str make_d(struct arena *arena, struct str title, const struct rng *rng)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    _cleanup_buf_ struct buf d = BUF_INIT;
    add_slug(&d, title);
    if (d.n)
        buf_addc(&d, '-');
    uint8_t random[8];
    rng->fill(rng->ctx, random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        buf_addc(&d, letters[random[i] & 31]);
    return arena_str(arena, buf_str(&d));
}

struct str news__topic(struct arena *arena, struct str text)
{
    text = str_trim(text);
    while (text.n && text.p[0] == '#')
        text = str_trim(str_slice(text, 1, text.n));
    size_t n = 0;
    uint8_t *lower = u8_tolower((const uint8_t *)text.p, text.n, NULL, UNINORM_NFC, NULL, &n);
    struct str out = lower && n ? arena_str(arena, (struct str){(char *)lower, n}) : (struct str){NULL, 0};
    cleanup_free_(&lower);
    return out;
}

static int add_topics(const struct article_draft *d, struct record_draft *out, struct err *err)
{
    struct arena *arena = out->arena;
    struct str seen[max_topics];
    size_t count = 0;
    for (size_t i = 0; i < d->topic_count; i++) {
        struct str line;
        int status = line_field(arena, "topic", d->topics[i], max_topic, &line, err);
        if (status)
            return status;
        struct str t = news__topic(arena, line);
        bool known = !t.p;
        for (size_t k = 0; k < count && !known; k++)
            known = str_eq(seen[k], t);
        if (known)
            continue;
        if (count == max_topics)
            return err_set(err, ERR_LIMIT, "there are more than %d topics", max_topics);
        seen[count++] = t;
        record_draft_tag_strs(out, (struct str[]){STR("t"), t}, 2);
    }
    return 0;
}

static int add_credits(const struct article_draft *d, struct record_draft *out, struct err *err)
{
    struct arena *arena = out->arena;
    if (d->credit_count > max_credits)
        return err_set(err, ERR_LIMIT, "there are %zu credits (at most %d)", d->credit_count, max_credits);
    for (size_t i = 0; i < d->credit_count; i++) {
        struct str v[4] = {STR("credit")};
        int status = line_field(arena, "credit", d->credits[i].name, max_credit, &v[1], err);
        if (!status)
            status = line_field(arena, "credit's role", d->credits[i].role, max_credit, &v[2], err);
        if (!status)
            status = url_field(arena, "credit's link", d->credits[i].link, false, &v[3], err);
        if (status)
            return status;
        if (v[1].n)
            record_draft_tag_strs(out, v, v[3].n ? 4 : v[2].n ? 3 : 2);
    }
    return 0;
}

/* "en" is ISO 639-1; "pt-BR" is that and a BCP 47 tag; "ckb" has only the latter. */
static int add_language(
    const struct article_draft *d, struct str plain, struct record_draft *out, struct err *err)
{
    struct str language = str_trim(d->language);
    if (!language.n) {
        _cleanup_buf_ struct buf all = BUF_INIT;
        buf_adds(&all, d->title);
        buf_addz(&all, ".\n");
        buf_adds(&all, d->summary);
        buf_addz(&all, "\n");
        buf_adds(&all, plain);
        language = news_language_detect(buf_str(&all));
        if (!language.n)
            return 0;
    }
    char tag[36];
    if (language.n < 2 || language.n >= sizeof tag)
        return err_set(err, ERR_INPUT, "the language is no language code such as \"en\" or \"pt-BR\": %.*s",
            (int)(language.n > 40 ? 40 : language.n), language.p);
    size_t primary = 0;
    for (size_t i = 0; i < language.n; i++) {
        char c = language.p[i] == '_' ? '-' : language.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && c != '-' && !(c >= '0' && c <= '9' && primary))
            return err_set(err, ERR_INPUT,
                "the language is no language code such as \"en\" or \"pt-BR\": %.*s", STR_ARG(language));
        if (c == '-' && !primary)
            primary = i;
        tag[i] = primary ? c : (char)(c | 0x20);
    }
    if (!primary)
        primary = language.n;
    if (primary < 2 || primary > 3 || tag[language.n - 1] == '-')
        return err_set(err, ERR_INPUT, "the language is no language code such as \"en\" or \"pt-BR\": %.*s",
            STR_ARG(language));
    if (primary == 2)
        record_draft_label(out, "ISO-639-1", (struct str){tag, 2});
    if (primary != language.n || primary != 2)
        record_draft_label(out, "widenet.language", (struct str){tag, language.n});
    return 0;
}

static int add_license(const struct article_draft *d, struct record_draft *out, struct err *err)
{
    struct str license;
    int status = line_field(out->arena, "licence", d->license, max_license, &license, err);
    if (status || !license.n)
        return status;
    const struct license *known = license_find(license);
    record_draft_label(out, "license", known ? str_of(known->id) : license);
    return 0;
}

/* ---- pictures of this node in the text: each gets its imeta (NIP-92), so that other clients can fetch and
 * check the file by its hash wherever it lies */

static const struct {
    const char *extension, *type;
} picture_types[] = {
    {".jpg", "image/jpeg"},
    {".png", "image/png"},
    {".gif", "image/gif"},
    {".webp", "image/webp"},
};

/* The length of "/media/<sha256>.<ext>" at the beginning of s; 0 if it is none. */
static size_t media_address(struct str s, const char **type)
{
    enum { lead = 7, digits = 64 };
    if (!str_starts(s, STR("/media/")) || s.n < lead + digits)
        return 0;
    for (size_t i = lead; i < lead + digits; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return 0;
    struct str rest = str_slice(s, lead + digits, s.n);
    for (size_t i = 0; i < sizeof picture_types / sizeof picture_types[0]; i++)
        if (str_starts(rest, str_of(picture_types[i].extension))) {
            *type = picture_types[i].type;
            return lead + digits + strlen(picture_types[i].extension);
        }
    return 0;
}

static void add_picture(struct record_draft *out, struct str address, const char *type, struct str alt)
{
    struct str url = arena_printf(out->arena, "url %.*s", STR_ARG(address));
    for (size_t i = 0; i < out->r.tag_count; i++)
        if (out->r.tags[i].n > 1 && str_eqz(out->r.tags[i].v[0], "imeta") && str_eq(out->r.tags[i].v[1], url))
            return;
    struct str v[5] = {STR("imeta"), url};
    size_t n = 2;
    if (type) {
        v[n++] = arena_printf(out->arena, "m %s", type);
        v[n++] = arena_printf(out->arena, "x %.64s", address.p + 7);
    }
    if (alt.n)
        v[n++] = arena_printf(out->arena, "alt %.*s", STR_ARG(alt));
    if (n > 2)
        record_draft_tag_strs(out, v, n);
}

static void add_pictures(struct str text, struct record_draft *out)
{
    enum { most = 200 };
    size_t count = 0;
    for (size_t at = 0; at < text.n && count < most;) {
        size_t found = str_find(str_slice(text, at, text.n), STR("/media/"));
        if (found == SIZE_MAX)
            return;
        at += found;
        const char *type = NULL;
        size_t length = media_address(str_slice(text, at, text.n), &type);
        if (length) {
            add_picture(out, str_slice(text, at, at + length), type, STR(""));
            count++;
        }
        at += length ? length : 1;
    }
}

/* ---- the whole */

static int check_size(const struct record_draft *out, struct err *err)
{
    _cleanup_buf_ struct buf serialized = BUF_INIT;
    record_serialize_for_id(&out->r, &serialized);
    if (serialized.n + envelope <= RECORD_MAX_ARTICLE_BYTES)
        return 0;
    err_set(err, ERR_LIMIT, "the article takes %zu bytes as a record (at most %u)", serialized.n,
        RECORD_MAX_ARTICLE_BYTES - envelope);
    err_todo(err, "shorten the text or publish it in parts");
    return ERR_LIMIT;
}

int news_article_write(const struct article_draft *d, int64_t now, const struct rng *rng,
    struct record_draft *out, struct err *err)
{
    struct arena *arena = out->arena;
    record_draft_init(out, arena, KIND_ARTICLE, now);
    struct str title, summary, image, alt, source;
    int status;
    if ((status = line_field(arena, "title", d->title, max_title, &title, err)) ||
        (status = line_field(arena, "summary", d->summary, max_summary, &summary, err)) ||
        (status = url_field(arena, "picture's address", d->image, true, &image, err)) ||
        (status = line_field(arena, "picture's description", d->image_alt, max_alt, &alt, err)) ||
        (status = url_field(arena, "source's address", d->source, false, &source, err)))
        return status;
    if (!title.n)
        return err_set(err, ERR_INPUT, "the title is missing");
    if (!utf8_valid(d->text))
        return err_set(err, ERR_INPUT, "the text is not valid UTF-8");
    if (d->d.n > RECORD_MAX_D_BYTES || !utf8_valid(d->d))
        return err_set(err, ERR_LIMIT, "the name (d) has %zu bytes (at most %d)", d->d.n, RECORD_MAX_D_BYTES);
    if (d->text.n > RECORD_MAX_ARTICLE_BYTES)
        return err_set(
            err, ERR_LIMIT, "the text has %zu bytes (at most %u)", d->text.n, RECORD_MAX_ARTICLE_BYTES);
    struct str name = d->d.n ? d->d : make_d(arena, title, rng);
    record_draft_tag_strs(out, (struct str[]){STR("d"), name}, 2);
    record_draft_tag_strs(out, (struct str[]){STR("title"), title}, 2);
    if (summary.n)
        record_draft_tag_strs(out, (struct str[]){STR("summary"), summary}, 2);
    if (image.n)
        record_draft_tag_strs(out, (struct str[]){STR("image"), image}, 2);
    if (d->published_at)
        record_draft_tag_strs(out,
            (struct str[]){STR("published_at"), arena_printf(arena, "%lld", (long long)d->published_at)}, 2);
    struct str plain = STR("");
    if (!d->language.n && markdown_plain(arena, d->text, &plain, NULL))
        plain = d->text;
    if ((status = add_topics(d, out, err)) || (status = add_license(d, out, err)) ||
        (status = add_language(d, plain, out, err)) || (status = add_credits(d, out, err)))
        return status;
    if (source.n)
        record_draft_tag_strs(out, (struct str[]){STR("r"), source, STR("source")}, 3);
    const char *type = NULL;
    if (image.n && (alt.n || media_address(image, &type)))
        add_picture(out, image, media_address(image, &type) ? type : NULL, alt);
    add_pictures(d->text, out);
    record_draft_content(out, d->text);
    return check_size(out, err);
}
