/* picture.c: pictures without what they tell beside the picture: nothing hidden is left, what shows it stays.
 */
#include "check.h"
#include "news/news.h"

/* Container parts, so that a picture is written as it is built. */
static void be(struct buf *b, uint32_t value, unsigned bytes)
{
    while (bytes--)
        buf_addc(b, (char)(value >> 8 * bytes));
}

static void le(struct buf *b, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buf_addc(b, (char)(value >> 8 * i));
}

static void exif(struct buf *b, unsigned orientation, bool little)
{
    void (*put)(struct buf *, uint32_t, unsigned) = little ? le : be;
    buf_addz(b, little ? "II" : "MM");
    put(b, 42, 2);
    put(b, 8, 4);
    put(b, 2, 2);
    put(b, 0x010e, 2); /* a description first */
    put(b, 2, 2);
    put(b, 4, 4);
    buf_addz(b, "SECR");
    put(b, 0x0112, 2);
    put(b, 3, 2);
    put(b, 1, 4);
    put(b, orientation, 2);
    put(b, 0, 2);
    put(b, 0, 4);
    buf_addz(b, "SECRET-PLACE");
}

static void segment(struct buf *b, uint8_t marker, const void *p, size_t n)
{
    be(b, 0xff00u | marker, 2);
    be(b, (uint32_t)n + 2, 2);
    buf_add(b, p, n);
}

static void jpeg(struct buf *b, unsigned orientation)
{
    be(b, 0xffd8, 2);
    segment(b, 0xe0, "JFIF\0\1\1\0\0\1\0\1\0\0", 14);
    struct buf e _cleanup_buf_ = BUF_INIT;
    buf_add(&e, "Exif\0\0", 6);
    exif(&e, orientation, true);
    segment(b, 0xe1, e.p, e.n);
    segment(b, 0xe1, "http://ns.adobe.com/xap/1.0/\0SECRET", 35);
    segment(b, 0xe2, "ICC_PROFILE\0\1\1profile", 21);
    segment(b, 0xe2, "MPF\0SECRET", 10);
    segment(b, 0xed, "Photoshop 3.0\0SECRET", 20);
    segment(b, 0xfe, "SECRET comment", 14);
    segment(b, 0xdb, "tables", 6);
    segment(b, 0xc0, "\x08\0\x20\0\x40\1\1\x11\0", 9);
    segment(b, 0xda, "\1\1\0\0\x3f\0", 6);
    buf_add(b, "pixels\xff\0\xff\xd0more", 14);
    be(b, 0xffd9, 2);
    buf_addz(b, "SECRET behind the end");
}

static void clean(const struct buf *in, struct buf *out, struct picture *about)
{
    struct err err;
    if (picture_clean(buf_str(in), out, about, &err))
        fail_msg("%s", err.what);
    assert_int_equal(str_find(buf_str(out), STR("SECR")), SIZE_MAX);
}

static bool has(const struct buf *b, const void *p, size_t n)
{
    return str_find(buf_str(b), (struct str){p, n}) != SIZE_MAX;
}

static void jpegs(void **state)
{
    (void)state;
    struct buf in _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT;
    struct picture about;
    jpeg(&in, 1);
    clean(&in, &out, &about);
    assert_string_equal(about.media_type, "image/jpeg");
    assert_string_equal(about.extension, "jpg");
    assert_int_equal(about.width, 64);
    assert_int_equal(about.height, 32);
    assert_true(has(&out, "ICC_PROFILE", 11));
    assert_true(has(&out, "pixels\xff\0\xff\xd0more\xff\xd9", 16));
    assert_false(has(&out, "Exif", 4));
    buf_clear(&in);
    jpeg(&in, 6); /* turned by the camera: that must stay */
    clean(&in, &out, &about);
    assert_true(has(&out, "\x01\x12\0\3\0\0\0\1\0\6", 10));
}

static void chunk(struct buf *b, const char *type, const void *p, size_t n)
{
    be(b, (uint32_t)n, 4);
    buf_add(b, type, 4);
    buf_add(b, p, n);
    be(b, 0, 4);
}

static void pngs(void **state)
{
    (void)state;
    struct buf in _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT, e _cleanup_buf_ = BUF_INIT;
    struct picture about;
    buf_add(&in, "\x89PNG\r\n\x1a\n", 8);
    chunk(&in, "IHDR", "\0\0\0\7\0\0\0\5\x08\6\0\0\0", 13);
    chunk(&in, "tEXt", "a\0SECRET", 8);
    chunk(&in, "tIME", "SECRET-", 7);
    exif(&e, 3, false);
    chunk(&in, "eXIf", e.p, e.n);
    chunk(&in, "acTL", "12345678", 8);
    chunk(&in, "IDAT", "pixels", 6);
    chunk(&in, "IEND", "SECRET", 6);
    buf_addz(&in, "SECRET");
    clean(&in, &out, &about);
    assert_int_equal(about.width, 7);
    assert_int_equal(about.height, 5);
    assert_true(has(&out, "acTL", 4) && has(&out, "pixels", 6) && has(&out, "eXIfMM", 6));
    assert_true(str_ends(buf_str(&out), ((struct str){"\0\0\0\0IEND\xae\x42\x60\x82", 12})));
}

