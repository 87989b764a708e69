/* import_article.c: one Markdown file of another system becomes an article: front matter by the names that
 * Hugo, Jekyll and Ghost use, shortcodes, HTML, links, pictures. What is not under a free licence keeps
 * title, summary and link. */
#include "news/convert.h"
#include "news/import.h"
#include "news/markdown.h"
#include "news/news.h"

#include "base/utf8.h"

#include <sodium.h>

enum { max_topics = 50, max_credits = 50 };

/* One file on its way. */
struct page {
    struct import *im;
    const struct import_file *file;
    struct arena *arena;
    struct yaml_value front;
    struct str body;
    uint64_t pictures;
};

static const char *const titles[] = {"title", NULL};
static const char *const drafts[] = {"draft", NULL};
static const char *const published_flags[] = {"published", NULL};
static const char *const statuses[] = {"status", NULL};
static const char *const audiences[] = {"visibility", NULL};
static const char *const summaries[] = {"summary", "description", "custom_excerpt", "excerpt", "deck",
    "subtitle", "dek", "lead", "meta_description", "abstract", NULL};
static const char *const dates[] = {
    "date", "published_at", "publishDate", "publish_date", "pubDate", "date_published", "published", NULL};
static const char *const languages[] = {"lang", "language", "locale", NULL};
static const char *const licenses[] = {"license", "licence", "license_url", "rights", NULL};
static const char *const sources[] = {
    "source_url", "canonical_url", "canonicalUrl", "canonical", "original_url", "external_url", NULL};
static const char *const source_names[] = {"source", "source_name", "publication", NULL};
static const char *const images[] = {"image", "featured_image", "featuredImage", "feature_image", "cover",
    "cover_image", "coverImage", "primary_image", "thumbnail", "og_image", NULL};
static const char *const image_alts[] = {
    "image_alt", "feature_image_alt", "featured_image_alt", "cover_alt", "alt", NULL};
static const char *const author_names[] = {"authors", "author", "primary_author", "byline", NULL};
static const char *const topic_names[] = {
    "topics", "tags", "tag", "topic", "categories", "category", "keywords", NULL};

/* ---- reading and refusing */

static bool says(const struct yaml_value *front, const char *const *names, const char *a, const char *b)
{
    struct str value = news__yaml_text(news__yaml_find(front, names));
    return str_eq_nocase(value, str_of(a)) || (b && str_eq_nocase(value, str_of(b)));
}

static bool has_part(struct str path, const char *name)
{
    struct str part;
    while (str_cut(&path, '/', &part))
        if (str_eqz(part, name))
            return true;
    return false;
}

/* Whether a folder of that name lies above the file: Jekyll tells drafts and dates by where a file lies. */
static bool lies_in(const struct page *p, const char *folder)
{
    return has_part(p->file->path, folder) || has_part(p->im->place, folder);
}

/* What its own site shows to some readers only is not ours to publish for good. */
static int check_audience(const struct page *p, struct err *err)
{
    static const char *const closed[] = {"members", "paid", "tiers", "private", "internal", "hidden"};
    struct str seen_by = news__yaml_text(news__yaml_find(&p->front, audiences));
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (str_eq_nocase(seen_by, str_of(closed[i]))) {
            err_set(err, ERR_INPUT, "it is not for everybody (visibility: %s)", closed[i]);
            err_todo(err, "take that line away if it may be public for good");
            return ERR_INPUT;
        }
    if (says(&p->front, drafts, "true", "yes") || says(&p->front, published_flags, "false", "no") ||
        says(&p->front, statuses, "draft", "scheduled") || lies_in(p, "_drafts"))
        return err_set(err, ERR_INPUT, "it is a draft");
    return 0;
}

