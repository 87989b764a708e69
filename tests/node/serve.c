/* serve.c: `widenet serve` as a process: started, killed in every part, stopped; and that its front never
 * holds a private key. Runs as an ordinary user: started by root, it becomes nobody first. */
#include "process.h"

#include "base/hex.h"
#include "keeper/vault.h"

#include <grp.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/un.h>

static char directory[64];

static int fresh(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/widenet-serve-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int gone(void **state)
{
    (void)state;
    return remove_tree(directory);
}

#define PASSWORD "correct+horse"

static void sign_up(struct http *h, const char *name)
{
    char fields[256];
    snprintf(fields, sizeof fields, "name=%s&password=" PASSWORD "&again=" PASSWORD, name);
    if (!post_form(h, "/sign-up", fields) || h->status != 303)
        fail_msg("sign-up: %d %s", h->status, h->answer.p);
}

static bool publish(struct http *h, const char *title)
{
    char fields[512];
    snprintf(fields, sizeof fields,
        "d=&title=%s&summary=&text=Some+words+to+read.&topics=&language=en&license=CC0-1.0&do=publish",
        title);
    if (!post_form(h, "/write", fields) || h->status != 303) {
        const char *problem = h->answer.n ? strstr(h->answer.p, "id=\"problem\"") : NULL;
        print_message("publish: %d %.300s\n", h->status, problem ? problem : "");
        return false;
    }
    return request(h, "/", NULL) && h->status == 200 && strstr(h->answer.p, title);
}

/* A node that serves, and somebody at its pages. */
struct scene {
    struct served s;
    struct http h;
};

/* name: who signs up, or NULL. */
static void scene_begin(struct scene *c, const char *name)
{
    *c = (struct scene){0};
    serve(&c->s, directory, free_port(), NULL);
    c->h.port = c->s.port;
    if (name)
        sign_up(&c->h, name);
}

static void scene_end(struct scene *c)
{
    kill(c->s.pid, SIGTERM);
    assert_int_equal(ended(&c->s), 0);
    buf_finish(&c->h.answer);
}

static void starts_and_stops(void **state)
{
    (void)state;
    struct served s;
    struct buf said _cleanup_buf_ = BUF_INIT;
    char pid[32], listen[32], other[96];
    serve(&s, directory, free_port(), NULL);
    struct http h = {.port = s.port};
    assert_true(request(&h, "/", NULL));
    assert_int_equal(h.status, 200);

    snprintf(pid, sizeof pid, "process %d;", (int)s.pid);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", s.port);
    assert_int_equal(
        run_command(
            (const char *[]){"widenet", "serve", "--data", directory, "--listen", listen, NULL}, &said),
        1);
    assert_non_null(strstr(said.p, pid));
    assert_ptr_equal(strchr(said.p, '\n'), said.p + strlen(said.p) - 1); /* one line */
    snprintf(other, sizeof other, "%s/other", directory);
    assert_int_equal(
        run_command((const char *[]){"widenet", "serve", "--data", other, "--listen", listen, NULL}, &said),
        1);
    assert_non_null(strstr(said.p, listen));
    assert_ptr_equal(strchr(said.p, '\n'), said.p + strlen(said.p) - 1);

    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);
    assert_false(request(&h, "/", NULL));
    serve(&s, directory, s.port, NULL);
    kill(s.pid, SIGINT);
    assert_int_equal(ended(&s), 0);
    buf_finish(&h.answer);
}

static void killed_front(void **state)
{
    (void)state;
    struct scene c;
    scene_begin(&c, "anna");
    assert_true(publish(&c.h, "Before"));
    pid_t front = child_called(c.s.pid, "front");
    assert_true(front > 0);
    assert_true(wait_for(&c.s, "node serving "));
    buf_clear(&c.s.said);
    kill(front, SIGKILL);
    assert_true(wait_for(&c.s, "node serving "));
    assert_true(request(&c.h, "/", NULL) && c.h.status == 200);
    assert_true(child_called(c.s.pid, "front") != front);
    assert_non_null(strstr(c.h.answer.p, "Before"));
    assert_true(publish(&c.h, "Afterwards")); /* still signed in */
    scene_end(&c);
}

