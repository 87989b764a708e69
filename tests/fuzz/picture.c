/* picture.c: fuzz target: a cleaned picture is of the same format and size, and cleaning it again changes
 * nothing. */
#include "news/news.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf clean _cleanup_buf_ = BUF_INIT, again _cleanup_buf_ = BUF_INIT;
    struct picture one, two;
    struct err err;
    int rc = picture_clean((struct str){(const char *)data, size}, &clean, &one, &err);
    MUST(rc == 0 || ((rc == ERR_INPUT || rc == ERR_LIMIT) && err.what[0] && clean.n == 0));
    if (rc)
        return 0;
    MUST(clean.n <= size + 100);
    MUST(picture_clean(buf_str(&clean), &again, &two, &err) == 0);
    MUST(one.format == two.format && one.width == two.width && one.height == two.height);
    MUST(str_eq(buf_str(&clean), buf_str(&again)));
    return 0;
}