static int check_utf8(struct str text, struct err *err)
{
    if (utf8_valid(text))
        return 0;
    size_t good = 0, bad = text.n; /* by halves: the longest prefix that is valid but for a cut character */
    while (good + 8 < bad) {
        size_t middle = good + (bad - good) / 2;
        struct str left = str_slice(text, 0, middle);
        for (size_t cut = 0; cut < 4 && left.n && !utf8_valid(left); cut++)
            left.n--;
        if (utf8_valid(left))
            good = left.n > good ? left.n : good + 1;
        else
            bad = middle;
    }
    size_t at = good > 4 ? good - 4 : 0;
    while (at && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at--;
    while (at < text.n) {
        size_t next = at;
        uint32_t c = utf8_next(text, &next);
        if (c == 0xfffd && !utf8_valid(str_slice(text, at, next)))
            break;
        at = next;
    }
    err_set(err, ERR_INPUT, "the text is not valid UTF-8 at byte %zu", at);
    err_todo(err, "save it as UTF-8");
    return ERR_INPUT;
}

static int open_page(
    struct import *im, struct arena *arena, const struct import_file *file, struct page *out, struct err *err)
{
    *out = (struct page){.im = im, .file = file, .arena = arena};
    if (!file->markdown) {
        err_set(err, ERR_INPUT, "not Markdown (.md, .markdown)");
        return ERR_INPUT;
    }
    if (!file->name.n)
        return err_set(err, ERR_INPUT, "its name is not valid UTF-8");
    struct str bytes;
    int status = news__import_read(im, arena, file->path, RECORD_MAX_ARTICLE_BYTES, &bytes, err);
    if (!status)
        status = check_utf8(bytes, err);
    if (!status && memchr(bytes.p, 0, bytes.n))
        status = err_set(err, ERR_INPUT, "it holds zero bytes: this is no text");
    if (!status)
        status = news__front_matter(arena, bytes, &out->front, &out->body, err);
    return status ? status : check_audience(out, err);
}

/* A text of one line as readers see it: without tags, entities as characters. */
static struct str line(struct page *p, struct str text)
{
    _cleanup_buf_ struct buf out = BUF_INIT;
    news__html_text(text, &out);
    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == '\n')
            out.p[i] = ' ';
    return arena_str(p->arena, str_trim(buf_str(&out)));
}

/* The title: the front matter's, or the first heading of level one, which then goes from the text. */
static struct str take_title(struct page *p)
{
    struct str title = line(p, news__yaml_text(news__yaml_find(&p->front, titles)));
    if (title.n)
        return title;
    struct str rest = p->body, first;
    while (str_cut(&rest, '\n', &first))
        if (str_trim(first).n)
            break;
    if (!first.p || !str_starts(first, STR("# ")))
        return STR("");
    p->body = rest.p ? rest : STR("");
    struct str text = str_trim(str_slice(first, 2, first.n));
    while (text.n && text.p[text.n - 1] == '#')
        text = str_trim(str_slice(text, 0, text.n - 1));
    struct str plain;
    return markdown_plain(p->arena, text, &plain, NULL) ? text : plain;
}

/* A summary may have marks of emphasis and links. */
static struct str take_summary(struct page *p)
{
    struct str text = line(p, news__yaml_text(news__yaml_find(&p->front, summaries)));
    /* A letter before it, so that "1. May" is no list. */
    struct str marked = arena_printf(p->arena, "x %.*s", STR_ARG(text)), plain;
    if (!text.n || !marked.p || markdown_plain(p->arena, marked, &plain, NULL) || plain.n < 2)
        return text;
    enum { longest = 2000 };
    plain = str_trim(str_slice(plain, 2, plain.n));
    return plain.n > longest ? utf8_cut(plain, longest) : plain;
}

/* "_posts/2015-03-04-name.md": Jekyll's way to say the date; 0 where the name does not begin with one. */
static int64_t date_of_name(const struct page *p)
{
    enum { date_bytes = 10 };
    struct str path = p->file->path, name;
    while (str_cut(&path, '/', &name))
        ;
    int64_t date;
    bool dated = name.n > date_bytes && name.p[date_bytes] == '-' && lies_in(p, "_posts");
    return dated && time_parse(str_slice(name, 0, date_bytes), &date) ? date : 0;
}

static int take_date(struct page *p, int64_t *out, struct err *err)
{
    const struct yaml_value *found = news__yaml_find(&p->front, dates);
    struct str text = news__yaml_text(found);
    *out = text.n ? 0 : date_of_name(p);
    if (text.n && !str_eq_nocase(text, STR("true")) && time_parse(text, out) && *out == 0)
        *out = 1; /* 0 is no date: the first day of 1970 begins a second later */
    if (!text.n || str_eq_nocase(text, STR("true")) || *out)
        return 0;
    err_set(err, ERR_INPUT, "its date is no date: %.*s", (int)(text.n > 60 ? 60 : text.n), text.p);
    err_todo(err, "write it as 2026-11-23 or 2026-11-23T10:00:00Z");
    return ERR_INPUT;
}

