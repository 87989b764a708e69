/* service.c: the key file through crashes, damage and a full disk; guessing against the clock. The keeper's
 * messages answered in this process, with a cheap hash and a clock that the test turns. */
#include "check.h"
#include "disk.h"

#include "base/wire.h"
#include "keeper/rules.h"
#include "keeper/service.h"
#include "keeper/slots.h"
#include "keeper/tries.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int64_t now_s = 1764000000;

static int64_t test_now(void *ctx)
{
    (void)ctx;
    return now_s * 1000000;
}

static int64_t test_monotonic(void)
{
    return now_s * 1000000;
}

struct fixture {
    int fd;
    struct service *s;
    struct vault_scratch scratch;
    struct err err;
    struct buf reply;
    struct unpack u;
};

static int open_service(struct fixture *f)
{
    static const struct vault_params cheap = {1, 8};
    struct vault_pepper pepper = {{7}};
    struct clock clock = {test_now, NULL};
    return keeper__service_create(f->fd, &pepper, &clock, test_monotonic, &cheap, &f->s, &f->err);
}

static void begin(struct fixture *f)
{
    char path[] = "/tmp/widenet-slots-XXXXXX";
    *f = (struct fixture){.fd = mkstemp(path)};
    assert_true(f->fd >= 0);
    unlink(path);
    if (open_service(f))
        fail_msg("%s", f->err.what);
}

static void end(struct fixture *f)
{
    keeper__service_destroy(f->s);
    f->s = NULL;
    buf_finish(&f->reply);
    close(f->fd);
}

/* The answer's code; its fields are left in f->u. */
static int ask(struct fixture *f, struct buf *request)
{
    buf_clear(&f->reply);
    keeper__service_answer(f->s, &f->scratch, buf_str(request), &f->reply);
    buf_finish(request);
    f->u = unpack_of(buf_str(&f->reply));
    return (int)unpack_u32(&f->u);
}

static int create(struct fixture *f, const char *name, const char *password)
{
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_CREATE);
    pack_str(&r, str_of(name));
    pack_str(&r, str_of(password));
    return ask(f, &r);
}

static int unlock_at(struct fixture *f, const char *name, const char *password, uint16_t address)
{
    static const uint8_t zero[KEEPER_DEVICE_BYTES];
    uint8_t where[16] = {address & 0xff, address >> 8};
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_UNLOCK);
    pack_str(&r, str_of(name));
    pack_str(&r, str_of(password));
    buf_add(&r, where, sizeof where);
    pack_u8(&r, 0);
    buf_add(&r, zero, sizeof zero);
    return ask(f, &r);
}

static int change(struct fixture *f, const char *name, const char *old, const char *fresh)
{
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_CHANGE_PASSWORD);
    pack_str(&r, str_of(name));
    pack_str(&r, str_of(old));
    pack_str(&r, str_of(fresh));
    return ask(f, &r);
}

static int forget(struct fixture *f, const struct pubkey *key)
{
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_FORGET);
    buf_add(&r, key->b, sizeof key->b);
    return ask(f, &r);
}

static size_t file_size(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return (size_t)st.st_size;
}

static void read_file(int fd, struct buf *out)
{
    size_t n = file_size(fd);
    buf_clear(out);
    buf_reserve(out, n);
    assert_int_equal(pread(fd, out->p, n, 0), n);
    out->n = n;
}

static void write_file(int fd, struct str bytes)
{
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, bytes.p, bytes.n, 0), bytes.n);
}

static void reopen(struct fixture *f)
{
    keeper__service_destroy(f->s);
    f->s = NULL;
    if (open_service(f))
        fail_msg("%s", f->err.what);
}

#define OLD "the old password"
#define NEW "the new password"

