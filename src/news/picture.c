/* picture.c: JPEG, PNG, GIF and WebP rewritten without metadata, container part by part; no pixel is decoded.
 *
 * Sources: ITU-T T.81 annex B (JPEG), Exif 2.32 (orientation), PNG third edition, GIF89a, RFC 9649 (WebP). */
#include "news/news.h"

enum { max_side = 30000 };

struct source {
    const uint8_t *p;
    size_t n;
};

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}
static uint32_t be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}
static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[1] << 8 | p[0];
}
static uint32_t le32(const uint8_t *p)
{
    return le16(p + 2) << 16 | le16(p);
}
static void add_be(struct buf *out, uint32_t value, unsigned bytes)
{
    while (bytes--)
        buf_addc(out, (char)(value >> 8 * bytes));
}
static void add_le(struct buf *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(out, (char)(value >> 8 * i));
}

static int broken(struct err *err, const char *format, const char *where)
{
    err_set(err, ERR_INPUT, "the %s file is broken: %s", format, where);
    err_todo(err, "save it anew in a picture editor");
    return ERR_INPUT;
}

/* ---- EXIF: nothing but the orientation is read, and nothing else is written */

/* 1 … 8; 1 (upright) for anything odd. tiff begins at its "II" or "MM". */
static uint32_t read_orientation(struct source tiff)
{
    if (tiff.n < 8)
        return 1;
    bool little = tiff.p[0] == 'I';
    uint32_t (*u16)(const uint8_t *) = little ? le16 : be16;
    uint32_t (*u32)(const uint8_t *) = little ? le32 : be32;
    uint32_t at = u32(tiff.p + 4);
    if (at > tiff.n || tiff.n - at < 2)
        return 1;
    uint32_t entries = u16(tiff.p + at);
    for (uint32_t i = 0; i < entries; i++) {
        size_t entry = (size_t)at + 2 + (size_t)i * 12;
        if (entry + 12 > tiff.n)
            return 1;
        enum { orientation_tag = 0x0112, type_short = 3 };
        if (u16(tiff.p + entry) != orientation_tag || u16(tiff.p + entry + 2) != type_short)
            continue;
        uint32_t value = u16(tiff.p + entry + 8);
        return value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

static void write_orientation(struct buf *out, uint32_t orientation)
{
    static const uint8_t tiff[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0};
    buf_add(out, tiff, sizeof tiff);
    buf_addc(out, (char)orientation);
    buf_add(out, "\0\0\0\0\0\0", 6); /* the value's other half; no further directory */
}
enum { orientation_bytes = 26 };

/* ---- JPEG */

static bool has_lead(struct source s, const char *lead, size_t n)
{
    return s.n >= n && memcmp(s.p, lead, n) == 0;
}

/* Does this segment stay? Orientation is taken out of the EXIF that goes. */
static bool keep_segment(uint8_t marker, struct source body, uint32_t *orientation)
{
    enum { app1 = 0xe1, app2 = 0xe2, app14 = 0xee };
    if (marker == app1 && has_lead(body, "Exif\0", 6) && *orientation == 1)
        *orientation = read_orientation((struct source){body.p + 6, body.n - 6});
    if (marker == app2)
        return has_lead(body, "ICC_PROFILE", 12);
    if (marker == app14)
        return has_lead(body, "Adobe", 5); /* how the colours are meant */
    return (marker >= 0xc0 && marker <= 0xcf && marker != 0xc8) || (marker >= 0xda && marker <= 0xdf);
}

static bool is_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* The bytes of a scan up to the next marker that is none of its own. */
static size_t scan_end(struct source s, size_t at)
{
    while (at + 1 < s.n) {
        if (s.p[at] == 0xff && s.p[at + 1] != 0 && !(s.p[at + 1] >= 0xd0 && s.p[at + 1] <= 0xd7) &&
            s.p[at + 1] != 0xff)
            return at;
        at++;
    }
    return s.n;
}

static int clean_jpeg(struct source s, struct buf *out, struct picture *about, struct err *err)
{
    enum { soi = 0xd8, eoi = 0xd9, sos = 0xda };
    _cleanup_buf_ struct buf rest = BUF_INIT;
    uint32_t orientation = 1;
    bool scanned = false, jfif = false;
    size_t at = 2;
    for (;;) {
        while (at + 1 < s.n && s.p[at] == 0xff && s.p[at + 1] == 0xff)
            at++;
        if (at + 2 > s.n || s.p[at] != 0xff || s.p[at + 1] == 0) {
            /* Many cameras and downloads end early; what was scanned can be shown. */
            if (scanned && at >= s.n)
                break;
            return broken(err, "JPEG", "a segment does not begin where it should");
        }
        uint8_t marker = s.p[at + 1];
        if (marker == eoi)
            break;
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += 2;
            continue;
        }
        if (s.n - at < 4)
            return broken(err, "JPEG", "it ends within a segment");
        size_t length = be16(s.p + at + 2);
        if (length < 2 || length > s.n - at - 2)
            return broken(err, "JPEG", "a segment is longer than the file");
        struct source body = {s.p + at + 4, length - 2};
        if (is_frame(marker) && body.n >= 5 && !about->width) {
            about->height = be16(body.p + 1);
            about->width = be16(body.p + 3);
        }
        jfif |= marker == 0xe0 && has_lead(body, "JFIF", 5);
        bool keep = keep_segment(marker, body, &orientation);
        if (keep)
            buf_add(&rest, s.p + at, length + 2);
        at += length + 2;
        if (marker == sos) {
            size_t end = scan_end(s, at);
            buf_add(&rest, s.p + at, end - at);
            at = end;
            scanned = true;
        }
    }
    if (!scanned || !about->width)
        return broken(err, "JPEG", "it holds no picture");
    buf_add(out, "\xff\xd8", 2);
    if (jfif) /* without its thumbnail; where it is missing, readers take the colours to be meant otherwise */
        buf_add(out, "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 18);
    if (orientation != 1) {
        buf_add(out, "\xff\xe1", 2);
        add_be(out, 2 + 6 + orientation_bytes, 2);
        buf_add(out, "Exif\0\0", 6);
        write_orientation(out, orientation);
    }
    buf_add(out, rest.p, rest.n);
    buf_add(out, "\xff\xd9", 2);
    return 0;
}

/* ---- PNG */

static uint32_t crc32_png(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static int clean_png(struct source s, struct buf *out, struct picture *about, struct err *err)
{
    static const char kept[][5] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "iCCP",
        "cICP", "sBIT", "bKGD", "pHYs", "acTL", "fcTL", "fdAT"};
    buf_add(out, s.p, 8);
    bool data = false;
    for (size_t at = 8; s.n - at >= 12;) {
        uint32_t length = be32(s.p + at);
        if (length > s.n - at - 12)
            return broken(err, "PNG", "a chunk is longer than the file");
        const uint8_t *type = s.p + at + 4;
        if (at == 8 && (memcmp(type, "IHDR", 4) != 0 || length != 13))
            return broken(err, "PNG", "it does not begin with its header");
        if (at == 8) {
            about->width = be32(s.p + at + 8);
            about->height = be32(s.p + at + 12);
        }
        bool keep = false;
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            keep |= memcmp(type, kept[i], 4) == 0;
        if (!keep && !(type[0] & 0x20))
            return broken(err, "PNG", "it has a necessary part that is unknown");
        uint32_t orientation = memcmp(type, "eXIf", 4) == 0
                                   ? read_orientation((struct source){s.p + at + 8, length})
                                   : 1;
        if (memcmp(type, "IEND", 4) == 0)
            buf_add(out, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
        else if (keep)
            buf_add(out, s.p + at, (size_t)length + 12);
        else if (orientation != 1) {
            size_t from = out->n + 4;
            add_be(out, orientation_bytes, 4);
            buf_add(out, "eXIf", 4);
            write_orientation(out, orientation);
            add_be(out, crc32_png((const uint8_t *)out->p + from, out->n - from), 4);
        }
        data |= memcmp(type, "IDAT", 4) == 0;
        at += (size_t)length + 12;
        if (memcmp(type, "IEND", 4) == 0)
            return data ? 0 : broken(err, "PNG", "it holds no picture");
    }
    return broken(err, "PNG", "it has no end");
}

/* ---- GIF */

/* Behind the sub-blocks that begin at `at`; 0 if they run over the end. */
static size_t blocks_end(struct source s, size_t at)
{
    while (at < s.n) {
        size_t length = s.p[at++];
        if (length == 0)
            return at;
        if (length > s.n - at)
            return 0;
        at += length;
    }
    return 0;
}

static int clean_gif(struct source s, struct buf *out, struct picture *about, struct err *err)
{
    if (s.n < 13)
        return broken(err, "GIF", "it ends within its header");
    about->width = le16(s.p + 6);
    about->height = le16(s.p + 8);
    size_t at = 13;
    if (s.p[10] & 0x80)
        at += (size_t)3 << ((s.p[10] & 7) + 1);
    if (at > s.n)
        return broken(err, "GIF", "it ends within its colours");
    buf_add(out, s.p, at);
    bool pictures = false;
    while (at < s.n) {
        enum { trailer = 0x3b, picture = 0x2c, extension = 0x21 };
        size_t from = at, end;
        bool keep = true;
        if (s.p[at] == trailer)
            break;
        if (s.p[at] == picture) {
            if (s.n - at < 11)
                return broken(err, "GIF", "it ends within a picture");
            size_t colours = s.p[at + 9] & 0x80 ? (size_t)3 << ((s.p[at + 9] & 7) + 1) : 0;
            if (s.n - at - 11 < colours)
                return broken(err, "GIF", "it ends within its colours");
            end = blocks_end(s, at + 11 + colours);
            pictures = true;
        } else if (s.p[at] == extension && s.n - at >= 3) {
            enum { control = 0xf9, application = 0xff };
            uint8_t label = s.p[at + 1];
            bool loops = label == application && s.n - at >= 14 &&
                         (memcmp(s.p + at + 3, "NETSCAPE2.0", 11) == 0 ||
                             memcmp(s.p + at + 3, "ANIMEXTS1.0", 11) == 0);
            keep = label == control || loops;
            end = blocks_end(s, at + 2);
        } else
            return broken(err, "GIF", "a block is of no known sort");
        if (!end)
            return broken(err, "GIF", "it ends within a block");
        if (keep)
            buf_add(out, s.p + from, end - from);
        at = end;
    }
    buf_addc(out, 0x3b);
    return pictures ? 0 : broken(err, "GIF", "it holds no picture");
}

/* ---- WebP */

static void webp_size(struct source body, const uint8_t *type, struct picture *about)
{
    if (memcmp(type, "VP8X", 4) == 0 && body.n >= 10) {
        about->width = (le16(body.p + 4) | (uint32_t)body.p[6] << 16) + 1;
        about->height = (le16(body.p + 7) | (uint32_t)body.p[9] << 16) + 1;
    } else if (memcmp(type, "VP8 ", 4) == 0 && body.n >= 10 && !about->width) {
        about->width = le16(body.p + 6) & 0x3fff;
        about->height = le16(body.p + 8) & 0x3fff;
    } else if (memcmp(type, "VP8L", 4) == 0 && body.n >= 5 && !about->width) {
        uint32_t bits = le32(body.p + 1);
        about->width = (bits & 0x3fff) + 1;
        about->height = (bits >> 14 & 0x3fff) + 1;
    }
}

static int clean_webp(struct source s, struct buf *out, struct picture *about, struct err *err)
{
    static const char kept[][5] = {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP"};
    enum { has_exif = 0x08, has_xmp = 0x04, lead = 12 };
    if (s.n < lead)
        return broken(err, "WebP", "it ends within its header");
    size_t whole = (size_t)le32(s.p + 4) + 8;
    if (whole > s.n || whole < lead)
        return broken(err, "WebP", "it is shorter than it says");
    buf_add(out, "RIFF\0\0\0\0WEBP", lead);
    size_t flags = 0; /* where they stand in out */
    bool pixels = false;
    uint32_t orientation = 1;
    for (size_t at = lead; whole - at >= 8;) {
        const uint8_t *type = s.p + at;
        uint32_t length = le32(s.p + at + 4);
        size_t padded = (size_t)length + (length & 1);
        if (length > whole - at - 8)
            return broken(err, "WebP", "a chunk is longer than the file");
        if (padded > whole - at - 8)
            padded = length;
        struct source body = {s.p + at + 8, length};
        webp_size(body, type, about);
        if (memcmp(type, "VP8X", 4) == 0 && length >= 10)
            flags = out->n + 8;
        if (memcmp(type, "EXIF", 4) == 0) {
            bool lead_in = has_lead(body, "Exif\0", 6);
            orientation = read_orientation(
                (struct source){body.p + (lead_in ? 6 : 0), body.n - (lead_in ? 6 : 0)});
        }
        bool keep = false;
        for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
            keep |= memcmp(type, kept[i], 4) == 0;
        if (keep) {
            buf_add(out, s.p + at, 8 + length);
            if (length & 1)
                buf_addc(out, 0);
        }
        pixels |= memcmp(type, "VP8 ", 4) == 0 || memcmp(type, "VP8L", 4) == 0 ||
                  memcmp(type, "ANMF", 4) == 0;
        at += 8 + padded;
    }
    if (!pixels || !about->width)
        return broken(err, "WebP", "it holds no picture");
    if (flags)
        out->p[flags] = (char)(out->p[flags] & ~(has_exif | has_xmp));
    if (flags && orientation != 1) {
        out->p[flags] = (char)(out->p[flags] | has_exif);
        buf_add(out, "EXIF", 4);
        add_le(out, orientation_bytes, 4);
        write_orientation(out, orientation);
    }
    struct buf size = BUF_INIT;
    add_le(&size, (uint32_t)(out->n - 8), 4);
    memcpy(out->p + 4, size.p, 4);
    buf_finish(&size);
    return 0;
}

/* ---- which is it? */

/* Formats we take: how they begin, and what cleans them. */
static const struct {
    const char *magic;
    size_t magic_bytes;
    const char *second; /* further on, or NULL */
    size_t second_at;
    enum picture_format format;
    const char *media_type, *extension;
    int (*clean)(struct source s, struct buf *out, struct picture *about, struct err *err);
} formats[] = {
    {"\xff\xd8\xff", 3, NULL, 0, PICTURE_JPEG, "image/jpeg", "jpg", clean_jpeg},
    {"\x89PNG\r\n\x1a\n", 8, NULL, 0, PICTURE_PNG, "image/png", "png", clean_png},
    {"GIF87a", 6, NULL, 0, PICTURE_GIF, "image/gif", "gif", clean_gif},
    {"GIF89a", 6, NULL, 0, PICTURE_GIF, "image/gif", "gif", clean_gif},
    {"RIFF", 4, "WEBP", 8, PICTURE_WEBP, "image/webp", "webp", clean_webp},
};

/* Formats we know and refuse: how they begin (at an offset), and their name. */
static const struct {
    const char *magic;
    size_t at;
    const char *name;
} refused[] = {
    {"II*", 0, "TIFF"},
    {"MM", 0, "TIFF"},
    {"ftypavif", 4, "AVIF"},
    {"ftypavis", 4, "AVIF"},
    {"ftyphei", 4, "HEIC"},
    {"ftyphev", 4, "HEIC"},
    {"ftypmif1", 4, "HEIC or AVIF"},
    {"ftyp", 4, "video"},
    {"BM", 0, "BMP"},
    {"<svg", 0, "SVG"},
    {"<?xml", 0, "SVG or XML"},
    {"<!DOCTYPE svg", 0, "SVG"},
    {"8BPS", 0, "Photoshop"},
    {"%PDF", 0, "PDF"},
    {"\xff\x0a", 0, "JPEG XL"},
    {"JXL ", 4, "JPEG XL"},
};

static int refuse(struct source s, struct err *err)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        size_t n = strlen(refused[i].magic);
        if (s.n < refused[i].at + n || memcmp(s.p + refused[i].at, refused[i].magic, n) != 0)
            continue;
        err_set(err, ERR_INPUT, "this is %s, from which hidden details cannot be removed safely",
            refused[i].name);
        err_todo(err, "save it as JPEG, PNG, GIF or WebP");
        return ERR_INPUT;
    }
    err_set(err, ERR_INPUT, "this is no picture that we know");
    err_todo(err, "use JPEG, PNG, GIF or WebP");
    return ERR_INPUT;
}

int picture_clean(struct str bytes, struct buf *out, struct picture *about, struct err *err)
{
    struct source s = {(const uint8_t *)bytes.p, bytes.n};
    buf_clear(out);
    *about = (struct picture){0};
    if (s.n > PICTURE_MAX_BYTES)
        return err_set(err, ERR_LIMIT, "the picture has %zu bytes (at most %u)", s.n, PICTURE_MAX_BYTES);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (!has_lead(s, formats[i].magic, formats[i].magic_bytes) ||
            (formats[i].second && (s.n < formats[i].second_at + 4 ||
                                      memcmp(s.p + formats[i].second_at, formats[i].second, 4) != 0)))
            continue;
        *about = (struct picture){.format = formats[i].format,
            .media_type = formats[i].media_type,
            .extension = formats[i].extension};
        int status = formats[i].clean(s, out, about, err);
        if (status) {
            buf_clear(out);
            return status;
        }
        if (!about->width || !about->height || about->width > max_side || about->height > max_side) {
            buf_clear(out);
            return err_set(err, ERR_LIMIT, "the picture has %u × %u pixels (at most %d a side)", about->width,
                about->height, max_side);
        }
        return 0;
    }
    return refuse(s, err);
}
