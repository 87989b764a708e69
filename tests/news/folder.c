/* folder.c: see folder.h. */
#include "folder.h"

#include <errno.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct kept *find(struct pool *p, struct str d)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eqz(d, p->kept[i].d))
            return &p->kept[i];
    return NULL;
}

static void keep(struct pool *p, const struct record *r)
{
    struct kept *k = find(p, record_d(r));
    if (!k) {
        if (p->n == p->cap) {
            p->cap = p->cap ? p->cap * 2 : 64;
            p->kept = realloc(p->kept, p->cap * sizeof *p->kept);
            assert_non_null(p->kept);
        }
        k = &p->kept[p->n++];
        k->d = str_dup(record_d(r));
    }
    struct record_draft copy = {.arena = p->arena};
    record_draft_init(&copy, p->arena, r->kind, r->created_at);
    for (size_t i = 0; i < r->tag_count; i++)
        record_draft_tag_strs(&copy, r->tags[i].v, r->tags[i].n);
    record_draft_content(&copy, r->content);
    k->record = copy.r;
    news_content_hash(&k->record, k->hash);
}

static int publish(void *ctx, struct record *records, struct store_item *items, size_t n, struct err *err)
{
    struct pool *p = ctx;
    for (size_t i = 0; i < n; i++) {
        if (p->published == p->budget)
            return err_set(err, ERR_CLOSED, "killed");
        p->published++;
        keep(p, &records[i]);
        items[i].verdict = STORE_NEW;
    }
    return 0;
}

static int append(void *ctx, struct store_item *items, size_t n, struct err *err)
{
    struct pool *p = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        bool good = record_verify(items[i].record, NULL) == 0;
        items[i].verdict = good ? STORE_NEW : STORE_REFUSED;
        snprintf(items[i].reason, sizeof items[i].reason, "invalid: signature");
        p->published += good;
    }
    return 0;
}

static int blob(void *ctx, struct str bytes, struct str media_type, uint8_t sha256[32], struct err *err)
{
    struct pool *p = ctx;
    (void)err;
    assert_true(str_starts(media_type, STR("image/")));
    crypto_hash_sha256(sha256, (const uint8_t *)bytes.p, bytes.n);
    p->blobs++;
    p->last_blob = arena_str(p->arena, bytes);
    return 0;
}

static int64_t current(void *ctx, struct str d, uint8_t hash[32])
{
    struct kept *k = find(ctx, d);
    if (!k)
        return 0;
    memcpy(hash, k->hash, 32);
    return k->record.created_at;
}

static void refused(void *ctx, struct str path, const struct err *why)
{
    buf_addf(&((struct pool *)ctx)->refusals, "%.*s: %s\n", STR_ARG(path), why->what);
}

static int64_t pool_now(void *ctx)
{
    return ((struct pool *)ctx)->now * 1000000;
}

int import(struct pool *p, const char *path, struct import_counts *out)
{
    *out = (struct import_counts){0};
    uint8_t secret[32] = {[31] = 7};
    struct import_options options = {
        .license = p->license, .credit = p->credit, .clock = {.now_us = pool_now, .ctx = p}};
    assert_int_equal(record_pubkey_of_secret(secret, &options.actor, NULL), 0);
    struct import_sink sink = {
        .ctx = p, .publish = publish, .append = append, .blob = blob, .current = current, .refused = refused};
    struct err err;
    int status = news_import(path, &options, &sink, out, &err);
    if (!status)
        assert_int_equal(out->files, out->imported + out->unchanged + out->refused);
    return status;
}

void pool_open(struct pool *p)
{
    *p = (struct pool){.arena = arena_create(0), .budget = SIZE_MAX, .now = 1700000000, .license = "CC0-1.0"};
}

void pool_close(struct pool *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->kept[i].d);
    free(p->kept);
    buf_finish(&p->refusals);
    arena_destroy(p->arena);
}

/* ---- a folder */

char folder[64];
const uint8_t png[90] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48,
    0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f, 0x15,
    0xc4, 0x89, 0x00, 0x00, 0x00, 0x0a, 0x74, 0x45, 0x58, 0x74, 0x70, 0x6c, 0x61, 0x63, 0x65, 0x00, 0x68,
    0x6f, 0x6d, 0x65, 0x14, 0xfc, 0x26, 0xf2, 0x00, 0x00, 0x00, 0x0b, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c,
    0x63, 0x60, 0x00, 0x02, 0x00, 0x00, 0x05, 0x00, 0x01, 0x7a, 0x5e, 0xab, 0x3f, 0x00, 0x00, 0x00, 0x00,
    0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/news-XXXXXX", tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

int drop_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void file_bytes(const char *name, const void *bytes, size_t n)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

void file(const char *name, const char *text)
{
    file_bytes(name, text, strlen(text));
}

const struct kept *article(struct pool *p, const char *d)
{
    const struct kept *k = find(p, str_of(d));
    if (!k)
        fail_msg("%s was not imported: %.*s", d, STR_ARG(buf_str(&p->refusals)));
    return k;
}

struct str tag_of(const struct kept *k, const char *name)
{
    struct str value = record_tag_value(&k->record, name);
    return value.p ? value : STR("");
}
