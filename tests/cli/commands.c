/* commands.c: the subcommands as an operator types them: options, exit statuses, passwords, beside and
 * without a running node, a backup and its return. */
#include "../node/process.h"

#include "cli/command.h"
#include "disk.h"

static char directory[64], data[96];

static int fresh(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/widenet-cli-XXXXXX");
    snprintf(data, sizeof data, "%s/data", mkdtemp(directory) ? directory : "");
    return directory[0] ? 0 : -1;
}

static int gone(void **state)
{
    (void)state;
    return remove_tree(directory);
}

/* ---- options ---- */

static void parses(void **state)
{
    (void)state;
    const struct command self = {.name = "test", .usage = "test"};
    const char *license = NULL;
    bool json = false;
    const struct command_option options[] = {{"license", &license, NULL}, {"json", NULL, &json}, {NULL}};
    struct command_common common = {0};
    char words[][16] = {"test", "one", "--license", "CC0", "--data=/d", "two", "--json", "--", "--three"};
    char *argv[10];
    for (size_t i = 0; i < 9; i++)
        argv[i] = words[i];
    argv[9] = NULL;
    assert_int_equal(command_parse(&self, options, &common, 9, argv), 3);
    assert_string_equal(argv[0], "one");
    assert_string_equal(argv[1], "two");
    assert_string_equal(argv[2], "--three");
    assert_null(argv[3]);
    assert_string_equal(license, "CC0");
    assert_string_equal(common.data, "/d");
    assert_null(common.config);
    assert_true(json);
}

static struct buf said;

/* Runs `widenet WORDS… --data DATA`, said is its output. NULL ends the words. */
static int run(const char *input, ...)
{
    const char *argv[16] = {"widenet"};
    size_t n = 1;
    va_list words;
    va_start(words, input);
    for (const char *w; (w = va_arg(words, const char *)) && n < 12;)
        argv[n++] = w;
    va_end(words);
    argv[n++] = "--data";
    argv[n++] = data;
    char path[96];
    snprintf(path, sizeof path, "%s/input", directory);
    FILE *f = fopen(path, "w");
    fputs(input ? input : "", f);
    fclose(f);
    int kept = dup(0), in = open(path, O_RDONLY);
    dup2(in, 0);
    close(in);
    int status = run_command(argv, &said);
    dup2(kept, 0);
    close(kept);
    return status;
}

#define says(text)                                                                                           \
    do {                                                                                                     \
        if (!strstr(said.p, text))                                                                           \
            fail_msg("not \"%s\" but: %s", text, said.p);                                                    \
    } while (0)