/* ---- lists of the front matter */

static void add_topic(struct article_draft *d, struct str *topics, struct str text)
{
    text = str_trim(text);
    if (text.n && text.n <= 100 && d->topic_count < max_topics)
        topics[d->topic_count++] = text;
}

static void add_topics(struct page *p, struct article_draft *d)
{
    struct str *topics = ARENA_ARRAY(p->arena, struct str, max_topics);
    for (size_t k = 0; topics && topic_names[k]; k++) {
        const char *const one[] = {topic_names[k], NULL};
        const struct yaml_value *v = news__yaml_find(&p->front, one);
        if (!v)
            continue;
        if (v->type == YAML_TEXT) { /* "a, b" */
            struct str rest = v->text, piece;
            while (str_cut(&rest, ',', &piece))
                add_topic(d, topics, line(p, piece));
        }
        for (size_t i = 0; v->type == YAML_LIST && i < v->n; i++) {
            static const char *const names[] = {"name", "slug", "title", NULL};
            const struct yaml_value *item = &v->items[i];
            add_topic(d, topics,
                line(p, news__yaml_text(item->type == YAML_MAP ? news__yaml_find(item, names) : item)));
        }
    }
    d->topics = topics;
}

static bool is_web(struct str address)
{
    return (str_starts(address, STR("https://")) || str_starts(address, STR("http://"))) &&
           str_find_char(address, ' ') == SIZE_MAX && address.n <= 2000;
}

static void add_credit(struct page *p, struct article_draft *d, struct credit credit)
{
    credit.name = line(p, credit.name);
    if (!credit.name.n || d->credit_count == max_credits)
        return;
    if (!is_web(credit.link))
        credit.link = STR("");
    if (!credit.role.p)
        credit.role = STR("");
    enum { longest = 300 };
    credit.name = utf8_cut(credit.name, longest);
    credit.role = utf8_cut(line(p, credit.role), longest);
    d->credits[d->credit_count++] = credit;
}

static void add_author(struct page *p, struct article_draft *d, const struct yaml_value *v)
{
    static const char *const names[] = {"name", "display_name", "title", "slug", NULL};
    static const char *const roles[] = {"role", "job", NULL};
    static const char *const links[] = {"link", "url", "website", "href", NULL};
    if (v->type == YAML_MAP) {
        struct str role = news__yaml_text(news__yaml_find(v, roles));
        add_credit(p, d,
            (struct credit){news__yaml_text(news__yaml_find(v, names)), role.n ? role : STR("author"),
                news__yaml_text(news__yaml_find(v, links))});
    } else if (v->type == YAML_TEXT)
        add_credit(p, d, (struct credit){v->text, STR("author"), STR("")});
}

/* `--credit`: "name | role | link", or "name https://…". */
static struct credit read_credit(struct str text)
{
    struct credit c = {.name = STR(""), .role = STR("source"), .link = STR("")};
    struct str rest = str_trim(text), piece;
    if (str_find_char(rest, '|') != SIZE_MAX) {
        struct str *const fields[] = {&c.name, &c.role, &c.link};
        for (size_t i = 0; i < 3 && str_cut(&rest, '|', &piece); i++)
            *fields[i] = str_trim(piece);
        return c;
    }
    size_t space = rest.n;
    while (space && rest.p[space - 1] != ' ')
        space--;
    if (space && is_web(str_slice(rest, space, rest.n))) {
        c.link = str_slice(rest, space, rest.n);
        rest = str_trim(str_slice(rest, 0, space - 1));
    }
    c.name = rest;
    return c;
}

static void add_credits(struct page *p, struct article_draft *d)
{
    d->credits = ARENA_ARRAY(p->arena, struct credit, max_credits);
    if (!d->credits)
        return;
    const struct yaml_value *authors = news__yaml_find(&p->front, author_names);
    if (authors && authors->type == YAML_LIST)
        for (size_t i = 0; i < authors->n; i++)
            add_author(p, d, &authors->items[i]);
    else if (authors)
        add_author(p, d, authors);
    struct str source = news__yaml_text(news__yaml_find(&p->front, source_names));
    if (source.n && !is_web(source))
        add_credit(p, d, (struct credit){source, STR("source"), d->source});
    if (p->im->options->credit)
        add_credit(p, d, read_credit(str_of(p->im->options->credit)));
}

