/* markdown.c: fuzz target: whatever the Markdown, the HTML is well-formed and harmless; both outputs agree on
 * bombs. */
#include "news/html_check.h"
#include "news/news.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena _cleanup_arena_ = arena_create(128u << 20);
    struct str text = {(const char *)data, size}, html, plain;
    struct err err;
    int rc = markdown_render(
        arena, text, &(struct markdown_options){.link = news_link, .heading_shift = 1}, &html, &err);
    MUST(rc == 0 || (rc == ERR_LIMIT && err.what[0]));
    MUST(markdown_plain(arena, text, &plain, &err) == rc);
    if (rc)
        return 0;
    struct html_faults faults;
    bool good = html_check(html, &faults);
    if (!good)
        fprintf(stderr, "%s\n%.*s\n", faults.what, STR_ARG(html));
    MUST(good);
    MUST(text_words(plain) <= plain.n);
    return 0;
}