static void wrong_usage(void **state)
{
    (void)state;
    assert_int_equal(run(NULL, "account", NULL), 2);
    assert_int_equal(run(NULL, "account", "fly", NULL), 2);
    assert_int_equal(run(NULL, "account", "add", NULL), 2);
    says("a name is missing");
    assert_int_equal(run(NULL, "account", "list", "--nonsense", NULL), 2);
    says("--nonsense");
    assert_int_equal(run(NULL, "account", "list", "-x", NULL), 2);
    assert_int_equal(run(NULL, "backup", NULL), 2);
    assert_int_equal(run(NULL, "restore", "a", "b", NULL), 2);
    assert_int_equal(run(NULL, "check", "it", NULL), 2);
    assert_int_equal(run(NULL, "fly", NULL), 2);
    says("`widenet help` lists them");
    assert_int_equal(run(NULL, "help", "account", NULL), 0);
    says("--password-file");
    assert_int_equal(run(NULL, "help", "config", NULL), 0);
    says("[web]");
    assert_int_equal(run(NULL, "check", NULL), 1); /* there is no data directory yet */
    says("there is no data directory");
    static const char *const others[][3] = {{"rebuild"}, {"demo", "remove"}, {"account", "remove", "anna"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(run(NULL, others[i][0], others[i][1], others[i][2], NULL), 1);
        says("there is no data directory");
    }
    assert_int_equal(access(data, F_OK), -1); /* and reading does not make one */
    assert_int_equal(run(NULL, "account", "list", "--config", "/nowhere/x.ini", NULL), 1);
    says("/nowhere/x.ini");
}

static void account_commands(void)
{
    struct arena *arena _cleanup_arena_ = arena_create(0);
    assert_int_equal(run("correct horse\n", "account", "add", "anna", "--password-file", "-", NULL), 0);
    says("npub1");
    assert_int_equal(run("correct horse\n", "account", "add", "anna", "--password-file", "-", NULL), 1);
    says("already");
    assert_int_equal(run("short\n", "account", "add", "bert", "--password-file", "-", NULL), 1);
    says("10 to 1024 bytes");
    assert_int_equal(run("correct horse\n", "account", "add", "No Name", "--password-file", "-", NULL), 1);
    assert_int_equal(run(NULL, "account", "add", "bert", "--password-file", "/nowhere", NULL), 1);
    says("/nowhere");
    assert_int_equal(
        run("correct horse\nbattery staple\n", "account", "password", "anna", "--password-file", "-", NULL),
        0);
    assert_int_equal(
        run("correct horse\nfor the road\n", "account", "key", "anna", "--password-file", "-", NULL), 1);
    says("wrong");
    assert_int_equal(
        run("battery staple\nfor the road\n", "account", "key", "anna", "--password-file", "-", NULL), 0);
    says("ncryptsec1");
    const char *key =
        arena_printf(arena, "battery staple\n%.*s\nfor the road\n", STR_ARG(str_trim(str_of(said.p)))).p;
    assert_int_equal(run(key, "account", "add", "bert", "--password-file", "-", "--key-file", "-",
                         "--key-password-file", "-", NULL),
        1);
    says("already"); /* it is anna's */
    assert_int_equal(run(NULL, "account", "remove", "anna", "--yes", NULL), 0);
    assert_int_equal(run(key, "account", "add", "anna", "--password-file", "-", "--key-file", "-",
                         "--key-password-file", "/nowhere", NULL),
        1);
    says("/nowhere");
    assert_int_equal(run(key, "account", "add", "anna", "--password-file", "-", "--key-file", "-",
                         "--key-password-file", "-", NULL),
        0);
    says("npub1");
    assert_int_equal(run("battery staple\nNCRYPTSEC1NO\nx\n", "account", "add", "bert", "--password-file",
                         "-", "--key-file", "-", "--key-password-file", "-", NULL),
        1);
    says("neither a whole ncryptsec1"); /* capitals are bech32, too */
    assert_int_equal(run("battery staple\nnsec1no\n", "account", "add", "bert", "--password-file", "-",
                         "--key-file", "-", NULL),
        1);
    says("neither a whole ncryptsec1");
    assert_int_equal(run("battery staple\nnsec1no\nx\n", "account", "add", "bert", "--password-file", "-",
                         "--key-file", "-", "--key-password-file", "-", NULL),
        1);
    says("out of place");
    assert_int_equal(run("battery staple\n", "account", "add", "bert", "--password-file", "-",
                         "--key-password-file", "-", NULL),
        1);
    says("--key-file");
    assert_int_equal(run(NULL, "account", "invite", "--json", NULL), 0);
    says("{\"code\":\"");
    assert_int_equal(run(NULL, "account", "list", "--json", NULL), 0);
    says("\"name\":\"anna\"");
    assert_int_equal(run(NULL, "account", "remove", "anna", "--yes", NULL), 0);
    assert_int_equal(run(NULL, "account", "remove", "anna", "--yes", NULL), 1);
    assert_int_equal(run(NULL, "account", "list", "--json", NULL), 0);
    assert_string_equal(said.p, "[]\n");
}

static void accounts(void **state)
{
    (void)state;
    account_commands();
    struct served s;
    serve(&s, data, free_port(), NULL);
    account_commands();
    assert_int_equal(run(NULL, "rebuild", NULL), 1);
    says("stop it");
    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);
    assert_int_equal(run(NULL, "rebuild", NULL), 0);
}

/* A backup taken beside the running node has its accounts, and their passwords open their keys. */
static void backup_and_back(void **state)
{
    (void)state;
    char file[96];
    snprintf(file, sizeof file, "%s/backup", directory);
    struct served s;
    serve(&s, data, free_port(), NULL);
    assert_int_equal(run("correct horse\n", "account", "add", "anna", "--password-file", "-", NULL), 0);
    assert_int_equal(run(NULL, "check", "--json", NULL), 0);
    says("\"bad_records\":0,\"other_faults\":0,\"keys\":2,\"faults\":[]");
    assert_int_equal(run(NULL, "backup", file, NULL), 0);
    struct stat st;
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0077, 0);
    assert_int_equal(run(NULL, "backup", file, NULL), 1);  /* it is there */
    assert_int_equal(run(NULL, "restore", file, NULL), 1); /* not over a node */
    kill(s.pid, SIGTERM);
    assert_int_equal(ended(&s), 0);
    char old[sizeof data];
    memcpy(old, data, sizeof old);
    snprintf(data, sizeof data, "%s/again", directory);
    assert_int_equal(run(NULL, "restore", "--tombstones", old, file, NULL), 0);
    assert_int_equal(run(NULL, "check", NULL), 0); /* whole at once, before anybody serves it */
    assert_int_equal(
        run("correct horse\nfor the road\n", "account", "key", "anna", "--password-file", "-", NULL), 0);
    says("ncryptsec1");
    assert_int_equal(run(NULL, "check", NULL), 0);

    char path[112];
    snprintf(path, sizeof path, "%s/keyring", data);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, "\xff\xff", 2, 8192 + 30), 2);
    close(fd);
    assert_int_equal(run(NULL, "check", NULL), 1);
    says("fault: key file: one of the two copies of widenet.node's key"); /* the first that was made */
}

