/* config.c: the configuration file as an operator writes it, rightly and wrongly. */
#include "node/node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *wanted_of_listen(const char *text)
{
    return strchr(text, ':') ? NULL : "an address and a port";
}

static const struct config_option rows[] = {
    {"web", "listen", CONFIG_TEXT, "127.0.0.1:8484", 1, 100, NULL, "Where.", wanted_of_listen},
    {"web", "limit", CONFIG_INT, "10", -5, 99, NULL, "How many."},
    {"store", "cache", CONFIG_SIZE, "64M", 1024, INT64_C(1) << 40, NULL, "How much."},
    {"accounts", "sign-up", CONFIG_CHOICE, "open", 0, 0, "open|invitation|closed", "Who."},
    {"accounts", "names", CONFIG_BOOL, "yes", 0, 0, NULL, "Whether."},
    {NULL},
};

static int load(const char *text, struct config **out, struct err *err)
{
    char path[] = "/tmp/widenet-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int got = config_load(path, true, rows, out, err);
    unlink(path);
    return got;
}

static void values_are_read(void **state)
{
    struct config *c;
    struct err err;
    assert_int_equal(
        load("; a comment\n\n[web]\nlisten = [::1]:80\nlimit=-5 ; less\n  [store]\n  cache = 3K\n"
             "[accounts]\nsign-up = closed\nnames = off",
            &c, &err),
        0);
    assert_string_equal(config_text(c, "web", "listen"), "[::1]:80");
    assert_int_equal(config_int(c, "web", "limit"), -5);
    assert_int_equal(config_int(c, "store", "cache"), 3072);
    assert_string_equal(config_text(c, "accounts", "sign-up"), "closed");
    assert_int_equal(config_int(c, "accounts", "sign-up"), 2);
    assert_false(config_bool(c, "accounts", "names"));
    assert_int_equal(config_set(c, "web", "limit", "7", "--limit", &err), 0);
    assert_int_equal(config_int(c, "web", "limit"), 7);
    assert_int_equal(config_set(c, "web", "limit", "700", "--limit", &err), ERR_INPUT);
    assert_non_null(strstr(err.what, "--limit: "));
    assert_int_equal(config_int(c, "web", "limit"), 7);
    config_destroy(c);
}

static void initial_values_stand(void **state)
{
    struct config *c;
    struct err err;
    assert_int_equal(config_load("/nowhere/widenet.ini", false, rows, &c, &err), 0);
    assert_int_equal(config_int(c, "store", "cache"), 64 << 20);
    assert_string_equal(config_text(c, "accounts", "sign-up"), "open");
    config_destroy(c);
    assert_int_equal(config_load("/nowhere/widenet.ini", true, rows, &c, &err), ERR_NOT_FOUND);
    assert_int_not_equal(config_load("/tmp", true, rows, &c, &err), 0);
}

static void mistakes_are_named(void **state)
{
    /* text, line, a piece of what it says, a piece of what to do */
    static const struct {
        const char *text, *line, *what, *todo;
    } cases[] = {
        {"[web]\nlissten = x\n", ":2:", "no option \"lissten\" in section [web]", "listen in [web]"},
        {"[node]\nlisten = x\n", ":2:", "no option \"listen\" in section [node]", "listen in [web]"},
        {"[store]\nlisten = x\n", ":2:", "no option \"listen\" in section [store]", "listen in [web]"},
        {"limit = 1\n", ":1:", "no option \"limit\" in section []", "limit in [web]"},
        {"[accounts]\n\nsignup = open\n", ":3:", "\"signup\"", "sign-up in [accounts]"},
        {"[web]\nlimit = 100\n", ":2:", "must be -5 to 99", ""},
        {"[web]\nlimit = ten\n", ":2:", "a whole number", ""},
        {"[web]\nlimit = 99999999999999999999\n", ":2:", "a whole number", ""},
        {"[store]\ncache = 9999999999999G\n", ":2:", "a number of bytes", ""},
        {"[store]\ncache = M\n", ":2:", "a number of bytes", ""},
        {"[accounts]\nsign-up = everybody\n", ":2:", "open|invitation|closed", ""},
        {"[accounts]\nnames = perhaps\n", ":2:", "yes or no", ""},
        {"[web]\nlimit = 1\n  limit = 2\n", ":3:", "second time (first in line 2)", ""},
        {"[web]\nlimit 1\n", ":2:", "neither", ""},
        {"[web\nlimit = 1\n", ":1:", "neither", ""},
        {"[web]\nlisten =\n", ":2:", "1 to 100 bytes", ""},
        {"[web]\nlisten = here\n", ":2:", "web.listen is \"here\", but must be an address and a port", ""},
        {"[web]\nlisten = :\xff\n", ":2:", "UTF-8", ""},
        {"[web]\nlisten = :\x01\n", ":2:", "control characters", ""},
        {"[wep]\n[web]\nlimit = 1\n", ":1:", "no section [wep]", "lists all"},
        {"[web]\nlimit = 1\n[wep]\n; limit = 1\n", ":3:", "no section [wep]", "lists all"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *c;
        struct err err;
        assert_int_equal(load(cases[i].text, &c, &err), ERR_INPUT);
        if (!strstr(err.what, cases[i].line) || !strstr(err.what, cases[i].what) ||
            !strstr(err.todo, cases[i].todo))
            fail_msg("%s: \"%s\"; \"%s\"", cases[i].text, err.what, err.todo);
    }
}

static void zero_bytes_are_refused(void **state)
{
    static const char text[] = "[web]\nlisten = 127.0.0.1:80\0and more\n";
    char path[] = "/tmp/widenet-config-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    struct config *c;
    struct err err;
    assert_int_equal(config_load(path, true, rows, &c, &err), ERR_INPUT);
    assert_non_null(strstr(err.what, ":2: the line holds a zero byte"));
    unlink(path);
}

static void long_lines_are_refused(void **state)
{
    char text[600] = "[web]\nlisten = ";
    size_t n = strlen(text);
    memset(text + n, 'x', 400);
    struct config *c;
    struct err err;
    assert_int_equal(load(text, &c, &err), ERR_INPUT);
    assert_non_null(strstr(err.what, ":2: the line is longer"));
}

static void the_sample_reads_back(void **state)
{
    struct buf sample _cleanup_buf_ = BUF_INIT;
    config_write_sample(rows, &sample);
    char *out = str_dup(buf_str(&sample));
    for (char *at = out; (at = strstr(at, "\n;")); at++) /* uncomment the options, not the sentences */
        if (at[2] != ' ')
            at[1] = ' ';
    struct config *c;
    struct err err;
    if (load(out, &c, &err))
        fail_msg("%s", err.what);
    assert_string_equal(config_text(c, "web", "listen"), "127.0.0.1:8484");
    config_destroy(c);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(initial_values_stand),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(long_lines_are_refused),
        cmocka_unit_test(the_sample_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
