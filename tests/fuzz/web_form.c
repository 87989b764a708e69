/* web_form.c: fuzz target: forms, percent-encoding, cookies, Accept-…, entity tags and ranges as a browser
 * might send them. The first byte chooses the parser. */
#include "base/utf8.h"
#include "target.h"
#include "web/form.h"
#include "web/locale.h"

static void check_form(const struct form *form, struct str body)
{
    for (size_t i = 0; i < form->n; i++) {
        const struct form_field *f = &form->fields[i];
        MUST(f->name.p && utf8_valid(f->name));
        if (!f->upload)
            MUST(utf8_valid(f->value) && (f->value.n == 0 || !memchr(f->value.p, 0, f->value.n)));
        else
            MUST(f->value.n == 0 || (f->value.p >= body.p && f->value.p + f->value.n <= body.p + body.n));
    }
}

static void check_percent(struct str text)
{
    struct arena *arena _cleanup_arena_ = arena_create(1u << 20);
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct str decoded = percent_decode(arena, text, false);
    if (!decoded.p)
        return;
    percent_encode(decoded, &out);
    MUST(str_eq(percent_decode(arena, buf_str(&out), false), decoded));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = {(const char *)data + 1, size - 1};
    struct arena *arena _cleanup_arena_ = arena_create(1u << 20);
    struct form form = {0};
    struct err err;
    uint64_t from = 0, length = 0;
    switch (data[0] % 7) {
    case 0:
        if (!form_parse_urlencoded(arena, text, &form, &err))
            check_form(&form, text);
        break;
    case 1:
        if (!form_parse_multipart(arena, STR("multipart/form-data; boundary=X"), text, &form, &err))
            check_form(&form, text);
        break;
    case 2: { /* the content type is the input, too */
        size_t line = str_find_char(text, '\n');
        if (line != SIZE_MAX && !form_parse_multipart(arena, str_slice(text, 0, line),
                                    str_slice(text, line + 1, text.n), &form, &err))
            check_form(&form, text);
        break;
    }
    case 3:
        check_percent(text);
        break;
    case 4:
        cookie_find(text, "widenet");
        accepts_gzip(text);
        etag_matches(text, STR("\"a\""));
        break;
    case 5:
        MUST(locale_choose(text) != NULL);
        break;
    case 6:
        if (range_parse(text, 1000, &from, &length) == 1)
            MUST(from < 1000 && length >= 1 && from + length <= 1000);
        break;
    }
    return 0;
}