/* ---- odd arguments ---- */

static char *at(struct arena *arena, const char *name)
{
    return (char *)arena_printf(arena, "%s/%s", directory, name).p;
}

static void file_of(const char *path, const char *from, size_t n)
{
    struct buf bytes _cleanup_buf_ = BUF_INIT;
    buf_reserve(&bytes, n);
    int in = open(from, O_RDONLY), out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t got = read(in, bytes.p, n);
    assert_true(got >= 0);
    assert_int_equal(write(out, bytes.p, (size_t)got), got);
    close(in);
    close(out);
}

/* Each gets one line that says what, and what was kept or is to be done; what is there stays as it is. */
static void odd_arguments(void **state)
{
    (void)state;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    assert_int_equal(run("correct horse\n", "account", "add", "anna", "--password-file", "-", NULL), 0);
    char *backup = at(arena, "backup"), *here = at(arena, "here"), *dir = at(arena, "dir"),
         *cut = at(arena, "cut"), *text = at(arena, "text"), *pipe_ = at(arena, "pipe"),
         *lost = at(arena, "lost"), *new = at(arena, "new"), *shut = at(arena, "shut");
    assert_int_equal(run(NULL, "backup", backup, NULL), 0);
    file_of(cut, backup, 60000);
    file_of(text, "/proc/self/cmdline", 10);
    assert_int_equal(
        mkdir(dir, 0700) | mkfifo(pipe_, 0600) | symlink("nowhere/x", lost) | mkdir(shut, 0500), 0);
    struct {
        int status;
        const char *words[5], *says, *and;
    } cases[] = {
        {1, {"backup", dir}, "dir exists already", "left as it is"},
        {1, {"backup", text}, "text exists already", "left as it is"},
        {1, {"backup", lost}, "lost exists already", "left as it is"},
        {1, {"backup", pipe_}, "pipe exists already", "left as it is"},
        {1, {"backup", "/nowhere/b"}, "could not make /nowhere/b", "nothing was written"},
        {2, {"backup", "-"}, "standard output", "usage"},
        {2, {"backup", ""}, "name one file", "usage"},
        {2, {"backup", backup, "--what"}, "there is no option --what", "usage"},
        {1, {"restore", "--data", new, dir}, "dir is no backup", "nothing was restored"},
        {1, {"restore", "--data", new, text}, "text is no backup", "nothing was restored"},
        {1, {"restore", "--data", new, pipe_}, "pipe is no backup", "nothing was restored"},
        {1, {"restore", "--data", new, "/dev/zero"}, "/dev/zero is no backup", "nothing was restored"},
        {1, {"restore", "--data", new, cut}, "damaged or cut off", "nothing was restored"},
        {1, {"restore", "--data", new, here}, "could not read", "nothing was restored"},
        {1, {"restore", "--data", text, backup}, "could not use", "nothing was restored"},
        {1, {"restore", "--data", "/nowhere/deep", backup}, "could not make /nowhere/deep",
            "nothing was restored"},
        {2, {"restore", ""}, "name one file", "usage"},
        {2, {"check", "it"}, "it takes no arguments, but there is it", "usage"},
        {2, {"rebuild", "it"}, "it takes no arguments, but there is it", "usage"},
        {2, {"check", "--data", ""}, "a directory is missing behind --data", "usage"},
        {1, {"check", "--data", dir}, "there is nothing of a node in", "--data"},
        {1, {"rebuild", "--data", dir}, "there is nothing of a node in", "--data"},
        {2, {"query", "{"}, "at byte 1", ""},
        {2, {"query", "{\"colour\":1}"}, "an unknown field, \"colour\"", ""},
        {2, {"query", "{\"search\":\"x\"}"}, "search page", ""},
        {2, {"query", "{\"kinds\":[-1]}"}, "from 0 to 65535", ""},
        {1, {"export", "--output", text}, "text exists already", "left as it is"},
        {1, {"export", "--output", "/nowhere/x"}, "cannot write /nowhere/x", "nothing was written"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *argv[10] = {"widenet"};
        size_t n = 1;
        bool named = false;
        for (size_t k = 0; k < 5 && cases[i].words[k]; k++) {
            named = named || !strcmp(cases[i].words[k], "--data");
            argv[n++] = cases[i].words[k];
        }
        if (!named) {
            argv[n++] = "--data";
            argv[n++] = data;
        }
        int status = run_command(argv, &said);
        if (status != cases[i].status || !strstr(said.p, cases[i].says) || !strstr(said.p, cases[i].and) ||
            strchr(said.p, '\n') != said.p + strlen(said.p) - 1)
            fail_msg("%s %s: %d %s", argv[1], argv[2], status, said.p);
    }
    assert_int_equal(access(new, F_OK), -1);
    assert_int_equal(rmdir(dir), 0); /* nothing was put there */
    if (access(shut, W_OK) != 0) {   /* not root */
        assert_int_equal(run(NULL, "backup", at(arena, "shut/b"), NULL), 1);
        says("Permission denied");
        says("nothing was written");
        assert_int_equal(chmod(backup, 0), 0);
        const char *argv[] = {"widenet", "restore", "--data", new, backup, NULL};
        assert_int_equal(run_command(argv, &said), 1);
        says("could not read");
        chmod(backup, 0600);
    }
    assert_int_equal(run(NULL, "check", NULL), 0);

    /* A keyring that is lost, and a database that is none. */
    char *keyring = at(arena, "data/keyring"), *database = at(arena, "data/widenet.db");
    assert_int_equal(unlink(keyring), 0);
    assert_int_equal(run(NULL, "check", NULL), 1);
    says("fault: 1 accounts' keys should be in");
    assert_int_equal(truncate(database, 40000), 0);
    unlink(at(arena, "data/widenet.db-wal"));
    assert_int_equal(run(NULL, "query", "{}", NULL), 1);
    says("damaged");
    says("nothing was changed; restore a backup");
    assert_int_equal(truncate(database, 0), 0);
    assert_int_equal(run(NULL, "query", "{}", NULL), 1);
    says("widenet.db is empty; restore a backup");
    assert_int_equal(unlink(database) | mkdir(database, 0700), 0);
    assert_int_equal(run(NULL, "query", "{}", NULL), 1);
    says("widenet.db is no file");
}

/* Where nothing can be written: the lines of a query, a backup. In a child, since it mounts. */
static void full_disks(void **state)
{
    (void)state;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    assert_int_equal(run("correct horse\n", "account", "add", "anna", "--password-file", "-", NULL), 0);
    char *backup = at(arena, "backup"), *small = at(arena, "small"), *record = at(arena, "articles/a.md");
    assert_int_equal(run(NULL, "backup", backup, NULL), 0);
    assert_int_equal(mkdir(at(arena, "articles"), 0700) | mkdir(small, 0700), 0);
    FILE *f = fopen(record, "w");
    fputs("---\ntitle: A\n---\nWords.\n", f);
    fclose(f);
    assert_int_equal(run(NULL, "import", "--license", "CC0-1.0", at(arena, "articles"), NULL), 0);
    char command[400];
    snprintf(command, sizeof command, WIDENET_PROGRAM " query --data %s '{}' > /dev/full 2> %s/said", data,
        directory);
    assert_int_equal(system(command), 1 << 8);
    pid_t pid = fork();
    if (pid == 0) {
        if (!disk_mount(small, "200k"))
            _exit(77);
        if (run(NULL, "backup", at(arena, "small/b"), NULL) != 1 || !strstr(said.p, "disk is full") ||
            !strstr(said.p, "name a file on another disk") || rmdir(small) == 0 ||
            access(at(arena, "small/b"), F_OK) == 0)
            _exit(1);
        snprintf(data, sizeof data, "%s/small/d", directory);
        if (run(NULL, "restore", backup, NULL) != 1 || !strstr(said.p, "holds no store") ||
            !strstr(said.p, "make room"))
            _exit(2);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message(NO_SMALL_DISK);
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test_setup_teardown(wrong_usage, fresh, gone),
        cmocka_unit_test_setup_teardown(accounts, fresh, gone),
        cmocka_unit_test_setup_teardown(backup_and_back, fresh, gone),
        cmocka_unit_test_setup_teardown(odd_arguments, fresh, gone),
        cmocka_unit_test_setup_teardown(full_disks, fresh, gone),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_finish(&said);
    return failed;
}
