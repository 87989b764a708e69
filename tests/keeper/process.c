/* process.c: the keeper as its callers meet it: a process of its own, asked over its socket, killed,
 * restarted.
 *
 * Runs as an ordinary user with the stock limits: started by root, it becomes nobody first. */
#include "check.h"

#include "keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64], key_file[96], secret_file[96];

struct fixture {
    struct keeper *k;
    pid_t pid;
    struct err err;
};

static int start(void *ctx)
{
    struct fixture *f = ctx;
    int fd;
    if (f->pid > 0)
        waitpid(f->pid, NULL, 0);
    return keeper_spawn(WIDENET_PROGRAM, key_file, secret_file, &fd, &f->pid, &f->err) ? -1 : fd;
}

static void open_keeper(struct fixture *f)
{
    *f = (struct fixture){0};
    int fd = start(f);
    if (fd < 0)
        fail_msg("%s", f->err.what);
    f->k = keeper_connect(fd, start, f);
}

static void close_keeper(struct fixture *f)
{
    keeper_disconnect(f->k);
    int status;
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    assert_true(WIFEXITED(status)); /* the socket's end is its end */
    f->pid = 0;
}

#define must(call)                                                                                           \
    do {                                                                                                     \
        struct err *e_ = &f.err;                                                                             \
        e_->what[0] = 0;                                                                                     \
        int got_ = (call);                                                                                   \
        if (got_)                                                                                            \
            fail_msg("%s: %d %s; %s", #call, got_, e_->what, e_->todo);                                      \
    } while (0)

static void remove_files(void)
{
    unlink(key_file);
    unlink(secret_file);
}

#define PASSWORD STR("correct horse")

static void simple_record(struct record *r, uint32_t kind)
{
    *r = (struct record){.kind = kind, .created_at = time(NULL), .content = STR("What I think.")};
}

static void a_persons_key(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key, again;
    struct keeper_session session, other;
    struct record r;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    assert_int_equal(keeper_create(f.k, STR("anna"), PASSWORD, &again, &f.err), ERR_EXISTS);
    assert_int_equal(keeper_create(f.k, STR("bert"), STR("short"), &again, &f.err), ERR_INPUT);
    assert_int_equal(keeper_create(f.k, STR(""), PASSWORD, &again, &f.err), ERR_INPUT);
    assert_int_equal(
        keeper_unlock(f.k, STR("anna"), STR("wrong horse"), &session, &again, &f.err), ERR_DENIED);
    char wrong_password[sizeof f.err.what];
    snprintf(wrong_password, sizeof wrong_password, "%s", f.err.what);
    assert_int_equal(keeper_unlock(f.k, STR("nobody"), PASSWORD, &session, &again, &f.err), ERR_DENIED);
    assert_string_equal(wrong_password, f.err.what);
    must(keeper_unlock(f.k, STR("anna"), PASSWORD, &session, &again, &f.err));
    assert_memory_equal(&key, &again, sizeof key);
    must(keeper_unlock(f.k, STR("anna"), PASSWORD, &other, &again, &f.err));

    simple_record(&r, 30023);
    must(keeper_sign(f.k, &session, &r, &f.err));
    must(record_verify(&r, &f.err));
    assert_memory_equal(&key, &r.pubkey, sizeof key);
    simple_record(&r, 0); /* the password was just given */
    must(keeper_sign(f.k, &session, &r, &f.err));
    simple_record(&r, 27235);
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_DENIED);
    simple_record(&r, 1111);
    r.created_at += 400;
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_INPUT);
    simple_record(&r, 1111);
    r.content = STR("\xff");
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_INPUT);

    must(keeper_lock(f.k, &session, &f.err));
    must(keeper_lock(f.k, &session, &f.err));
    simple_record(&r, 30023);
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_DENIED);
    must(keeper_sign(f.k, &other, &r, &f.err));

    must(keeper_change_password(f.k, STR("anna"), PASSWORD, STR("battery staple"), &f.err));
    assert_int_equal(keeper_sign(f.k, &other, &r, &f.err), ERR_DENIED);
    assert_int_equal(keeper_unlock(f.k, STR("anna"), PASSWORD, &session, &again, &f.err), ERR_DENIED);
    must(keeper_unlock(f.k, STR("anna"), STR("battery staple"), &session, &again, &f.err));
    must(keeper_sign(f.k, &session, &r, &f.err));
    struct buf text _cleanup_buf_ = BUF_INIT;
    must(keeper_log(f.k, &key, 2, &text, &f.err));
    assert_true(str_starts(buf_str(&text), STR("3 ")));
    assert_non_null(strstr(text.p, "\n4 "));
    must(keeper_forget(f.k, &key, &f.err));
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_DENIED);
    assert_int_equal(keeper_forget(f.k, &key, &f.err), ERR_NOT_FOUND);
    close_keeper(&f);
    remove_files();
}

