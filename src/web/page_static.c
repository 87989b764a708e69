/* page_static.c: the files compiled into the binary, and media by their hash. */
#include "base/hex.h"
#include "web/inside.h"
#include "web/static.h"

#include <stdio.h>
#include <unistd.h>

#define FOR_EVER STR("public, max-age=31536000, immutable")

static void answer_static(struct request *r, const struct static_file *f, struct str caching)
{
    if (f->gzip && accepts_gzip(r->in.accept_encoding)) {
        answer_bytes(r, 200, f->media_type, (struct str){(const char *)f->gzip, f->gzip_n});
        answer_header(r, "Content-Encoding", STR("gzip"));
    } else {
        answer_bytes(r, 200, f->media_type, (struct str){(const char *)f->bytes, f->n});
    }
    answer_header(r, "Cache-Control", caching);
}

static void get_static(struct request *r)
{
    for (const struct static_file *f = static_files; f->name; f++) {
        if (str_eqz(r->path, f->address)) {
            answer_static(r, f, FOR_EVER);
            return;
        }
    }
    answer_problem(r, 404, M("There is no such page here."), NULL);
}

/* What browsers may show in their window; all else is for downloading. */
static bool is_raster(const char *type)
{
    static const char *const types[] = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(type, types[i]))
            return true;
    return false;
}

/* /media/<sha256 in hex>, with or without an extension that says nothing */
static void get_media(struct request *r)
{
    struct str name = request_param(r, "name");
    uint8_t hash[32];
    struct err err = {0};
    int fd = -1;
    uint64_t size = 0;
    char type[64] = "";
    if (name.n < 64 || name.n > 72 || (name.n > 64 && name.p[64] != '.') ||
        !hex_decode(str_slice(name, 0, 64), hash, 32)) {
        answer_problem(r, 404, M("There is no such file here."), NULL);
        return;
    }
    int code = store_blob_open(node_store(request_node(r)), hash, &fd, &size, type, &err);
    if (code == ERR_NOT_FOUND) {
        answer_problem(r, 404, M("There is no such file here."), NULL);
        return;
    }
    if (code) {
        answer_error(r, &err);
        return;
    }
    bool raster = is_raster(type);
    answer_file(r, fd, size, raster ? type : "application/octet-stream", !raster);
    answer_header(r, "Cache-Control", FOR_EVER);
    answer_header(r, "ETag", arena_printf(request_arena(r), "\"%.64s\"", name.p));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_static_routes[] = {
    {"GET", "/static/{name}", get_static, ANYONE, CSRF_NONE, INLINE, CACHE_NEVER, 0,
        "Style sheet, scripts and icons, compiled in, with their content's hash in the name."},
    {"GET", "/media/{name}", get_media, ANYONE, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "A picture or other file by its SHA-256."},
    {NULL},
};