/* Whatever part of a password's change reached the disk, one of the two passwords opens the key. */
static void torn_change(void **state)
{
    (void)state;
    struct fixture f;
    struct buf before _cleanup_buf_ = BUF_INIT, after _cleanup_buf_ = BUF_INIT, mix _cleanup_buf_ = BUF_INIT;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    read_file(f.fd, &before);
    assert_int_equal(change(&f, "anna", OLD, NEW), 0);
    read_file(f.fd, &after);
    assert_int_equal(before.n, after.n);
    /* The two copies are at 8192 and 9216; the change writes the second first, then the first. */
    for (size_t cut = 0; cut <= 2048; cut += 32) {
        buf_clear(&mix);
        buf_adds(&mix, buf_str(&before));
        size_t second = cut < 1024 ? cut : 1024, first = cut < 1024 ? 0 : cut - 1024;
        memcpy(mix.p + 9216, after.p + 9216, second);
        memcpy(mix.p + 8192, after.p + 8192, first);
        write_file(f.fd, buf_str(&mix));
        reopen(&f);
        bool old = unlock_at(&f, "anna", OLD, 0) == 0, fresh = unlock_at(&f, "anna", NEW, 0) == 0;
        assert_true(old != fresh);
        if (cut >= 1024)
            assert_true(fresh);
    }
    end(&f);
}

/* A file cut off anywhere keeps the keys that were whole, and takes new ones. */
static void torn_tail(void **state)
{
    (void)state;
    struct fixture f;
    struct buf whole _cleanup_buf_ = BUF_INIT;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    assert_int_equal(create(&f, "bert", OLD), 0);
    read_file(f.fd, &whole);
    for (size_t n = 0; n <= whole.n; n += n < 64 ? 8 : 511) {
        write_file(f.fd, str_slice(buf_str(&whole), 0, n));
        reopen(&f);
        assert_int_equal(unlock_at(&f, "anna", OLD, 0) == 0, n >= 8192 + 1024);
        assert_int_equal(unlock_at(&f, "bert", OLD, 0) == 0, n >= 16384 + 1024);
        assert_int_equal(create(&f, "carl", OLD), 0);
        reopen(&f);
        assert_int_equal(unlock_at(&f, "carl", OLD, 0), 0);
    }
    end(&f);
}

static void damage_is_left_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct buf bytes _cleanup_buf_ = BUF_INIT;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    assert_int_equal(create(&f, "bert", OLD), 0);
    read_file(f.fd, &bytes);
    bytes.p[8192 + 100] ^= 1;
    write_file(f.fd, buf_str(&bytes));
    reopen(&f);
    assert_int_equal(unlock_at(&f, "anna", OLD, 0), 0); /* the other copy serves */
    bytes.p[8192 + 1024 + 100] ^= 1;
    write_file(f.fd, buf_str(&bytes));
    reopen(&f);
    assert_int_equal(unlock_at(&f, "anna", OLD, 0), ERR_DENIED);
    assert_int_equal(unlock_at(&f, "bert", OLD, 0), 0);
    assert_int_equal(create(&f, "carl", OLD), 0); /* not into the damaged place */
    char there[100];
    assert_int_equal(pread(f.fd, there, sizeof there, 8192), sizeof there);
    assert_memory_equal(there, bytes.p + 8192, sizeof there);
    end(&f);
}

/* Neither a changed password's wrapping nor anything of a forgotten key is left in the file. */
static void nothing_stays_behind(void **state)
{
    (void)state;
    struct fixture f;
    struct buf before _cleanup_buf_ = BUF_INIT, after _cleanup_buf_ = BUF_INIT;
    begin(&f);
    assert_int_equal(create(&f, "a rather long name", OLD), 0);
    struct pubkey key;
    unpack_bytes(&f.u, &key, sizeof key);
    read_file(f.fd, &before);
    char *name = memmem(before.p, before.n, "a rather long name", 18);
    assert_non_null(name);
    size_t salt_at = (size_t)(name - before.p) + 18 + 32; /* name, key, salt, nonce, wrapped */
    assert_int_equal(change(&f, "a rather long name", OLD, NEW), 0);
    read_file(f.fd, &after);
    assert_null(memmem(after.p, after.n, before.p + salt_at, 16));
    assert_null(memmem(after.p, after.n, before.p + salt_at + 16, 24));
    assert_null(memmem(after.p, after.n, before.p + salt_at + 40, 48));
    assert_int_equal(forget(&f, &key), 0);
    read_file(f.fd, &after);
    assert_true(sodium_is_zero((uint8_t *)after.p + 8192, after.n - 8192));
    end(&f);
}

