/* driver.c: runs a fuzz target as an ordinary test: its seeds, and mutations of them from a fixed seed.
 *
 * Not a fuzzer: it finds no new paths. It keeps the targets building and their properties true in every
 * build. */
#include "check.h"
#include "target.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define MUTATIONS 300 /* of each seed */

/* A copy on the heap of exactly n bytes, so that a sanitizer sees a read beyond. */
static void run(const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void mutate(struct seeded *s, struct buf *b)
{
    static const char tokens[] = "\"\\{}[]:,0 9ue#\x00\x1f\x80\xc0\xed\xf4\xff";
    for (uint64_t times = 1 + seeded_below(s, 4); times && b->n; times--) {
        size_t at = seeded_below(s, b->n), other = seeded_below(s, b->n);
        switch (seeded_below(s, 5)) {
        case 0:
            b->p[at] = (char)(b->p[at] ^ 1 << seeded_below(s, 8));
            break;
        case 1:
            b->p[at] = tokens[seeded_below(s, sizeof tokens - 1)];
            break;
        case 2:
            b->n = at;
            break;
        case 3: /* cut a piece out */
            if (at > other) {
                memmove(b->p + other, b->p + at, b->n - at);
                b->n -= at - other;
            }
            break;
        default: { /* repeat a piece */
            size_t n = b->n - at < 200 ? b->n - at : 200;
            buf_reserve(b, n);
            memmove(b->p + at + n, b->p + at, b->n - at);
            b->n += n;
        }
        }
    }
}

static size_t run_file(struct seeded *s, const char *directory, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    struct buf seed _cleanup_buf_ = BUF_INIT;
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        buf_add(&seed, block, n);
    fclose(file);
    run(buf_str(&seed).p, seed.n);
    for (int i = 0; i < MUTATIONS; i++) {
        struct buf changed _cleanup_buf_ = BUF_INIT;
        buf_adds(&changed, buf_str(&seed));
        mutate(s, &changed);
        run(buf_str(&changed).p, changed.n);
    }
    return 1 + MUTATIONS;
}

int main(int argc, char **argv)
{
    struct seeded s = {20261123};
    size_t inputs = 1;
    printf("1..1\n");
    fflush(stdout);
    run("", 0);
    DIR *directory = argc > 1 ? opendir(argv[1]) : NULL;
    if (!directory) {
        printf("not ok 1 - no seeds in %s\n", argc > 1 ? argv[1] : "(no directory was given)");
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.')
            inputs += run_file(&s, argv[1], entry->d_name);
    closedir(directory);
    printf("ok 1 - %zu inputs\n", inputs);
    return 0;
}
