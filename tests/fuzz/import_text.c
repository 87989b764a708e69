/* import_text.c: fuzz target: front matter and conversion of a Markdown file from anywhere: bounded output,
 * no crash. */
#include "base/utf8.h"
#include "news/convert.h"
#include "news/front_matter.h"
#include "target.h"

static bool find_article(void *ctx, struct str target, struct buf *out)
{
    (void)ctx;
    if (!target.n || (target.p[0] & 1))
        return false;
    buf_addz(out, "nostr:naddr1x");
    return true;
}

static bool take_picture(void *ctx, struct str path, struct buf *out)
{
    (void)ctx;
    if (!path.n || (path.p[0] & 1))
        return false;
    buf_addz(out, "/media/x.png");
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str file = {(const char *)data, size}, body = STR("");
    if (!utf8_valid(file))
        return 0;
    struct arena *arena _cleanup_arena_ = arena_create(64u << 20);
    struct yaml_value front;
    struct err err;
    int rc = news__front_matter(arena, file, &front, &body, &err);
    MUST(rc == 0 || err.what[0]);
    if (rc)
        body = file;
    else
        MUST(front.type == YAML_MAP);
    struct convert c = {.find_article = find_article, .take_picture = take_picture};
    struct buf zero _cleanup_buf_ = BUF_INIT;
    news__convert_liquid(&c, body, &zero);
    MUST(zero.n <= 16 * body.n + 64 && utf8_valid(buf_str(&zero)));
    struct buf one _cleanup_buf_ = BUF_INIT, two _cleanup_buf_ = BUF_INIT, three _cleanup_buf_ = BUF_INIT;
    news__convert_shortcodes(&c, buf_str(&zero), &one);
    news__convert_html(buf_str(&one), &two);
    news__convert_links(&c, buf_str(&two), &three);
    MUST(one.n <= 64 * zero.n + 64 && two.n <= 70 * (one.n + 1) && three.n <= 4 * (two.n + 16));
    MUST(utf8_valid(buf_str(&three)));
    return 0;
}