/* On a file system with no room left a new key is refused, and those that are there can still be changed. */
static void fill_disk(const char *path)
{
    struct fixture f = {0};
    char file[64];
    if (!disk_mount(path, "64k"))
        _exit(77);
    snprintf(file, sizeof file, "%s/keys", path);
    f.fd = open(file, O_RDWR | O_CREAT, 0600);
    if (f.fd < 0 || open_service(&f) != 0)
        _exit(2);
    int got = 0, made = 0;
    char name[16];
    for (; !got && made < 20; made++) {
        snprintf(name, sizeof name, "person%d", made);
        got = create(&f, name, OLD);
    }
    if (got != ERR_FULL || made < 4)
        _exit(3);
    for (int i = 0; i < made - 1; i++) {
        snprintf(name, sizeof name, "person%d", i);
        if (change(&f, name, OLD, NEW) != 0)
            _exit(4);
    }
    keeper__service_destroy(f.s);
    if (open_service(&f) != 0)
        _exit(5);
    for (int i = 0; i < made; i++) {
        snprintf(name, sizeof name, "person%d", i);
        if ((unlock_at(&f, name, NEW, 0) == 0) != (i < made - 1))
            _exit(6);
    }
    _exit(0);
}

static void full_disk(void **state)
{
    (void)state;
    char path[] = "/tmp/widenet-full-XXXXXX";
    assert_non_null(mkdtemp(path));
    pid_t pid = fork();
    if (pid == 0)
        fill_disk(path);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    rmdir(path); /* the mount went with the process */
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message(NO_SMALL_DISK);
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* All strangers together guess at most 20 times at once and then every 30 seconds. */
static void guessing_is_slow(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    int tries = 0;
    for (uint16_t address = 1; address < 2000; address++) {
        tries += unlock_at(&f, "anna", "not the password", address) == ERR_DENIED;
        now_s++;
    }
    assert_true(tries <= TRIES_MAX + 2000 / TRIES_REFILL_SECONDS + 1);
    assert_true(tries > 60);
    /* A name that nobody has looks the same. */
    int unknown = 0;
    for (uint16_t address = 1; address < 2000; address++) {
        unknown += unlock_at(&f, "nobody", "not the password", address) == ERR_DENIED;
        now_s++;
    }
    assert_int_equal(tries, unknown);
    /* One place alone is slowed long before. */
    now_s += 100000;
    assert_int_equal(create(&f, "bert", OLD), 0);
    int alone = 0;
    for (int i = 0; i < 3600; i++) {
        alone += unlock_at(&f, "bert", "not the password", 7) == ERR_DENIED;
        now_s++;
    }
    assert_true(alone <= 3 + 12);
    assert_int_equal(unlock_at(&f, "bert", OLD, 8), 0); /* and stops nobody else */
    now_s += TRIES_FORGET + 1;
    assert_int_equal(unlock_at(&f, "bert", OLD, 7), 0);
    end(&f);
}

/* The budget outlives the keeper's process. */
static void guessing_survives_restart(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    int tries = 0;
    for (uint16_t address = 1; address < 100; address++) {
        tries += unlock_at(&f, "anna", "not the password", address) == ERR_DENIED;
        reopen(&f);
    }
    assert_int_equal(tries, TRIES_MAX);
    end(&f);
}

static void signing_log_is_chained(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_CREATE_UNATTENDED);
    pack_str(&r, STR("s"));
    pack_u32(&r, 1);
    pack_u32(&r, 1);
    assert_int_equal(ask(&f, &r), 0);
    struct pubkey key;
    unpack_bytes(&f.u, &key, sizeof key);
    for (int i = 0; i < 250; i++) {
        pack_u8(&r, KEEPER_SIGN_UNATTENDED);
        buf_add(&r, &key, sizeof key);
        pack_u32(&r, 1);
        keeper__service_pack_record(&r, &(struct record){.kind = 1, .created_at = i});
        assert_int_equal(ask(&f, &r), 0);
        if (i % 90 == 0)
            reopen(&f);
    }
    for (int flipped = 0; flipped < 2; flipped++) {
        pack_u8(&r, KEEPER_LOG);
        buf_add(&r, &key, sizeof key);
        pack_u32(&r, 1000);
        assert_int_equal(ask(&f, &r), 0);
        assert_int_equal(unpack_u8(&f.u), !flipped);
        struct str text = unpack_str(&f.u), line;
        size_t lines = 0;
        while (str_cut(&text, '\n', &line))
            lines += line.n > 0;
        assert_int_equal(lines, SLOT_LOG_ENTRIES);
        char byte;
        assert_int_equal(pread(f.fd, &byte, 1, 8192 + 2048 + 30 * 64 + 20), 1);
        byte ^= 1;
        assert_int_equal(pwrite(f.fd, &byte, 1, 8192 + 2048 + 30 * 64 + 20), 1);
    }
    end(&f);
}