static void killed_keeper(void **state)
{
    (void)state;
    struct scene c;
    scene_begin(&c, "anna");
    for (int i = 0; i < 4; i++) {
        char title[16];
        pid_t keeper = child_called(c.s.pid, "keeper");
        assert_true(keeper > 0);
        kill(keeper, SIGKILL);
        snprintf(title, sizeof title, "Number%d", i);
        assert_true(publish(&c.h, title));
    }
    scene_end(&c);
}

/* Its children end with it, and the next one starts on what it left. */
static void killed_parent(void **state)
{
    (void)state;
    struct scene c;
    scene_begin(&c, "anna");
    assert_true(publish(&c.h, "Before"));
    kill(c.s.pid, SIGKILL);
    assert_int_equal(ended(&c.s), 128 + SIGKILL); /* the end of its output: nobody has it open any more */
    serve(&c.s, directory, c.s.port, NULL);
    assert_true(publish(&c.h, "Afterwards"));
    scene_end(&c);
}

static bool told(int fd, const char *what)
{
    char text[512];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1)
            return false;
        ssize_t n = recv(fd, text, sizeof text - 1, 0);
        if (n <= 0)
            return false;
        text[n] = 0;
        if (strstr(text, what))
            return true;
    }
}

static void tells_the_service_manager(void **state)
{
    (void)state;
    struct served s;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", directory);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    serve(&s, directory, free_port(), address.sun_path);
    assert_true(told(fd, "READY=1"));
    assert_true(told(fd, "WATCHDOG=1"));
    pid_t front = child_called(s.pid, "front");
    kill(front, SIGSTOP); /* one that hangs: the watchdog is no longer fed … */
    kill(front, SIGCONT);
    assert_true(told(fd, "WATCHDOG=1"));
    kill(s.pid, SIGTERM);
    assert_true(told(fd, "STOPPING=1"));
    assert_int_equal(ended(&s), 0);
    close(fd);
}

static void wrong_configuration(void **state)
{
    (void)state;
    struct buf said _cleanup_buf_ = BUF_INIT;
    char path[96];
    snprintf(path, sizeof path, "%s/widenet.ini", directory);
    FILE *f = fopen(path, "w");
    fputs("[web]\nsign-up = open\n", f);
    fclose(f);
    assert_int_equal(run_command((const char *[]){"widenet", "serve", "--data", directory, NULL}, &said), 1);
    assert_non_null(strstr(said.p, "widenet.ini:2: "));
    assert_non_null(strstr(said.p, "sign_up in [web]"));
    assert_ptr_equal(strchr(said.p, '\n'), said.p + strlen(said.p) - 1);
    unlink(path);
    chmod(directory, 0500);
    if (access(directory, W_OK) != 0) { /* not root */
        assert_int_equal(
            run_command((const char *[]){"widenet", "serve", "--data", directory, NULL}, &said), 1);
        assert_non_null(strstr(said.p, directory));
        assert_ptr_equal(strchr(said.p, '\n'), said.p + strlen(said.p) - 1);
    }
    chmod(directory, 0700);
    assert_int_equal(run_command((const char *[]){"widenet", "serve", "extra", NULL}, &said), 2);
    assert_int_equal(run_command((const char *[]){"widenet", "serve", "--what", NULL}, &said), 2);
    assert_int_equal(run_command((const char *[]){"widenet", "front", NULL}, &said), 1);
    assert_int_equal(run_command((const char *[]){"widenet", "keeper", NULL}, &said), 2);
}

/* ---- the front's memory ---- */

struct needle {
    const void *p;
    size_t n;
    size_t found;
};

/* Searches all that the process can read of itself; false where we are not let. */
static bool search_memory(pid_t pid, struct needle *needles, size_t count)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    if (mem < 0 || !maps)
        return false;
    enum { BLOCK = 1 << 20, OVERLAP = 128 };
    char *block = malloc(BLOCK + OVERLAP);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || mode[0] != 'r' || strstr(line, "[v"))
            continue;
        if (to - from > 1ul << 32) /* a sanitizer's shadow */
            continue;
        for (unsigned long at = from; at < to; at += BLOCK) {
            size_t want = to - at < BLOCK + OVERLAP ? to - at : BLOCK + OVERLAP;
            ssize_t n = pread(mem, block, want, (off_t)at);
            for (size_t i = 0; n > 0 && i < count; i++)
                needles[i].found += memmem(block, (size_t)n, needles[i].p, needles[i].n) != NULL;
        }
    }
    free(block);
    fclose(maps);
    close(mem);
    return true;
}

