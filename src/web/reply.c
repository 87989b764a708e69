/* reply.c: turns what a handler answered into libmicrohttpd's response: headers, compression, ranges. */
#include "web/reply.h"

#include "web/cache.h"
#include "web/inside.h"

#include <microhttpd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define COMPRESS_FROM 1000 /* bytes: below, the headers are most of it */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

void reply_common_headers(struct MHD_Response *response, bool page)
{
    add(response, "Content-Security-Policy",
        page ? "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
               "media-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action "
               "'self'; "
               "frame-ancestors 'none'; base-uri 'none'"
             : "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
               "sandbox");
    add(response, "X-Content-Type-Options", "nosniff");
    /* not no-referrer: with that, browsers send "Origin: null" with our own forms */
    add(response, "Referrer-Policy", "same-origin");
    add(response, "Permissions-Policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), payment=(), usb=()");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
}

static bool gzip(struct str in, int level, struct buf *out)
{
    z_stream z = {0};
    if (in.n > UINT32_MAX / 2 || deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong bound = deflateBound(&z, (uLong)in.n);
    buf_reserve(out, bound);
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    z.next_out = (Bytef *)out->p;
    z.avail_out = (uInt)bound;
    bool whole = deflate(&z, Z_FINISH) == Z_STREAM_END;
    out->n = z.total_out;
    deflateEnd(&z);
    return whole;
}

static bool compressible(const char *type)
{
    return type && (str_starts(str_of(type), STR("text/")) || strstr(type, "json") || strstr(type, "xml"));
}

static const struct header *find(const struct request *r, const char *name)
{
    for (const struct header *h = r->headers; h; h = h->next)
        if (str_eq_nocase(str_of(h->name), str_of(name)))
            return h;
    return NULL;
}

static void add_own_headers(struct request *r, struct MHD_Response *response)
{
    for (const struct header *h = r->headers; h; h = h->next) {
        char *value = str_dup(h->value);
        if (value)
            add(response, h->name, value);
        free(value);
    }
}

static bool stays_public(const struct request *r)
{
    return r->route && r->route->caching == CACHE_PUBLIC && r->status == 200 && !r->one_reader &&
           !r->signed_in && !r->locale_asked && !r->starting && request_seems_anonymous(r);
}

static void make_file(struct request *r)
{
    uint64_t from = 0, length = r->file_size;
    const struct header *etag = find(r, "ETag");
    bool same = !r->in.if_range.p || (etag && str_eq(etag->value, r->in.if_range));
    int ranged = r->in.range.p && same && r->status == 200
                     ? range_parse(r->in.range, r->file_size, &from, &length)
                     : 0;
    if (etag && r->in.if_none_match.p && etag_matches(r->in.if_none_match, etag->value)) {
        r->status = 304;
        r->response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    } else if (ranged < 0) {
        r->status = 416;
        r->response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    } else {
        r->response = MHD_create_response_from_fd_at_offset64(length, r->file_fd, from);
        if (r->response)
            r->file_fd = -1; /* libmicrohttpd closes it */
    }
    if (!r->response)
        return;
    char value[100];
    if (ranged > 0 && r->status == 200) {
        r->status = 206;
        snprintf(value, sizeof value, "bytes %llu-%llu/%llu", (unsigned long long)from,
            (unsigned long long)(from + length - 1), (unsigned long long)r->file_size);
        add(r->response, "Content-Range", value);
    } else if (ranged < 0) {
        snprintf(value, sizeof value, "bytes */%llu", (unsigned long long)r->file_size);
        add(r->response, "Content-Range", value);
    }
    add(r->response, "Accept-Ranges", "bytes");
    add(r->response, "Content-Type", r->content_type);
    reply_common_headers(r->response, false);
    add_own_headers(r, r->response);
}

void reply_make(struct request *r)
{
    if (r->file_fd >= 0) {
        make_file(r);
        if (r->response)
            return;
        r->status = 503;
        r->content_type = "text/plain; charset=utf-8";
        buf_clear(&r->out);
        buf_addz(&r->out, "out of memory\n");
    }
    bool keep = stays_public(r);
    bool squeeze = compressible(r->content_type) && r->out.n >= COMPRESS_FROM &&
                   accepts_gzip(r->in.accept_encoding) && !find(r, "Content-Encoding");
    struct buf squeezed _cleanup_buf_ = BUF_INIT;
    char etag[40] = "";
    if (keep || (r->status == 200 && r->route && r->route->caching == CACHE_PUBLIC && !r->one_reader &&
                    !r->signed_in)) {
        uint8_t hash[16];
        crypto_generichash(hash, sizeof hash, (const uint8_t *)r->out.p, r->out.n, NULL, 0);
        etag[0] = '"';
        sodium_bin2hex(etag + 1, sizeof etag - 1, hash, sizeof hash);
        strcat(etag, squeeze ? "z\"" : "\"");
    }
    struct buf *body = &r->out;
    if (squeeze && gzip(buf_str(&r->out), keep ? 6 : 4, &squeezed))
        body = &squeezed;
    else
        squeeze = false;
    size_t size = body->n;
    r->response = MHD_create_response_from_buffer(
        body->n, body->p, body->n ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!r->response)
        return;
    if (body->n)
        *body = (struct buf)BUF_INIT; /* libmicrohttpd frees it */
    if (r->content_type)
        add(r->response, "Content-Type", r->content_type);
    if (squeeze)
        add(r->response, "Content-Encoding", "gzip");
    if (*etag)
        add(r->response, "ETag", etag);
    if (!find(r, "Cache-Control"))
        add(r->response, "Cache-Control", r->signed_in || r->one_reader ? "private, no-store" : "no-cache");
    add(r->response, "Vary", "Accept-Language, Accept-Encoding, Cookie");
    if (r->signed_in) /* for the service worker, which keeps what everybody gets at such an address */
        add(r->response, "Widenet-Reader",
            r->status == 200 && r->route && r->route->caching == CACHE_PUBLIC ? "signed-in, public"
                                                                              : "signed-in");
    reply_common_headers(r->response, true);
    add_own_headers(r, r->response);
    if (keep)
        cache_put(r->web->cache, r, etag, size);
    if (*etag && r->in.if_none_match.p && etag_matches(r->in.if_none_match, str_of(etag)))
        r->status = 304;
}
