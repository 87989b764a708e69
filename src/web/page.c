/* page.c: what the pages' handlers share: links, names and texts of strangers made fit to be shown. */
#include "web/page.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "templates.gen.h"

enum page_form web__page_form(struct request *r, const char *piece, struct str *name)
{
    static const struct {
        struct str ending;
        enum page_form form;
    } endings[] = {
        {STR_INIT(".json"), PAGE_JSON},
        {STR_INIT(".atom"), PAGE_ATOM},
        {STR_INIT(".md"), PAGE_MARKDOWN},
    };
    struct str path = request_path(r);
    *name = piece ? request_param(r, piece) : (struct str){"", 0};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (!str_ends(path, endings[i].ending))
            continue;
        if (name->n >= endings[i].ending.n)
            name->n -= endings[i].ending.n;
        return endings[i].form;
    }
    return PAGE_HTML;
}

static void add_percent(struct buf *out, struct str piece)
{
    /* What RFC 3986 calls pchar, without what frameworks like to read a meaning into. */
    for (size_t i = 0; i < piece.n; i++) {
        unsigned char c = (unsigned char)piece.p[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("-._~", c))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
}

struct str web__page_link(struct arena *arena, const char *before, struct str piece, const char *after)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, before);
    struct str last = {NULL, 0};
    if (str_ends(piece, STR(".json")))
        last = STR("%2Ejson");
    else if (str_ends(piece, STR(".atom")))
        last = STR("%2Eatom");
    else if (str_ends(piece, STR(".md")))
        last = STR("%2Emd");
    add_percent(&out, str_slice(piece, 0, piece.n - (last.n ? last.n - 2 : 0)));
    buf_adds(&out, last);
    buf_addz(&out, after);
    return arena_str(arena, buf_str(&out));
}

struct str web__article_link(struct arena *arena, const char *code, const char *after)
{
    return arena_printf(arena, "/r/%s%s", code, after);
}

struct str web__npub(struct arena *arena, const struct pubkey *key)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    nip19_npub(key, &out);
    return arena_str(arena, buf_str(&out));
}

struct str web__author_link(struct arena *arena, const struct pubkey *key, const char *ending)
{
    struct str npub = web__npub(arena, key);
    return arena_printf(arena, "/by/%.*s%s", STR_ARG(npub), ending);
}

struct str web__id_hex(struct arena *arena, const struct record_id *id)
{
    char hex[65];
    hex_encode(id->b, sizeof id->b, hex);
    return arena_str(arena, str_of(hex));
}

bool web__id_from_hex(struct str text, struct record_id *out)
{
    return hex_decode(text, out->b, sizeof out->b);
}

/* Characters that would act on what stands around them: controls, and those that turn the direction of
 * writing without turning it back. ZWNJ and ZWJ stay: Persian, Hindi and emoji need them. */
static bool is_trick(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0x200b || c == 0x2060 || c == 0xfeff || c == 0xfffe ||
           c == 0xffff || (c >= 0xe0000 && c <= 0xe007f);
}

static struct str clean(struct arena *arena, struct str s, size_t max, bool lines)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    bool space = false, cut = false;
    for (size_t at = 0; at < s.n;) {
        size_t from = at;
        uint32_t c = utf8_next(s, &at);
        bool feed = c == '\n' && lines;
        if (!feed && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029)) {
            space = lines ? true : out.n > 0;
            if (lines) {
                buf_addc(&out, ' ');
                space = false;
            }
            continue;
        }
        if (!feed && is_trick(c))
            continue;
        if (max && out.n + (at - from) + space > max) {
            cut = true;
            break;
        }
        if (space)
            buf_addc(&out, ' ');
        space = false;
        utf8_add(&out, c);
    }
    if (cut)
        buf_addz(&out, "…");
    return arena_str(arena, buf_str(&out));
}

struct str web__line(struct arena *arena, struct str s, size_t max)
{
    return clean(arena, s, max, false);
}

struct str web__text(struct arena *arena, struct str s)
{
    return clean(arena, s, 0, true);
}

struct str web__author_name(struct request *r, struct str name, const struct pubkey *key)
{
    struct arena *arena = request_arena(r);
    struct account account;
    struct str line = web__line(arena, name, 80);
    if (line.n)
        return line;
    if (node_account_by_key(request_read(r), arena, key, &account, NULL) == 0 && account.name.n)
        return account.name;
    struct str npub = web__npub(arena, key);
    return arena_printf(arena, "%.*s…%.*s", 10, npub.p, 4, npub.p + npub.n - 4);
}