static struct str take_source(struct page *p)
{
    struct str source = news__yaml_text(news__yaml_find(&p->front, sources));
    if (!is_web(source))
        source = news__yaml_text(news__yaml_find(&p->front, source_names));
    return is_web(source) ? source : STR("");
}

/* ---- what conversion asks */

static bool find_article(void *ctx, struct str target, struct buf *out)
{
    struct page *p = ctx;
    const struct import_file *found = news__import_find(p->im, p->file->name, target);
    if (!found)
        return false;
    struct address address = {.kind = KIND_ARTICLE, .pubkey = p->im->options->actor, .d = found->d};
    buf_addz(out, "nostr:");
    nip19_naddr(&address, out);
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* "/assets/a%20b.png?x#y" → "assets/a b.png" below folder, without "." and ".."; {NULL, 0} if it leaves the
 * root. */
static struct str picture_path(struct page *p, struct str folder, struct str address)
{
    _cleanup_buf_ struct buf path = BUF_INIT;
    _cleanup_buf_ struct buf decoded = BUF_INIT;
    for (size_t i = 0; i < address.n && address.p[i] != '?' && address.p[i] != '#'; i++) {
        int high = address.p[i] == '%' && i + 2 < address.n ? hex_digit(address.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(address.p[i + 2]) : -1;
        buf_addc(&decoded, low >= 0 ? (char)(high << 4 | low) : address.p[i]);
        i += low >= 0 ? 2 : 0;
    }
    struct str halves[2] = {folder, buf_str(&decoded)};
    for (size_t i = 0; i < 2; i++) {
        struct str rest = halves[i], part;
        while (str_cut(&rest, '/', &part)) {
            if (!part.n || str_eqz(part, "."))
                continue;
            if (!str_eqz(part, "..")) {
                buf_addz(&path, path.n ? "/" : "");
                buf_adds(&path, part);
                continue;
            }
            if (!path.n)
                return (struct str){NULL, 0};
            while (path.n && path.p[path.n - 1] != '/')
                path.n--;
            path.n -= path.n > 0;
        }
    }
    return path.n ? arena_str(p->arena, buf_str(&path)) : (struct str){NULL, 0};
}

static bool take_file(struct page *p, struct str path, struct buf *out)
{
    struct import *im = p->im;
    _cleanup_arena_ struct arena *arena = arena_create(0);
    _cleanup_buf_ struct buf clean = BUF_INIT;
    struct str bytes;
    struct picture about;
    uint8_t hash[32];
    struct err err;
    if (news__import_read(im, arena, path, PICTURE_MAX_BYTES, &bytes, &err) ||
        picture_clean(bytes, &clean, &about, &err) ||
        im->sink->blob(im->sink->ctx, buf_str(&clean), str_of(about.media_type), hash, &err))
        return false;
    char hex[2 * sizeof hash + 1];
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    buf_addf(out, "/media/%s.%s", hex, about.extension);
    p->pictures++;
    return true;
}

static bool take_picture(void *ctx, struct str address, struct buf *out)
{
    struct page *p = ctx;
    if (str_find(address, STR("://")) != SIZE_MAX || str_starts(address, STR("//")))
        return false;
    size_t slash = p->file->path.n;
    while (slash && p->file->path.p[slash - 1] != '/')
        slash--;
    struct str folder = str_slice(p->file->path, 0, slash);
    struct str beside = picture_path(p, folder, address), below = picture_path(p, STR(""), address);
    bool rooted = address.n && address.p[0] == '/';
    return (!rooted && beside.p && take_file(p, beside, out)) || (below.p && take_file(p, below, out));
}

static void take_image(struct page *p, struct article_draft *d)
{
    static const char *const addresses[] = {"src", "url", "path", "image", "file", "relative", NULL};
    static const char *const alts[] = {"alt", "description", "caption", NULL};
    const struct yaml_value *v = news__yaml_find(&p->front, images);
    while (v && v->type == YAML_LIST && v->n)
        v = &v->items[0];
    if (!v)
        return;
    struct str address = news__yaml_text(v->type == YAML_MAP ? news__yaml_find(v, addresses) : v);
    struct str alt = v->type == YAML_MAP ? news__yaml_text(news__yaml_find(v, alts)) : STR("");
    if (!alt.n)
        alt = news__yaml_text(news__yaml_find(&p->front, image_alts));
    _cleanup_buf_ struct buf found = BUF_INIT;
    if (is_web(address))
        d->image = address;
    else if (address.n && take_picture(p, address, &found))
        d->image = arena_str(p->arena, buf_str(&found));
    if (d->image.n)
        d->image_alt = utf8_cut(line(p, alt), 1000);
}

/* ---- the article */

/* The licence that holds: the file's own goes before --license; nothing is ever relabelled. */
static struct str take_license(struct page *p)
{
    static const char *const names[] = {"spdx", "id", "name", "type", "url", "link", NULL};
    const struct yaml_value *v = news__yaml_find(&p->front, licenses);
    if (v && v->type == YAML_MAP)
        v = news__yaml_find(v, names);
    struct str own = utf8_cut(line(p, news__yaml_text(v)), 100);
    if (own.n)
        return own;
    return p->im->options->license ? str_of(p->im->options->license) : STR("");
}

static struct str convert_text(struct page *p, struct import_article *out)
{
    struct convert c = {.ctx = p, .find_article = find_article, .take_picture = take_picture};
    _cleanup_buf_ struct buf without_liquid = BUF_INIT, without_shortcodes = BUF_INIT;
    _cleanup_buf_ struct buf without_html = BUF_INIT, text = BUF_INIT;
    news__convert_liquid(&c, p->body, &without_liquid);
    news__convert_shortcodes(&c, buf_str(&without_liquid), &without_shortcodes);
    news__convert_html(buf_str(&without_shortcodes), &without_html);
    news__convert_links(&c, buf_str(&without_html), &text);
    out->dropped = c.dropped;
    out->unresolved = c.unresolved;
    struct str s = buf_str(&text);
    while (s.n && (s.p[0] == '\n' || s.p[0] == '\r'))
        s = str_slice(s, 1, s.n);
    while (s.n && (unsigned char)s.p[s.n - 1] <= ' ')
        s.n--;
    struct str whole = s.n ? arena_printf(p->arena, "%.*s\n", STR_ARG(s)) : STR("");
    return whole.p ? whole : STR("");
}

static int missing(const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "it has no %s", what);
}

int news__import_check(
    struct import *im, struct arena *arena, const struct import_file *file, struct err *err)
{
    struct page p;
    int64_t date;
    int status = open_page(im, arena, file, &p, err);
    if (!status)
        status = take_date(&p, &date, err);
    if (!status && !take_title(&p).n)
        status = missing("title", err);
    return status;
}

int news__import_article(
    struct import *im, const struct import_file *file, struct import_article *out, struct err *err)
{
    struct arena *arena = out->draft.arena;
    struct page p;
    out->dropped = out->unresolved = out->pictures = 0;
    int status = open_page(im, arena, file, &p, err);
    if (status)
        return status;
    struct article_draft d = {.d = file->d, .text = STR("")};
    d.title = take_title(&p);
    d.summary = take_summary(&p);
    d.license = take_license(&p);
    d.source = take_source(&p);
    d.language = news__yaml_text(news__yaml_find(&p.front, languages));
    if (!d.title.n)
        return missing("title", err);
    if ((status = take_date(&p, &d.published_at, err)))
        return status;
    if (!str_trim(p.body).n && !d.summary.n && !d.source.n)
        return missing("text", err);
    add_topics(&p, &d);
    add_credits(&p, &d);
    const struct license *license = license_find(d.license);
    if (license && license->free) {
        take_image(&p, &d);
        d.text = convert_text(&p, out);
    } else if (!d.language.n) { /* the text stays away, but it tells the language */
        _cleanup_buf_ struct buf all = BUF_INIT;
        buf_addf(&all, "%.*s. %.*s\n", STR_ARG(d.title), STR_ARG(d.summary));
        struct str plain;
        buf_adds(&all, markdown_plain(arena, p.body, &plain, NULL) ? p.body : plain);
        d.language = news_language_detect(buf_str(&all));
    }
    out->pictures = p.pictures;
    status = news_article_write(&d, clock_now(&im->options->clock), NULL, &out->draft, err);
    if (!status)
        news_content_hash(&out->draft.r, out->hash);
    return status;
}