static void front_holds_no_key(void **state)
{
    (void)state;
    struct scene c;
    struct err err;
    scene_begin(&c, "somebody-special");
    for (int i = 0; i < 5; i++) {
        char title[16];
        snprintf(title, sizeof title, "Number%d", i);
        assert_true(publish(&c.h, title));
    }
    /* The key as its owner takes it out, opened here. */
    char path[96];
    snprintf(path, sizeof path, "%s/passwords", directory);
    FILE *f = fopen(path, "w");
    fputs("correct horse\nfor the road\n", f);
    fclose(f);
    struct buf text _cleanup_buf_ = BUF_INIT;
    char command[400];
    snprintf(command, sizeof command,
        WIDENET_PROGRAM " account key somebody-special --data %s --password-file - < %s", directory, path);
    FILE *exported = popen(command, "r");
    char line[512] = "";
    assert_non_null(fgets(line, sizeof line, exported));
    assert_int_equal(pclose(exported), 0);
    struct vault_scratch scratch;
    if (keeper__nip49_import(&scratch, str_trim(str_of(line)), STR("for the road"), &err))
        fail_msg("%s", err.what);
    assert_true(publish(&c.h, "Onemore"));
    assert_int_equal(run_command((const char *[]){"widenet", "account", "log", "somebody-special", "--data",
                                     directory, NULL},
                         &text),
        0);
    assert_true(str_starts(buf_str(&text), STR("1 20")));
    assert_non_null(strstr(text.p, " 30023 "));

    char hex[65];
    hex_encode(scratch.key, 32, hex);
    struct buf nsec _cleanup_buf_ = BUF_INIT;
    bech32_encode(&nsec, "nsec", scratch.key, 32);
    struct needle needles[] = {
        {scratch.key, 32, 0}, {hex, 64, 0}, {nsec.p, nsec.n, 0},
        {"somebody-special", 16, 0}, /* what must be there, or the search is no search */
    };
    bool searched = search_memory(child_called(c.s.pid, "front"), needles, 4);
    if (searched)
        searched = search_memory(c.s.pid, needles, 3);
    scene_end(&c);
    if (!searched) {
        print_message("skipped: the front's memory cannot be read here\n");
        skip();
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(needles[i].found, 0);
    assert_true(needles[3].found > 0);
}

/* Sends a form with its token in pieces, each a chunk of its own where chunked, and waits for the answer. */
static void post_in_pieces(struct http *h, const char *page, const char *fields, bool chunked)
{
    char token[256];
    struct buf body _cleanup_buf_ = BUF_INIT, head _cleanup_buf_ = BUF_INIT;
    assert_true(request(h, page, NULL));
    hidden_field(h, "csrf", token, sizeof token);
    buf_addf(&body, "csrf=%s&%s", token, fields);
    buf_addf(&head,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\nCookie: %s\r\nOrigin: "
        "http://127.0.0.1:%d\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n",
        page, h->port, h->cookies, h->port);
    if (chunked)
        buf_addz(&head, "Transfer-Encoding: chunked\r\n\r\n");
    else
        buf_addf(&head, "Content-Length: %zu\r\n\r\n", body.n);
    int fd = connect_port(h->port), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    assert_int_equal(send(fd, head.p, head.n, MSG_NOSIGNAL), head.n);
    for (size_t at = 0; at < body.n; at += 97) {
        size_t n = body.n - at < 97 ? body.n - at : 97;
        struct buf piece _cleanup_buf_ = BUF_INIT;
        if (chunked)
            buf_addf(&piece, "%zx\r\n", n);
        buf_add(&piece, body.p + at, n);
        if (chunked)
            buf_addz(&piece, at + n == body.n ? "\r\n0\r\n\r\n" : "\r\n");
        assert_int_equal(send(fd, piece.p, piece.n, MSG_NOSIGNAL), piece.n);
    }
    char piece[4096];
    buf_clear(&h->answer);
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) > 0;)
        buf_add(&h->answer, piece, (size_t)n);
    close(fd);
    h->status = h->answer.n > 12 ? atoi(h->answer.p + 9) : 0;
}

