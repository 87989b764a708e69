/* atom.c: a list of articles as an Atom feed (RFC 4287), with the whole text of those whose licence lets it.
 * An entry's id is the article's Nostr address (NIP-21): the same on every node, so that a reader of two
 * nodes sees it once. */
#include "base/utf8.h"
#include "web/page.h"

/* Text of strangers in XML 1.0: characters that it cannot hold at all are left out. */
static void add_xml(struct buf *out, struct str s)
{
    for (size_t at = 0; at < s.n;) {
        uint32_t c = utf8_next(s, &at);
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff)
            continue;
        switch (c) {
        case '&':
            buf_addz(out, "&amp;");
            break;
        case '<':
            buf_addz(out, "&lt;");
            break;
        case '>':
            buf_addz(out, "&gt;");
            break;
        case '"':
            buf_addz(out, "&quot;");
            break;
        case '\r':
            buf_addz(out, "&#13;");
            break;
        default:
            utf8_add(out, c);
        }
    }
}

static void add_element(struct buf *out, const char *name, struct str value)
{
    buf_addf(out, "<%s>", name);
    add_xml(out, value);
    buf_addf(out, "</%s>\n", name);
}

static void add_time(struct buf *out, const char *name, int64_t unix_seconds)
{
    char text[32];
    time_rfc3339(unix_seconds, text, sizeof text);
    add_element(out, name, str_of(text));
}

static void add_link(struct buf *out, const char *rel, const char *type, struct str origin, struct str path)
{
    buf_addf(out, "<link rel=\"%s\"", rel);
    if (type)
        buf_addf(out, " type=\"%s\"", type);
    buf_addz(out, " href=\"");
    add_xml(out, origin);
    add_xml(out, path);
    buf_addz(out, "\"/>\n");
}

/* The whole text as HTML where the licence lets us; false where there is none to give. */
static bool add_content(struct request *r, struct buf *out, const struct news_item *item)
{
    struct arena *arena = request_arena(r);
    struct store_found found;
    struct article article;
    struct str html;
    if (!item->whole || store_get_seq(request_read(r), arena, item->seq, &found, NULL) != 0 ||
        news_article_read(arena, &found.record, &article, NULL) != 0 || !article.whole ||
        web__text_html(r, found.record.content, &html, NULL) != 0)
        return false;
    buf_addz(out, "<content type=\"html\" xml:base=\"");
    add_xml(out, request_origin(r));
    buf_addz(out, "/\">");
    add_xml(out, html);
    buf_addz(out, "</content>\n");
    return true;
}

static void add_entry(struct request *r, struct buf *out, const struct news_item *item)
{
    struct arena *arena = request_arena(r);
    struct str origin = request_origin(r), none = {"", 0};
    buf_addz(out, "<entry");
    if (web__language_tag(item->language)) {
        buf_addz(out, " xml:lang=\"");
        add_xml(out, item->language);
        buf_addc(out, '"');
    }
    buf_addz(out, ">\n<id>nostr:");
    nip19_naddr(&item->address, out);
    buf_addz(out, "</id>\n");
    struct str title = web__line(arena, item->title, 500);
    add_element(out, "title", title.n ? title : locale_message(request_locale(r), M("Without a title")));
    add_link(out, "alternate", "text/html", origin, web__article_link(arena, item->code, ""));
    struct str source = web__outward(item->source);
    if (source.n)
        add_link(out, "via", NULL, none, source);
    add_time(out, "published", item->date);
    add_time(out, "updated", item->revised_at);
    buf_addz(out, "<author>");
    add_element(out, "name", web__author_name(r, item->author_name, &item->address.pubkey));
    buf_addz(out, "<uri>");
    add_xml(out, origin);
    add_xml(out, web__author_link(arena, &item->address.pubkey, ""));
    buf_addz(out, "</uri></author>\n");
    for (size_t i = 0; i < item->credit_count; i++) {
        struct str name = web__line(arena, item->credits[i].name, 200);
        struct str link = web__outward(item->credits[i].link);
        if (!name.n)
            continue;
        buf_addz(out, "<contributor>");
        add_element(out, "name", name);
        if (link.n)
            add_element(out, "uri", link);
        buf_addz(out, "</contributor>\n");
    }
    for (size_t i = 0; i < item->topic_count; i++) {
        buf_addz(out, "<category term=\"");
        add_xml(out, item->topics[i]);
        buf_addz(out, "\"/>\n");
    }
    const struct license *license = item->license.n ? license_find(item->license) : NULL;
    if (license) {
        add_element(
            out, "rights", arena_printf(arena, "%s %s", license->name, license->url ? license->url : ""));
        if (license->url)
            add_link(out, "license", NULL, none, str_of(license->url));
    } else if (item->license.n) {
        add_element(out, "rights", web__line(arena, item->license, 200));
    }
    struct str summary = web__line(arena, item->summary, 1000);
    bool whole = add_content(r, out, item);
    if (summary.n || !whole)
        add_element(out, "summary", summary.n ? summary : title);
    buf_addz(out, "</entry>\n");
}

void web__listing_atom(struct request *r, const struct listing *l, struct buf *out)
{
    struct arena *arena = request_arena(r);
    struct str origin = request_origin(r);
    struct str base = str_eqz(l->path, "/") ? STR("/index") : l->path;
    struct str self = arena_printf(
        arena, "%.*s.atom%s%.*s", STR_ARG(base), l->query.n ? "?" : "", STR_ARG(l->query));
    int64_t updated = 0;
    for (size_t i = 0; i < l->n; i++)
        updated = l->items[i].revised_at > updated ? l->items[i].revised_at : updated;
    buf_addz(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" "
                  "xml:lang=\"");
    buf_addz(out, locale_code(request_locale(r)));
    buf_addz(out, "\">\n<id>");
    add_xml(out, origin);
    add_xml(out, self);
    buf_addz(out, "</id>\n");
    add_element(out, "title",
        l->title.n ? web__line(arena, l->title, 200)
                   : locale_message(request_locale(r), M("The newest articles")));
    add_element(out, "subtitle", l->why_text.n ? l->why_text : locale_message(request_locale(r), l->why));
    add_time(out, "updated", updated);
    add_link(out, "self", "application/atom+xml", origin, self);
    add_link(out, "alternate", "text/html", origin,
        arena_printf(arena, "%.*s%s%.*s", STR_ARG(l->path), l->query.n ? "?" : "", STR_ARG(l->query)));
    if (l->older.n) {
        struct str next = arena_printf(
            arena, "%.*s%s%.*s", STR_ARG(self), l->query.n ? "&" : "?", STR_ARG(l->older));
        add_link(out, "next", "application/atom+xml", origin, next);
    }
    for (size_t i = 0; i < l->n; i++)
        add_entry(r, out, &l->items[i]);
    buf_addz(out, "</feed>\n");
}