static void sessions_end(void **state)
{
    (void)state;
    struct fixture f;
    struct keeper_session session;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    assert_int_equal(unlock_at(&f, "anna", OLD, 0), 0);
    unpack_bytes(&f.u, &session, sizeof session);
    struct buf r = BUF_INIT;
    for (int step = 0; step < 3; step++) {
        pack_u8(&r, KEEPER_SIGN);
        buf_add(&r, &session, sizeof session);
        keeper__service_pack_record(&r, &(struct record){.kind = step == 1 ? 0 : 1111, .created_at = now_s});
        assert_int_equal(ask(&f, &r), step == 0 ? 0 : ERR_DENIED);
        now_s += step == 0 ? RULES_CONFIRM_SECONDS + 1
                           : RULES_SESSION_SECONDS; /* then: unconfirmed; expired */
    }
    end(&f);
}

static int sign_comment(struct fixture *f, const struct keeper_session *session)
{
    struct buf r = BUF_INIT;
    pack_u8(&r, KEEPER_SIGN);
    buf_add(&r, session, sizeof *session);
    keeper__service_pack_record(&r, &(struct record){.kind = 1111, .created_at = now_s});
    return ask(f, &r);
}

/* Pages read "wait N seconds" out of what is to be done. */
static void signing_is_slow(void **state)
{
    (void)state;
    struct fixture f;
    struct keeper_session session;
    begin(&f);
    assert_int_equal(create(&f, "anna", OLD), 0);
    assert_int_equal(unlock_at(&f, "anna", OLD, 0), 0);
    unpack_bytes(&f.u, &session, sizeof session);
    for (int i = 0; i < RULES_RATE_BURST; i++)
        assert_int_equal(sign_comment(&f, &session), 0);
    assert_int_equal(sign_comment(&f, &session), ERR_LIMIT);
    assert_true(str_find(buf_str(&f.reply), STR("wait 2 seconds")) != SIZE_MAX);
    now_s += 2;
    assert_int_equal(sign_comment(&f, &session), 0);
    assert_int_equal(sign_comment(&f, &session), ERR_LIMIT);
    end(&f);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torn_change),
        cmocka_unit_test(torn_tail),
        cmocka_unit_test(damage_is_left_alone),
        cmocka_unit_test(nothing_stays_behind),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(guessing_is_slow),
        cmocka_unit_test(guessing_survives_restart),
        cmocka_unit_test(signing_log_is_chained),
        cmocka_unit_test(sessions_end),
        cmocka_unit_test(signing_is_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