static void a_key_comes_and_goes(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key, back;
    struct buf text _cleanup_buf_ = BUF_INIT;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    assert_int_equal(
        keeper_export(f.k, STR("anna"), STR("not it at all"), STR("for the road"), &text, &f.err),
        ERR_DENIED);
    must(keeper_export(f.k, STR("anna"), PASSWORD, STR("for the road"), &text, &f.err));
    assert_true(str_starts(buf_str(&text), STR("ncryptsec1")));
    assert_int_equal(
        keeper_import_key(f.k, STR("bert"), PASSWORD, buf_str(&text), STR("for the road"), &back, &f.err),
        ERR_EXISTS);
    must(keeper_forget(f.k, &key, &f.err));
    must(keeper_import_key(f.k, STR("bert"), PASSWORD, buf_str(&text), STR("for the road"), &back, &f.err));
    assert_memory_equal(&key, &back, sizeof key);
    struct keeper_key *list;
    size_t n;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    must(keeper_list(f.k, arena, &list, &n, &f.err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].name, "bert");
    must(keeper_find(f.k, STR("bert"), false, &back, &f.err));
    assert_int_equal(keeper_find(f.k, STR("bert"), true, &back, &f.err), ERR_NOT_FOUND);
    close_keeper(&f);
    remove_files();
}

static void unattended_keys(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key, unknown = {{1}};
    open_keeper(&f);
    must(keeper_create_unattended(f.k, STR("a source"), (uint32_t[]){0, 30023}, 2, &key, &f.err));
    assert_int_equal(
        keeper_create_unattended(f.k, STR("a source"), (uint32_t[]){0}, 1, &key, &f.err), ERR_EXISTS);
    enum { N = 500 };
    struct record *r = calloc(N, sizeof *r);
    for (size_t i = 0; i < N; i++)
        r[i] = (struct record){.kind = 30023, .created_at = 1 + (int64_t)i, .content = STR("Long ago.")};
    size_t done;
    must(keeper_sign_unattended_many(f.k, &key, r, N, &done, &f.err));
    assert_int_equal(done, N);
    for (size_t i = 0; i < N; i++)
        must(record_verify(&r[i], &f.err));
    r[7].kind = 1;
    assert_int_equal(keeper_sign_unattended_many(f.k, &key, r, N, &done, &f.err), ERR_DENIED);
    assert_int_equal(done, 7);
    assert_int_equal(keeper_sign_unattended(f.k, &unknown, &r[0], &f.err), ERR_NOT_FOUND);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &unknown, &f.err));
    assert_int_equal(keeper_sign_unattended(f.k, &unknown, &r[0], &f.err), ERR_DENIED);
    free(r);
    close_keeper(&f);
    remove_files();
}

/* The largest record there is passes with the stock socket limits; one byte more does not. */
static void the_largest_article(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    open_keeper(&f);
    must(keeper_create_unattended(f.k, STR("s"), (uint32_t[]){30023}, 1, &key, &f.err));
    struct record r = {.kind = 30023, .created_at = 1700000000};
    struct buf empty _cleanup_buf_ = BUF_INIT, text _cleanup_buf_ = BUF_INIT;
    r.pubkey = key;
    record_serialize_for_id(&r, &empty);
    while (text.n + empty.n < RECORD_MAX_ARTICLE_BYTES)
        buf_addc(&text, 'a');
    r.content = buf_str(&text);
    must(keeper_sign_unattended(f.k, &key, &r, &f.err));
    must(record_verify(&r, &f.err));
    buf_addc(&text, 'a');
    r.content = buf_str(&text);
    assert_int_equal(keeper_sign_unattended(f.k, &key, &r, &f.err), ERR_LIMIT);
    while (text.n < 400000)
        buf_addc(&text, 'a');
    r.content = buf_str(&text);
    assert_int_equal(keeper_sign_unattended(f.k, &key, &r, &f.err), ERR_LIMIT);
    close_keeper(&f);
    remove_files();
}

static void private_texts(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey a, b;
    struct keeper_session sa, sb;
    struct buf payload _cleanup_buf_ = BUF_INIT, plain _cleanup_buf_ = BUF_INIT;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &a, &f.err));
    must(keeper_create(f.k, STR("bert"), PASSWORD, &b, &f.err));
    must(keeper_unlock(f.k, STR("anna"), PASSWORD, &sa, &a, &f.err));
    must(keeper_unlock(f.k, STR("bert"), PASSWORD, &sb, &b, &f.err));
    must(keeper_nip44_encrypt(f.k, &sa, &b, STR("between us"), &payload, &f.err));
    must(keeper_nip44_decrypt(f.k, &sb, &a, buf_str(&payload), &plain, &f.err));
    assert_str(buf_str(&plain), "between us");
    assert_int_equal(keeper_nip44_decrypt(f.k, &sb, &b, buf_str(&payload), &plain, &f.err), ERR_DENIED);
    close_keeper(&f);
    remove_files();
}

