/* draft.c: making a record field by field, in an arena. Signing it is sign.c's, in the keeper. */
#include "record/record.h"

#include <stdarg.h>

void record_draft_init(struct record_draft *d, struct arena *arena, uint32_t kind, int64_t created_at)
{
    *d = (struct record_draft){.arena = arena, .r = {.kind = kind, .created_at = created_at}};
    d->r.content = STR("");
}

/* Nothing may go missing unseen, so the record becomes one that nobody signs. */
static void fail(struct record_draft *d)
{
    d->failed = true;
    d->r.kind = UINT32_MAX;
}

void record_draft_tag_strs(struct record_draft *d, const struct str *v, size_t n)
{
    if (!n) {
        fail(d);
        return;
    }
    if (d->r.tag_count == d->tag_cap) {
        size_t cap = d->tag_cap ? 2 * d->tag_cap : 16;
        struct tag *more = ARENA_ARRAY(d->arena, struct tag, cap);
        if (!more) {
            fail(d);
            return;
        }
        if (d->r.tag_count)
            memcpy(more, d->r.tags, d->r.tag_count * sizeof *more);
        d->r.tags = more;
        d->tag_cap = cap;
    }
    struct str *copy = ARENA_ARRAY(d->arena, struct str, n);
    if (!copy) {
        fail(d);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        copy[i] = arena_str(d->arena, v[i]);
        if (!copy[i].p)
            fail(d);
    }
    d->r.tags[d->r.tag_count++] = (struct tag){copy, n};
}

void record_draft_tag(struct record_draft *d, const char *name, ...)
{
    struct str v[16] = {str_of(name)};
    size_t n = 1;
    va_list args;
    va_start(args, name);
    for (const char *z; (z = va_arg(args, const char *)); n++) {
        if (n == sizeof v / sizeof *v) {
            fail(d);
            break;
        }
        v[n] = str_of(z);
    }
    va_end(args);
    record_draft_tag_strs(d, v, n);
}

void record_draft_label(struct record_draft *d, const char *label_namespace, struct str value)
{
    record_draft_tag(d, "L", label_namespace, NULL);
    record_draft_tag_strs(d, (struct str[]){STR("l"), value, str_of(label_namespace)}, 3);
}

void record_draft_content(struct record_draft *d, struct str content)
{
    d->r.content = arena_str(d->arena, content);
    if (!d->r.content.p)
        fail(d);
}