static void gifs(void **state)
{
    (void)state;
    struct buf in _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT;
    struct picture about;
    buf_add(&in, "GIF89a\2\0\3\0\x80\0\0\0\0\0\xff\xff\xff", 19);
    buf_add(&in, "!\xff\x0bNETSCAPE2.0\3\1\0\0\0", 19);
    buf_add(&in, "!\xfe\6SECRET\0", 10);
    buf_add(&in, "!\xff\x0bXMP DataXMP\6SECRET\0", 22);
    buf_add(&in, "!\xf9\4\0\0\0\0\0,\0\0\0\0\2\0\3\0\0\2\2D\1\0;SECRET", 30);
    clean(&in, &out, &about);
    assert_int_equal(about.width, 2);
    assert_int_equal(about.height, 3);
    assert_true(has(&out, "NETSCAPE2.0", 11) && has(&out, "!\xf9\4", 3));
    assert_true(str_ends(buf_str(&out), STR(";")));
}

static void webps(void **state)
{
    (void)state;
    struct buf body _cleanup_buf_ = BUF_INIT, in _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT;
    struct picture about;
    buf_add(&body, "WEBPVP8X\x0a\0\0\0\x0c\0\0\0\x09\0\0\x04\0\0", 22);
    buf_add(&body, "VP8L\6\0\0\0\x2fpixel", 14);
    struct buf e _cleanup_buf_ = BUF_INIT;
    exif(&e, 8, true);
    buf_addz(&body, "EXIF");
    le(&body, (uint32_t)e.n, 4);
    buf_adds(&body, buf_str(&e));
    buf_add(&body, "XMP \6\0\0\0SECRET", 14);
    buf_addz(&in, "RIFF");
    le(&in, (uint32_t)body.n, 4);
    buf_adds(&in, buf_str(&body));
    buf_addz(&in, "SECRET");
    clean(&in, &out, &about);
    assert_int_equal(about.width, 10);
    assert_int_equal(about.height, 5);
    assert_int_equal(out.p[20], 0x08); /* EXIF yes, for the orientation; XMP no */
    assert_true(has(&out, "pixel", 5));
    assert_int_equal((uint8_t)out.p[4] + 8, out.n);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *what;
    } cases[] = {
        {"<svg xmlns=", 11, "SVG"},
        {"II*\0\x08\0\0\0", 8, "TIFF"},
        {"\0\0\0\x1c"
         "ftypavif",
            12, "AVIF"},
        {"\0\0\0\x1c"
         "ftypheic",
            12, "HEIC"},
        {"BM12345678", 10, "BMP"},
        {"hello there", 11, "no picture"},
        {"", 0, "no picture"},
        {"\xff\xd8\xff\xe0\0", 5, "broken"},
        {"\x89PNG\r\n\x1a\n", 8, "broken"},
        {"GIF89a", 6, "broken"},
        {"RIFF\x04\0\0\0WEBP", 12, "broken"},
    };
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct picture about;
        struct err err;
        assert_int_equal(
            picture_clean((struct str){cases[i].bytes, cases[i].n}, &out, &about, &err), ERR_INPUT);
        if (!strstr(err.what, cases[i].what))
            fail_msg("\"%s\" does not say %s", err.what, cases[i].what);
        assert_int_equal(out.n, 0);
        assert_true(err.todo[0]);
    }
    static char large[PICTURE_MAX_BYTES + 1];
    struct picture about;
    assert_int_equal(picture_clean((struct str){large, sizeof large}, &out, &about, NULL), ERR_LIMIT);
    struct buf in _cleanup_buf_ = BUF_INIT;
    buf_add(&in, "\x89PNG\r\n\x1a\n", 8);
    chunk(&in, "IHDR", "\0\1\0\0\0\0\0\5\x08\6\0\0\0", 13); /* 65,536 wide */
    chunk(&in, "IDAT", "pixels", 6);
    chunk(&in, "IEND", "", 0);
    assert_int_equal(picture_clean(buf_str(&in), &out, &about, NULL), ERR_LIMIT);
}

/* Every prefix and every flipped byte of a picture: an answer, never a crash. */
static void damaged(void **state)
{
    (void)state;
    struct buf in _cleanup_buf_ = BUF_INIT, out _cleanup_buf_ = BUF_INIT;
    jpeg(&in, 6);
    for (size_t i = 0; i < in.n; i++) {
        struct picture about;
        picture_clean((struct str){in.p, i}, &out, &about, NULL);
        in.p[i] = (char)~in.p[i];
        picture_clean(buf_str(&in), &out, &about, NULL);
        in.p[i] = (char)~in.p[i];
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpegs),
        cmocka_unit_test(pngs),
        cmocka_unit_test(gifs),
        cmocka_unit_test(webps),
        cmocka_unit_test(refused),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