/* Signed-in people go on after kill -9, also from several threads at once. */
struct signer {
    struct keeper *k;
    const struct keeper_session *session;
    int done;
};

static void *sign_many(void *arg)
{
    struct signer *s = arg;
    for (int i = 0; i < 12; i++) {
        struct record r;
        struct err err;
        simple_record(&r, 1111);
        if (keeper_sign(s->k, s->session, &r, &err) == 0 && record_verify(&r, &err) == 0)
            s->done++;
    }
    return NULL;
}

static void killed_and_restarted(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    struct keeper_session session;
    struct record r;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    must(keeper_unlock(f.k, STR("anna"), PASSWORD, &session, &key, &f.err));
    for (int i = 0; i < 5; i++) {
        kill(f.pid, SIGKILL);
        simple_record(&r, 30023);
        must(keeper_sign(f.k, &session, &r, &f.err));
        must(record_verify(&r, &f.err));
    }
    simple_record(&r, 62); /* what was confirmed is forgotten: the keeper asks again */
    assert_int_equal(keeper_sign(f.k, &session, &r, &f.err), ERR_DENIED);
    assert_non_null(strstr(f.err.todo, "password again"));
    assert_int_equal(keeper_confirm(f.k, &session, STR("anna"), STR("not it at all"), &f.err), ERR_DENIED);
    must(keeper_confirm(f.k, &session, STR("anna"), PASSWORD, &f.err));
    must(keeper_sign(f.k, &session, &r, &f.err));
    pthread_t threads[4];
    struct signer signers[4];
    pid_t old = f.pid;
    for (int i = 0; i < 4; i++) {
        signers[i] = (struct signer){f.k, &session, 0};
        pthread_create(&threads[i], NULL, sign_many, &signers[i]);
    }
    kill(old, SIGKILL);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(signers[i].done, 12);
    }
    close_keeper(&f);
    remove_files();
}

static void too_fast(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    struct keeper_session session;
    struct record r;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    must(keeper_unlock(f.k, STR("anna"), PASSWORD, &session, &key, &f.err));
    int got = 0;
    for (int i = 0; i < 200 && !got; i++) {
        simple_record(&r, 1111);
        got = keeper_sign(f.k, &session, &r, &f.err);
    }
    assert_int_equal(got, ERR_LIMIT);
    close_keeper(&f);
    remove_files();
}

/* A stranger's wrong tries stop the stranger, not the browser that signed in before, nor another address. */
static void strangers_lock_nobody_out(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    struct keeper_session session;
    uint8_t device[KEEPER_DEVICE_BYTES], fresh[KEEPER_DEVICE_BYTES];
    struct keeper_source home = {.address = {1}}, stranger = {.address = {2}}, cafe = {.address = {3}};
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    must(keeper_unlock_from(f.k, STR("anna"), PASSWORD, &home, &session, &key, device, &f.err));
    int got = ERR_DENIED, tries = 0;
    for (; got == ERR_DENIED && tries < 50; tries++)
        got = keeper_unlock_from(
            f.k, STR("anna"), STR("guessed it"), &stranger, &session, &key, fresh, &f.err);
    assert_int_equal(got, ERR_LIMIT);
    assert_true(tries <= 6);
    assert_non_null(strstr(f.err.todo, "wait "));
    must(keeper_unlock_from(f.k, STR("anna"), PASSWORD, &cafe, &session, &key, fresh, &f.err));
    for (uint8_t i = 10; i < 60; i++) { /* many addresses: now a new place has to wait … */
        stranger.address[0] = i;
        got = keeper_unlock_from(
            f.k, STR("anna"), STR("guessed it"), &stranger, &session, &key, fresh, &f.err);
        if (got == ERR_LIMIT)
            break;
    }
    assert_int_equal(got, ERR_LIMIT);
    home.device = device; /* … and a known browser not, even after a restart */
    kill(f.pid, SIGKILL);
    must(keeper_unlock_from(f.k, STR("anna"), PASSWORD, &home, &session, &key, fresh, &f.err));
    assert_memory_equal(device, fresh, sizeof device);
    assert_int_equal(
        keeper_unlock_from(f.k, STR("anna"), PASSWORD, &cafe, &session, &key, fresh, &f.err), ERR_LIMIT);
    device[40] ^= 1; /* no forged device */
    assert_int_equal(
        keeper_unlock_from(f.k, STR("anna"), PASSWORD, &home, &session, &key, fresh, &f.err), ERR_LIMIT);
    close_keeper(&f);
    remove_files();
}