unsigned web__minutes(uint32_t words)
{
    return words ? news_reading_minutes(words) : 0;
}

struct str web__outward(struct str url)
{
    if (url.n > 2048 || (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://"))))
        return (struct str){"", 0};
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == 0x7f)
            return (struct str){"", 0};
    return url;
}

const char *web__license_meaning(const struct license *license)
{
    if (!license)
        return "";
    if (!license->free)
        return M("This licence does not let others change or use the text for every purpose.");
    if (!license->attribution)
        return M("Anyone may use, change and republish this text without asking.");
    if (strstr(license->id, "-SA"))
        return M("Anyone may use, change and republish this text, with credit and under the same licence.");
    return M("Anyone may use, change and republish this text, with credit.");
}

/* ISO 639-1, each with a space behind it. */
static const char two_letters[] =
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv "
    "cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho "
    "hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku "
    "kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn "
    "no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm "
    "sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi "
    "vo wa wo xh yi yo za zh zu ";

bool web__language_tag(struct str s)
{
    size_t run = 0, first = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == '-' ? run == 0 : !letter && !(c >= '0' && c <= '9' && first))
            return false;
        if (c == '-' && !first)
            first = run;
        run = c == '-' ? 0 : run + 1;
        if (run > 8)
            return false;
    }
    first = first ? first : run;
    if (!run || s.n > 35 || first < 2 || first > 3)
        return false;
    if (first == 3)
        return true;
    char wanted[] = {(char)(s.p[0] | 0x20), (char)(s.p[1] | 0x20), ' ', 0};
    return strstr(two_letters, wanted) != NULL;
}

void web__content_view(struct view *v, struct str language)
{
    view_str(v, "content_lang", web__language_tag(language) ? language : STR("und"));
    view_str(v, "content_dir", language.n ? str_of(language_direction(language)) : STR("auto"));
}

void web__topics_view(struct request *r, struct view *v, const struct str *topics, size_t n)
{
    struct arena *arena = request_arena(r);
    size_t shown = n < 5 ? n : 5;
    view_bool(v, "has_topics", shown > 0);
    for (size_t i = 0; i < shown; i++) {
        struct view *topic = view_item(v, "topics");
        view_str(topic, "name", web__line(arena, topics[i], 40));
        view_str(topic, "link", web__page_link(arena, "/tag/", topics[i], ""));
    }
}

static struct str license_name(struct arena *arena, struct str id)
{
    const struct license *license = id.n ? license_find(id) : NULL;
    return license ? str_of(license->name) : web__line(arena, id, 40);
}

void web__item_view(struct request *r, struct view *v, const struct news_item *item)
{
    struct arena *arena = request_arena(r);
    struct str headline = web__line(arena, item->title, 200);
    web__content_view(v, item->language);
    web__topics_view(r, v, item->topics, item->topic_count);
    view_str(v, "headline", headline.n ? headline : locale_message(request_locale(r), M("Without a title")));
    view_str(v, "summary", web__line(arena, item->summary, 280));
    view_str(v, "link", web__article_link(arena, item->code, ""));
    view_str(v, "author", web__author_name(r, item->author_name, &item->address.pubkey));
    view_str(v, "author_link", web__author_link(arena, &item->address.pubkey, ""));
    view_time(v, "date", item->date);
    view_int(v, "minutes", web__minutes(item->words));
    view_int(v, "versions", item->revisions);
    view_bool(v, "many_versions", item->revisions > 1);
    view_str(v, "history_link", web__article_link(arena, item->code, "/history"));
    view_bool(v, "whole", item->whole);
    view_str(v, "license", license_name(arena, item->license));
    view_bool(v, "has_snippet", false);
}

/* ---- an article's text */

/* The page's title is its h1. Some texts begin their headings at #, others, which count the title as the
 * first, at ##: both are to begin at h2. */
static unsigned heading_shift(struct str markdown)
{
    struct str line;
    while (str_cut(&markdown, '\n', &line))
        if (str_starts(line, STR("# ")) || str_starts(line, STR("===")))
            return 1;
    return 0;
}

int web__text_html(struct request *r, struct str markdown, struct str *html, struct err *err)
{
    const struct markdown_options options = {.link = news_link, .heading_shift = heading_shift(markdown)};
    return markdown_render(request_arena(r), markdown, &options, html, err);
}

void web__text_view(struct request *r, struct view *v, struct str markdown)
{
    struct str html;
    view_bool(v, "plain", false);
    if (web__text_html(r, markdown, &html, NULL) == 0)
        view_html(v, "text", html);
    else
        view_str(v, "plain", web__text(request_arena(r), markdown));
}
