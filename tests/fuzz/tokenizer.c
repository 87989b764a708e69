/* tokenizer.c: fuzz target: any bytes cut into words, in each way; positions, places and folding must hold.
 */
#include "base/tokenizer.h"
#include "base/utf8.h"
#include "target.h"

struct seen {
    struct str text;
    unsigned flags;
    size_t n, start;
    uint32_t position;
};

static int check(void *ctx, const struct token *t)
{
    struct seen *s = ctx;
    MUST(t->folded.n > 0 && utf8_valid(t->folded));
    MUST(t->start < t->end && t->end <= s->text.n);
    MUST(t->start >= s->start);
    MUST(t->again ? s->n > 0 && t->position == s->position : !s->n || t->position == s->position + 1);
    MUST(!t->again || s->flags == 0);
    MUST(!t->prefix || s->flags & TOKEN_FOR_QUERY);
    s->start = t->start;
    s->position = t->position;
    s->n++;
    return s->n == 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned ways[] = {0, TOKEN_FOR_QUERY, TOKEN_WHOLE_RUNS};
    for (size_t i = 0; i < 3; i++) {
        struct seen s = {.text = {(const char *)data, size}, .flags = ways[i]};
        tokenize(s.text, ways[i], check, &s);
    }
    return 0;
}