static void wrong_files(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    open_keeper(&f);
    must(keeper_create(f.k, STR("anna"), PASSWORD, &key, &f.err));
    close_keeper(&f);
    struct stat st;
    assert_int_equal(stat(key_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(secret_file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    unlink(secret_file);
    int fd;
    assert_int_equal(
        keeper_spawn(WIDENET_PROGRAM, key_file, secret_file, &fd, &f.pid, &f.err), ERR_NOT_FOUND);
    fd = open(secret_file, O_WRONLY | O_CREAT, 0600); /* another secret */
    assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
    close(fd);
    f = (struct fixture){0};
    fd = start(&f);
    f.k = keeper_connect(fd, NULL, NULL);
    assert_int_equal(keeper_create(f.k, STR("bert"), PASSWORD, &key, &f.err), ERR_DENIED);
    assert_non_null(strstr(f.err.what, "another secret"));
    keeper_disconnect(f.k);
    waitpid(f.pid, NULL, 0);
    assert_int_equal(truncate(secret_file, 5), 0);
    assert_int_equal(keeper_spawn(WIDENET_PROGRAM, key_file, secret_file, &fd, &f.pid, &f.err), ERR_CORRUPT);
    remove_files();
}

static void count_fault(void *ctx, const char *line)
{
    assert_non_null(strstr(line, "key file: "));
    ++*(int *)ctx;
}

static void checked_from_outside(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    uint64_t keys;
    int faults = 0;
    open_keeper(&f);
    must(keeper_check_file("/tmp/widenet-nowhere", count_fault, &faults, &keys, &f.err));
    must(keeper_create_unattended(f.k, STR("a"), (uint32_t[]){0}, 1, &key, &f.err));
    must(keeper_create_unattended(f.k, STR("b"), (uint32_t[]){0}, 1, &key, &f.err));
    must(keeper_check_file(key_file, count_fault, &faults, &keys, &f.err));
    assert_true(keys == 2 && faults == 0);
    for (int copy = 0; copy < 2; copy++) { /* a flipped byte in one copy, then in both */
        int fd = open(key_file, O_RDWR);
        char byte;
        assert_int_equal(pread(fd, &byte, 1, 8192 + 1024 * copy + 40), 1);
        byte ^= 16;
        assert_int_equal(pwrite(fd, &byte, 1, 8192 + 1024 * copy + 40), 1);
        close(fd);
        faults = 0;
        must(keeper_check_file(key_file, count_fault, &faults, &keys, &f.err));
        assert_int_equal(faults, 1);
        assert_true(keys == (copy ? 1 : 2));
    }
    close_keeper(&f);
    remove_files();
}

/* Nothing open but the socket, the key file and standard error; no core file, not traceable. */
static void shut_in(void **state)
{
    (void)state;
    struct fixture f;
    struct pubkey key;
    open_keeper(&f);
    must(keeper_create_unattended(f.k, STR("s"), (uint32_t[]){0}, 1, &key, &f.err));
    char path[64], text[8192] = "";
    snprintf(path, sizeof path, "/proc/%d/status", (int)f.pid);
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    assert_true(fread(text, 1, sizeof text - 1, status) > 0);
    fclose(status);
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
#ifndef WIDENET_SANITIZED
    assert_non_null(strstr(text, "Seccomp:\t2"));
#endif
    if (geteuid() != 0) {
        snprintf(path, sizeof path, "/proc/%d/mem", (int)f.pid);
        assert_int_equal(open(path, O_RDONLY), -1); /* not dumpable: not even for its own user */
    }
    close_keeper(&f);
    remove_files();
}

/* Uid and limits of an ordinary user on a fresh Debian. */
static void become_ordinary(void)
{
    struct rlimit memlock = {8u << 20, 8u << 20};
    setrlimit(RLIMIT_MEMLOCK, &memlock);
    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        exit(1);
}

int main(void)
{
    become_ordinary();
    signal(SIGPIPE, SIG_IGN);
    snprintf(directory, sizeof directory, "/tmp/widenet-keeper-XXXXXX");
    if (!mkdtemp(directory))
        return 1;
    snprintf(key_file, sizeof key_file, "%s/keyring", directory);
    snprintf(secret_file, sizeof secret_file, "%s/secret", directory);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_persons_key),
        cmocka_unit_test(a_key_comes_and_goes),
        cmocka_unit_test(unattended_keys),
        cmocka_unit_test(the_largest_article),
        cmocka_unit_test(private_texts),
        cmocka_unit_test(killed_and_restarted),
        cmocka_unit_test(too_fast),
        cmocka_unit_test(strangers_lock_nobody_out),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(checked_from_outside),
        cmocka_unit_test(shut_in),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_files();
    rmdir(directory);
    return failed;
}