/* What people type is overwritten when it has been answered: passwords, right or wrong, and keys they bring.
 */
static void front_forgets_passwords(void **state)
{
    (void)state;
    struct scene c;
    scene_begin(&c, NULL);
    struct http other = {.port = c.s.port}, third = {.port = c.s.port};
    assert_true(post_form(
        &c.h, "/sign-up", "name=somebody-special&password=first+secret+words&again=first+secret+words"));
    assert_int_equal(c.h.status, 303);
    assert_true(post_form(&c.h, "/account/password",
        "old=first+secret+words&password=second+secret+words&again=second+secret+words"));
    assert_int_equal(c.h.status, 303);
    assert_true(post_form(&c.h, "/account/key",
        "password=second+secret+words&export_password=third+secret+words&again=third+secret+words"));
    assert_int_equal(c.h.status, 200);
    assert_true(post_form(&other, "/sign-in", "name=somebody-special&password=fourth+secret+words"));
    assert_int_equal(other.status, 403);
    assert_true(post_form(&other, "/sign-up",
        "name=another&password=fifth+secret+words&again=fifth+secret+words&"
        "key=nsec1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqpqcc2y"));
    assert_int_equal(other.status, 303);
    struct buf long_form _cleanup_buf_ = BUF_INIT;
    buf_addz(&long_form, "name=somebody-special&password=sixth+secret+words&padding=");
    for (int i = 0; i < 2000; i++)
        buf_addz(&long_form, "0123456789");
    post_in_pieces(&third, "/sign-in", long_form.p, false);
    assert_int_equal(third.status, 403);
    post_in_pieces(&third, "/sign-in", long_form.p, true);
    assert_int_equal(third.status, 403);
    buf_clear(&long_form); /* read at once, and nothing read after it */
    buf_addz(&long_form, "padding=");
    for (int i = 0; i < 800; i++)
        buf_addz(&long_form, "0123456789");
    buf_addz(&long_form, "&name=somebody-special&password=seventh+secret+words");
    assert_true(post_form(&third, "/sign-in", long_form.p));
    assert_int_equal(third.status, 403);
    struct needle needles[] = {
        {"seventh+secret", 14, 0}, {"seventh secret", 14, 0}, {"first+secret", 12, 0},
        {"first secret", 12, 0}, {"second+secret", 13, 0}, {"second secret", 13, 0}, {"third+secret", 12, 0},
        {"third secret", 12, 0}, {"fourth+secret", 13, 0}, {"fourth secret", 13, 0}, {"fifth+secret", 12, 0},
        {"fifth secret", 12, 0}, {"sixth+secret", 12, 0}, {"sixth secret", 12, 0},
        {"qypqxpq9qcrsszg2pvxq6rs0zqg3", 28, 0},
        {"somebody-special", 16, 0}, /* what must be there, or the search is no search */
    };
    enum { COUNT = sizeof needles / sizeof *needles };
    bool searched = search_memory(child_called(c.s.pid, "front"), needles, COUNT);
    scene_end(&c);
    buf_finish(&other.answer);
    buf_finish(&third.answer);
    if (!searched) {
        print_message("skipped: the front's memory cannot be read here\n");
        skip();
    }
    for (int i = 0; i < COUNT - 1; i++)
        if (needles[i].found)
            fail_msg("\"%.*s\" is in the front's memory", (int)needles[i].n, (const char *)needles[i].p);
    assert_true(needles[COUNT - 1].found > 0);
}

int main(void)
{
    struct rlimit memlock = {8u << 20, 8u << 20};
    setrlimit(RLIMIT_MEMLOCK, &memlock);
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(starts_and_stops, fresh, gone),
        cmocka_unit_test_setup_teardown(killed_front, fresh, gone),
        cmocka_unit_test_setup_teardown(killed_keeper, fresh, gone),
        cmocka_unit_test_setup_teardown(killed_parent, fresh, gone),
        cmocka_unit_test_setup_teardown(tells_the_service_manager, fresh, gone),
        cmocka_unit_test_setup_teardown(wrong_configuration, fresh, gone),
        cmocka_unit_test_setup_teardown(front_holds_no_key, fresh, gone),
        cmocka_unit_test_setup_teardown(front_forgets_passwords, fresh, gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
