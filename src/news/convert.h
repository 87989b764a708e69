/* convert.h: how other systems' Markdown becomes ours: shortcodes, HTML, links and pictures. Private to the
 * room. */
#ifndef WN_NEWS_CONVERT_H
#define WN_NEWS_CONVERT_H

#include "base/str.h"

#include <stdint.h>

/* What import knows and conversion asks. */
struct convert {
    void *ctx;
    /* Appends the address of the imported article that target (a Hugo ref, a relative link) means; false if
     * there is none. */
    bool (*find_article)(void *ctx, struct str target, struct buf *out);
    /* Takes in the picture that lies beside the text and appends its address; false if there is none. */
    bool (*take_picture)(void *ctx, struct str path, struct buf *out);
    uint64_t dropped;    /* shortcodes that left nothing behind */
    uint64_t unresolved; /* refs to nothing that is imported */
};

/* Where a ref led nowhere this stands as the address until news__convert_links() takes the link away. */
#define NEWS_UNRESOLVED "unresolved-ref:"

/* Jekyll's {% name … %}, {{ site.… }} and {: .class }. Appends to out, in linear time, as all
 * of these. */
void news__convert_liquid(struct convert *c, struct str text, struct buf *out);
/* Hugo's {{< name … >}} and {{% name … %}}. Linear time. */
void news__convert_shortcodes(struct convert *c, struct str text, struct buf *out);
/* HTML between the Markdown: links, pictures, paragraphs, lists, headings, emphasis as Markdown; of the rest
 * its text. Code stays as it is. */
void news__convert_html(struct str text, struct buf *out);
/* Addresses of links and pictures that lie in the import's folder. */
void news__convert_links(struct convert *c, struct str text, struct buf *out);

/* Copies a fenced block or a run of code that begins at `at` and returns the index behind it; `at` itself
 * where none begins there. line_start: at is the first character of a line. */
size_t news__copy_code(struct str text, size_t at, bool line_start, struct buf *out);

#endif
