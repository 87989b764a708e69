/* page_site.c: what programs ask of a site: sitemap, robots.txt, the service
 * worker and the page it shows without a connection. */
#include "templates.gen.h"
#include "web/page.h"
#include "web/pages.h"
#include "web/static.h"

#include <inttypes.h>

/* ---- the sitemap: the log in stretches of so many places, each a file of its own, so that a stretch that is
 * full hardly changes again and no file comes near the 50,000 addresses that are allowed */

#define STRETCH 20000u

struct sitemap {
    struct request *r;
    struct buf *out;
    uint64_t last; /* the stretch's last place */
    uint64_t at;
};

static void add_location(
    struct request *r, struct buf *out, const char *element, struct str path, int64_t changed)
{
    char date[32];
    buf_addf(out, "<%s><loc>", element);
    buf_adds(out, request_origin(r)); /* checked: no character that XML minds */
    buf_adds(out, path);
    buf_addz(out, "</loc>");
    if (changed) {
        time_rfc3339(changed, date, sizeof date);
        buf_addf(out, "<lastmod>%s</lastmod>", date);
    }
    buf_addf(out, "</%s>\n", element);
}

static int on_place(void *ctx, const struct store_found *f)
{
    struct sitemap *s = ctx;
    char code[NEWS_CODE_CHARS + 1];
    s->at = f->seq;
    if (f->seq > s->last)
        return 1;
    if (f->state != STORE_CURRENT || f->record.kind != KIND_ARTICLE)
        return 0;
    struct address address = {KIND_ARTICLE, f->record.pubkey, record_d(&f->record)};
    news_article_code(&address, code);
    add_location(s->r, s->out, "url", web__article_link(request_arena(s->r), code, ""), f->record.created_at);
    return 0;
}

static int add_stretch(struct request *r, uint64_t number, struct buf *out, struct err *err)
{
    struct sitemap s = {.r = r, .out = out, .last = (number + 1) * STRETCH, .at = number * STRETCH};
    for (;;) {
        uint64_t before = s.at;
        int n = store_follow(request_read(r), s.at, 1000, STORE_PARSE, on_place, &s, err);
        if (n < 0)
            return n;
        if (s.at == before || s.at >= s.last)
            return 0;
    }
}

static const char urlset_begin[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                                   "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";

static void answer_stretch(struct request *r, uint64_t number)
{
    struct err err;
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, urlset_begin);
    if (number == 0) {
        add_location(r, &out, "url", STR("/"), 0);
        add_location(r, &out, "url", STR("/topics"), 0);
        add_location(r, &out, "url", STR("/languages"), 0);
    }
    if (add_stretch(r, number, &out, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    buf_addz(&out, "</urlset>\n");
    answer_bytes(r, 200, "application/xml; charset=utf-8", buf_str(&out));
}

static void sitemap(struct request *r)
{
    uint64_t last = store_read_seq(request_read(r));
    if (last <= STRETCH) {
        answer_stretch(r, 0);
        return;
    }
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                   "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for (uint64_t number = 0; number <= (last - 1) / STRETCH && number < 50000; number++)
        add_location(
            r, &out, "sitemap", arena_printf(request_arena(r), "/sitemap/%" PRIu64 ".xml", number), 0);
    buf_addz(&out, "</sitemapindex>\n");
    answer_bytes(r, 200, "application/xml; charset=utf-8", buf_str(&out));
}

static void sitemap_stretch(struct request *r)
{
    struct err err;
    uint64_t number, last = store_read_seq(request_read(r));
    struct str name = request_param(r, "number");
    if (!str_ends(name, STR(".xml")) ||
        !str_to_u64(str_slice(name, 0, name.n - 4), last / STRETCH, &number)) {
        err_set(&err, ERR_NOT_FOUND, M("There is no such part of the sitemap."));
        answer_error(r, &err);
        return;
    }
    answer_stretch(r, number);
}

static void robots(struct request *r)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    buf_addz(&out, "User-agent: *\nDisallow: /search\nDisallow: /write\nDisallow: /me\nDisallow: /account\n"
                   "Disallow: /sign-in\nDisallow: /r/*/diff\nDisallow: /r/*/history\nDisallow: /r/*/v/\n"
                   "Crawl-delay: 1\n\nSitemap: ");
    buf_adds(&out, request_origin(r));
    buf_addz(&out, "/sitemap.xml\n");
    answer_bytes(r, 200, "text/plain; charset=utf-8", buf_str(&out));
}

/* ---- without a connection */

static void service_worker(struct request *r)
{
    const struct static_file *file = static_find("service-worker.js");
    answer_header(r, "Cache-Control", STR("no-cache"));
    answer_bytes(r, 200, file->media_type, (struct str){(const char *)file->bytes, file->n});
}

static void offline(struct request *r)
{
    struct view *v = view_create(request_arena(r));
    view_bool(v, "noindex", true);
    answer_page(r, 200, &template_offline, v, locale_message(request_locale(r), M("No connection")));
}

const struct route page_site_routes[] = {
    {"GET", "/sitemap.xml", sitemap, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "all articles' addresses, or the list of parts"},
    {"GET", "/sitemap/{number}", sitemap_stretch, ANYONE, CSRF_NONE, POOL, CACHE_PUBLIC, 0,
        "one part of the sitemap"},
    {"GET", "/robots.txt", robots, ANYONE, CSRF_NONE, INLINE, CACHE_NEVER, 0,
        "what search engines may fetch"},
    {"GET", "/service-worker.js", service_worker, ANYONE, CSRF_NONE, INLINE, CACHE_NEVER, 0,
        "keeps pages that were read, in the browser"},
    {"GET", "/offline", offline, ANYONE, CSRF_NONE, INLINE, CACHE_PUBLIC, 0,
        "shown instead of a page that cannot be fetched"},
    {NULL},
};
