/* node.c: a data directory used by its writer and beside it: the same calls, the same outcome. */
#include "check.h"

#include "base/wire.h"
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64];
static const struct store_projection no_projections[] = {{NULL}};
static const struct store_text_source no_texts[] = {{.extract = NULL}};
static struct store_tables tables;
static struct config *config;
static const struct account_belonging *belongings;

static int open_mode(enum node_mode mode, struct node **out, struct err *err)
{
    struct node_options options = {.directory = directory,
        .config = config,
        .tables = &tables,
        .belongings = belongings,
        .program = WIDENET_PROGRAM};
    return node_open(&options, mode, out, err);
}

static struct node *must_open(enum node_mode mode)
{
    struct node *node;
    struct err err;
    if (open_mode(mode, &node, &err))
        fail_msg("%s; %s", err.what, err.todo);
    return node;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static int fresh(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/widenet-node-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int gone(void **state)
{
    (void)state;
    return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#define must(call)                                                                                           \
    do {                                                                                                     \
        int got_ = (call);                                                                                   \
        if (got_)                                                                                            \
            fail_msg("%s: %d %s; %s", #call, got_, err.what, err.todo);                                      \
    } while (0)
#define PASSWORD STR("correct horse")

/* Both ways of writing: alone, and beside a running node. */
static void each_way(void (*check)(struct node *writer))
{
    struct node *node = must_open(NODE_WRITE);
    assert_false(node_is_remote(node));
    check(node);
    node_close(node);
    gone(NULL);
    struct node *serving = must_open(NODE_SERVE);
    node = must_open(NODE_WRITE);
    assert_true(node_is_remote(node));
    check(node);
    node_close(node);
    node_close(serving);
}

static void check_accounts(struct node *node)
{
    struct err err;
    struct pubkey key, other, own = {{0}};
    struct account *list, one;
    size_t n;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    must(node_account_add(node, STR("anna"), PASSWORD, &key, &err));
    assert_int_equal(node_account_add(node, STR("anna"), PASSWORD, &other, &err), ERR_EXISTS);
    assert_int_equal(node_account_add(node, STR("Anna"), PASSWORD, &other, &err), ERR_INPUT);
    assert_int_equal(node_account_add(node, STR("-x"), PASSWORD, &other, &err), ERR_INPUT);
    assert_int_equal(
        node_account_add(node, STR("abcdefghijklmnopqrstuvwxyz1234567"), PASSWORD, &other, &err), ERR_INPUT);
    assert_int_equal(node_account_add(node, STR("bert"), STR("short"), &other, &err), ERR_INPUT);
    uint8_t secret[32] = {[31] = 9};
    must(record_pubkey_of_secret(secret, &own, &err));
    must(node_account_add_own_key(node, STR("carl"), &own, &err));
    assert_int_equal(node_account_add_own_key(node, STR("carla"), &own, &err), ERR_EXISTS);
    must(node_account_list(node, arena, &list, &n, &err));
    assert_int_equal(n, 2);
    assert_str(list[0].name, "anna");
    assert_memory_equal(&list[0].key, &key, sizeof key);
    assert_true(list[1].own_key);
    must(node_actor_from_text(node, STR("anna"), &other, &err));
    assert_memory_equal(&other, &key, sizeof key);
    assert_int_equal(node_actor_from_text(node, STR("nobody"), &other, &err), ERR_NOT_FOUND);
    struct store_read *read;
    must(store_read_begin(node_store(node), &read, &err));
    must(node_account_by_key(read, arena, &key, &one, &err));
    assert_str(one.name, "anna");
    assert_int_equal(node_account_by_name(read, arena, STR("bert"), &one, &err), ERR_NOT_FOUND);
    store_read_end(read);

    struct buf text _cleanup_buf_ = BUF_INIT;
    must(node_account_password(node, STR("anna"), PASSWORD, STR("battery staple"), &err));
    assert_int_equal(
        node_account_export(node, STR("anna"), PASSWORD, STR("for the road"), &text, &err), ERR_DENIED);
    must(node_account_export(node, STR("anna"), STR("battery staple"), STR("for the road"), &text, &err));
    assert_true(str_starts(buf_str(&text), STR("ncryptsec1")));
    assert_int_equal(
        node_account_password(node, STR("carl"), PASSWORD, STR("battery staple"), &err), ERR_INPUT);
    must(node_account_remove(node, STR("anna"), &err));
    must(node_account_remove(node, STR("carl"), &err));
    assert_int_equal(node_account_remove(node, STR("anna"), &err), ERR_NOT_FOUND);
    must(node_account_add(node, STR("anna"), PASSWORD, &other, &err));
    assert_memory_not_equal(&other, &key, sizeof key);
}

static void accounts(void **state)
{
    (void)state;
    each_way(check_accounts);
}

/* Made by nostr-tools 2.20 of the secret bytes 1 to 32: nip49.encrypt(…, "ÅΩẛ̣ for the road", 4). The
 * password's letters are given here in another composition of Unicode. */
#define BROUGHT                                                                                              \
    "ncryptsec1qgzdzvwa072yn4gy8r7l828ngfvap6meyh3k0uzjc5ys9a7j370hc2xku3tcsqakxras9eq4hfpk7twpme4u0x328wwg" \
    "r0mylw6nu2n72ez3cfxvvwskask0cmxcqyyqx7t4ny8766ntrfrhe592enlw"
#define BROUGHT_NSEC "nsec1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5z5tpwxqergd3c8g7rusqpqcc2y"
#define BROUGHT_NPUB "npub1sjlh2c3x9w7kjsqg2ay080n2lff2uvt325vpan33ke34rn8l5jcqawh57m"
#define BROUGHT_PASSWORD STR("A\xCC\x8A\xE2\x84\xA6\xE1\xBA\x9B\xCC\xA3 for the road")

static int bring(
    struct node *node, const char *name, const char *key, struct str key_password, struct err *err)
{
    struct pubkey out;
    return node_account_bring(node, str_of(name), PASSWORD, str_of(key), key_password, &out, err);
}

static void check_brought_keys(struct node *node)
{
    struct err err;
    struct pubkey key, meant;
    struct buf text _cleanup_buf_ = BUF_INIT;
    struct account *list;
    size_t n;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    must(pubkey_from_text(STR(BROUGHT_NPUB), &meant, &err));
    assert_int_equal(bring(node, "anna", BROUGHT, STR("for the road"), &err), ERR_DENIED);
    assert_int_equal(bring(node, "anna", BROUGHT, STR(""), &err), ERR_DENIED);
    assert_int_equal(bring(node, "anna", "", STR(""), &err), ERR_INPUT);
    assert_int_equal(bring(node, "anna", BROUGHT_NPUB, STR(""), &err), ERR_INPUT);
    assert_int_equal(bring(node, "anna", "nsec1qqqqqqqqqqqqqqqqqqqq", STR(""), &err), ERR_INPUT);
    assert_int_equal(bring(node, "Anna!", BROUGHT, BROUGHT_PASSWORD, &err), ERR_INPUT);
    must(node_account_bring(node, STR("anna"), PASSWORD, STR(BROUGHT), BROUGHT_PASSWORD, &key, &err));
    assert_memory_equal(&key, &meant, sizeof key);
    must(node_account_export(node, STR("anna"), PASSWORD, STR("another road"), &text, &err));
    assert_int_equal(bring(node, "bert", BROUGHT_NSEC, STR(""), &err), ERR_EXISTS); /* the same key */
    assert_int_equal(bring(node, "bert", buf_str(&text).p, STR("another road"), &err), ERR_EXISTS);
    must(node_account_list(node, arena, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_true(list[0].brought);
    must(node_account_remove(node, STR("anna"), &err));
    /* one that signs in the browser has an account, too; what was tried leaves no key behind */
    must(node_account_add_own_key(node, STR("carl"), &meant, &err));
    assert_int_equal(bring(node, "bert", BROUGHT_NSEC, STR(""), &err), ERR_EXISTS);
    assert_non_null(strstr(err.what, "carl"));
    must(node_account_remove(node, STR("carl"), &err));
    must(node_account_bring(node, STR("bert"), PASSWORD, STR(BROUGHT_NSEC "\n"), STR(""), &key, &err));
    assert_memory_equal(&key, &meant, sizeof key);
    must(node_account_remove(node, STR("bert"), &err));
}

static void brought_keys(void **state)
{
    (void)state;
    each_way(check_brought_keys);
}

static struct pubkey left;
static int count_leaving(struct sql *db, const struct pubkey *key, struct err *err)
{
    left = *key;
    return 0;
}
static int will_not_leave(struct sql *db, const struct pubkey *key, struct err *err)
{
    return err_set(err, ERR_IO, "something stays");
}

/* What rooms keep of an account goes with it, in the process that writes; where it cannot go, the account
 * stays. */
static void check_leaving(struct node *node)
{
    struct err err;
    struct pubkey key;
    must(node_account_add(node, STR("anna"), PASSWORD, &key, &err));
    must(node_account_remove(node, STR("anna"), &err));
    assert_memory_equal(&left, &key, sizeof key);
}

static void leaving(void **state)
{
    (void)state;
    struct err err;
    static const struct account_belonging good[] = {{count_leaving}, {NULL}};
    static const struct account_belonging bad[] = {{count_leaving}, {will_not_leave}, {NULL}};
    belongings = good;
    each_way(check_leaving);
    gone(NULL);
    belongings = bad;
    struct node *node = must_open(NODE_WRITE);
    struct pubkey key;
    struct account *list;
    size_t n;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    must(node_account_add(node, STR("anna"), PASSWORD, &key, &err));
    assert_int_equal(node_account_remove(node, STR("anna"), &err), ERR_IO);
    must(node_account_list(node, arena, &list, &n, &err));
    assert_int_equal(n, 1);
    node_close(node);
    belongings = NULL;
}

enum { MANY = 300 };

static void check_publishing(struct node *node)
{
    struct err err;
    struct pubkey key, again;
    static struct record r[MANY];
    static struct store_item items[MANY];
    static char texts[MANY][16];
    must(node_source_key(node, STR("a source"), (uint32_t[]){1, 30023}, 2, &key, &err));
    must(node_source_key(node, STR("a source"), (uint32_t[]){1, 30023}, 2, &again, &err));
    assert_memory_equal(&key, &again, sizeof key);
    must(node_actor_from_text(node, STR("a source"), &again, &err));
    assert_memory_equal(&key, &again, sizeof key);
    for (int i = 0; i < MANY; i++) {
        int n = snprintf(texts[i], sizeof texts[i], "text %d", i);
        r[i] = (struct record){
            .kind = i == 7 ? 4 : 1, .created_at = 1700000000 + i, .content = {texts[i], (size_t)n}};
    }
    must(node_publish_unattended_many(node, &key, r, MANY, items, &err));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(items[i].verdict, i == 7 ? STORE_REFUSED : STORE_NEW);
        if (i != 7)
            must(record_verify(&r[i], &err));
    }
    assert_non_null(strstr(items[7].reason, "kind 4"));

    /* Signed elsewhere: a forged one is refused by itself. */
    for (int i = 0; i < MANY; i++) {
        items[i] = (struct store_item){.record = &r[i]};
        if (i % 100 == 3)
            r[i].sig.b[5] ^= 1;
    }
    must(node_append(node, items, MANY, true, &err));
    for (int i = 0; i < MANY; i++)
        if (i != 7)
            assert_int_equal(items[i].verdict, i % 100 == 3 ? STORE_REFUSED : STORE_DUPLICATE);
    assert_true(str_starts(str_of(items[3].reason), STR("invalid: ")));

    struct record one = {.kind = 30023, .created_at = 1700000000, .content = STR("An article.")};
    uint64_t seq;
    must(node_publish_unattended(node, &key, &one, true, &seq, &err));
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct store_read *read;
    struct store_found found;
    must(store_read_begin(node_store(node), &read, &err));
    must(store_get(read, arena, &one.id, &found, &err));
    assert_true(found.seq == seq);
    store_read_end(read);
    uint8_t hash[32];
    must(node_blob_put(node, STR("some bytes"), STR("text/plain"), hash, &err));
    int fd;
    uint64_t size;
    char type[64];
    must(store_blob_open(node_store(node), hash, &fd, &size, type, &err));
    assert_true(size == 10);
    close(fd);
}

static void publishing(void **state)
{
    (void)state;
    each_way(check_publishing);
}

static void check_invitations(struct node *node)
{
    struct err err;
    struct buf a _cleanup_buf_ = BUF_INIT, b _cleanup_buf_ = BUF_INIT;
    must(node_invitation_create(node, &a, &err));
    must(node_invitation_create(node, &b, &err));
    assert_int_equal(a.n, 16);
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
}

static void invitations(void **state)
{
    (void)state;
    each_way(check_invitations);
    struct node *node = must_open(NODE_SERVE);
    struct err err;
    struct buf code _cleanup_buf_ = BUF_INIT;
    must(node_invitation_create(node, &code, &err));
    assert_int_equal(node_invitation_use(node, STR("wrong"), &err), ERR_DENIED);
    must(node_invitation_use(node, buf_str(&code), &err));
    assert_int_equal(node_invitation_use(node, buf_str(&code), &err), ERR_DENIED);
    must(node_invitation_return(node, buf_str(&code), &err));
    must(node_invitation_use(node, buf_str(&code), &err));
    node_close(node);
}

/* A key that was made before the crash that kept its account from being made. */
static void half_made_account(void **state)
{
    (void)state;
    struct node *node = must_open(NODE_WRITE);
    struct err err;
    struct pubkey left_over, key;
    must(keeper_create(node_keeper(node, &err), STR("anna"), STR("another word"), &left_over, &err));
    must(node_account_add(node, STR("anna"), PASSWORD, &key, &err));
    assert_memory_not_equal(&left_over, &key, sizeof key);
    must(keeper_forget(node_keeper(node, &err), &key, &err)); /* a removal that was cut short */
    must(node_account_remove(node, STR("anna"), &err));
    node_close(node);
}

static void one_writer(void **state)
{
    (void)state;
    struct err err;
    struct node *serving = must_open(NODE_SERVE), *other;
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_int_equal(open_mode(NODE_SERVE, &other, &err), ERR_BUSY);
    assert_non_null(strstr(err.what, pid));
    other = must_open(NODE_READ);
    struct pubkey key;
    assert_int_equal(node_source_key(other, STR("x"), NULL, 0, &key, &err), ERR_DENIED);
    node_close(other);
    node_close(serving);
    struct node *writing = must_open(NODE_WRITE); /* a command, which does not listen */
    assert_int_equal(open_mode(NODE_WRITE, &other, &err), ERR_BUSY);
    assert_non_null(strstr(err.what, pid));
    node_close(writing);
}

static void left_by_a_crash(void **state)
{
    (void)state;
    node_close(must_open(NODE_WRITE));
    char path[128];
    snprintf(path, sizeof path, "%s/lock", directory);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, "1\n", 2), 2);
    close(fd);
    snprintf(path, sizeof path, "%s/node.sock", directory);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%.90s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    node_close(must_open(NODE_WRITE));
    struct node *serving = must_open(NODE_SERVE), *other = must_open(NODE_WRITE);
    assert_true(node_is_remote(other));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    node_close(other);
    node_close(serving);
}

static int raw_connect(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/node.sock", directory);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Garbage, promises of huge messages, half messages, and far more connections than there are places. */
static void hostile_clients(void **state)
{
    (void)state;
    struct err err;
    struct node *serving = must_open(NODE_SERVE);
    struct seeded random = {7};
    int held[80];
    for (size_t i = 0; i < 80; i++) {
        held[i] = raw_connect();
        struct buf b _cleanup_buf_ = BUF_INIT;
        switch (i % 4) {
        case 0: /* silent */
            break;
        case 1: /* half a message */
            pack_u32(&b, 1000);
            buf_addz(&b, "half");
            break;
        case 2: /* more than is taken */
            pack_u32(&b, UINT32_MAX);
            buf_addz(&b, "x");
            break;
        default: { /* messages of noise */
            for (int m = 0; m < 20; m++) {
                struct buf one _cleanup_buf_ = BUF_INIT;
                frame_begin(&one);
                pack_u8(&one, (uint8_t)seeded_below(&random, 16));
                for (uint64_t n = seeded_below(&random, 60); n > 0; n--)
                    pack_u8(&one, (uint8_t)seeded_below(&random, seeded_below(&random, 2) ? 4 : 256));
                frame_end(&one);
                buf_adds(&b, buf_str(&one));
            }
        }
        }
        frame_send(held[i], buf_str(&b), NULL);
    }
    struct node *other = must_open(NODE_WRITE);
    struct pubkey key;
    must(node_account_add(other, STR("anna"), PASSWORD, &key, &err));
    for (size_t i = 0; i < 80; i++)
        close(held[i]);
    node_close(other);
    node_close(serving);
}

/* No descriptor left to accept with: those who are connected go on, and others once there is room again. */
static void no_descriptors(void **state)
{
    (void)state;
    struct err err;
    struct pubkey key;
    struct node *serving = must_open(NODE_SERVE), *other = must_open(NODE_WRITE);
    must(node_source_key(other, STR("s"), (uint32_t[]){1}, 1, &key, &err));
    int waiting = raw_connect(), hogs[4096];
    size_t n = 0;
    struct rlimit old, low;
    getrlimit(RLIMIT_NOFILE, &old);
    low = (struct rlimit){200, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    while (n < 4096 && (hogs[n] = dup(0)) >= 0)
        n++;
    struct record r = {.kind = 1, .created_at = 1700000000, .content = STR("x")};
    uint64_t seq;
    must(node_publish_unattended(other, &key, &r, false, &seq, &err));
    while (n > 0)
        close(hogs[--n]);
    setrlimit(RLIMIT_NOFILE, &old);
    close(waiting);
    struct node *third = must_open(NODE_WRITE);
    assert_true(node_is_remote(third));
    node_close(third);
    node_close(other);
    node_close(serving);
}

static void bad_directories(void **state)
{
    (void)state;
    struct err err;
    struct node *node;
    char kept[64];
    snprintf(kept, sizeof kept, "%s", directory);
    snprintf(directory, sizeof directory, "/tmp/widenet-node-nowhere");
    assert_int_equal(open_mode(NODE_READ, &node, &err), ERR_NOT_FOUND);
    snprintf(directory, sizeof directory, "/proc/nowhere");
    assert_true(open_mode(NODE_WRITE, &node, &err) < 0);
    assert_non_null(strstr(err.what, "/proc/nowhere"));
    snprintf(directory, sizeof directory, "%.50s/deeper/still", kept);
    node_close(must_open(NODE_WRITE));
    if (geteuid() != 0) {
        snprintf(directory, sizeof directory, "%.50s", kept);
        chmod(kept, 0500);
        assert_int_equal(open_mode(NODE_SERVE, &node, &err), ERR_DENIED);
        chmod(kept, 0700);
    }
    snprintf(directory, sizeof directory, "%s", kept);
}

/* root reads in anybody's directory, but leaves nothing there that its owner could not open. */
static void directories_of_others(void **state)
{
    (void)state;
    enum { nobody = 65534 };
    if (geteuid() != 0)
        skip();
    struct err err;
    struct node *node;
    node_close(must_open(NODE_WRITE));
    static const char *const names[] = {"", "/blobs", "/lock", "/widenet.db"};
    char path[96];
    struct stat st;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", directory, names[i]);
        assert_int_equal(chown(path, nobody, nobody), 0);
    }
    assert_int_equal(open_mode(NODE_WRITE, &node, &err), ERR_DENIED);
    node = must_open(NODE_READ);
    static const char *const made[] = {"/lock", "/widenet.db", "/widenet.db-wal", "/widenet.db-shm"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        snprintf(path, sizeof path, "%s%s", directory, made[i]);
        if (stat(path, &st) == 0)
            assert_int_equal(st.st_uid, nobody);
    }
    node_close(node);
}

int main(void)
{
    struct err err;
    signal(SIGPIPE, SIG_IGN);
    tables = (struct store_tables){
        .projections = no_projections, .migrations = node_migrations, .texts = no_texts};
    if (config_load("/nonexistent", false, node_config_options, &config, &err) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accounts, fresh, gone),
        cmocka_unit_test_setup_teardown(brought_keys, fresh, gone),
        cmocka_unit_test_setup_teardown(leaving, fresh, gone),
        cmocka_unit_test_setup_teardown(publishing, fresh, gone),
        cmocka_unit_test_setup_teardown(invitations, fresh, gone),
        cmocka_unit_test_setup_teardown(half_made_account, fresh, gone),
        cmocka_unit_test_setup_teardown(one_writer, fresh, gone),
        cmocka_unit_test_setup_teardown(left_by_a_crash, fresh, gone),
        cmocka_unit_test_setup_teardown(hostile_clients, fresh, gone),
        cmocka_unit_test_setup_teardown(no_descriptors, fresh, gone),
        cmocka_unit_test_setup_teardown(bad_directories, fresh, gone),
        cmocka_unit_test_setup_teardown(directories_of_others, fresh, gone),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    config_destroy(config);
    return failed;
}
