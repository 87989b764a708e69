/* cmd_account.c: `widenet account`: who has an account on this node, from the operator's side. */
#include "cli/command.h"

#include "base/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define MAX_PASSWORD 1024

struct options {
    const char *password_file, *new_password_file, *key_file, *key_password_file;
    bool json, yes, own_stdin;
};

/* ---- passwords and keys: a file's first line, standard input's next line, or typed without echo ---- */

static int read_line(int fd, struct buf *out, struct err *err)
{
    char c;
    ssize_t n;
    buf_reserve(out, MAX_PASSWORD + 2);
    while ((n = read(fd, &c, 1)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "cannot read the password");
        if (c == '\n')
            break;
        if (out->n > MAX_PASSWORD)
            return err_set(err, ERR_INPUT, "the password is longer than %d bytes", MAX_PASSWORD);
        buf_addc(out, c);
    }
    if (out->n && out->p[out->n - 1] == '\r')
        out->p[--out->n] = 0;
    return 0;
}

static int type_password(const char *prompt, struct buf *out, struct err *err)
{
    struct termios before, silent;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0)
            close(fd);
        err_set(err, ERR_INPUT, "there is no terminal to type the password at");
        err_todo(err, "give --password-file FILE, or - for standard input");
        return ERR_INPUT;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &silent);
    dprintf(fd, "%s: ", prompt);
    int bad = read_line(fd, out, err);
    dprintf(fd, "\n");
    tcsetattr(fd, TCSAFLUSH, &before);
    close(fd);
    return bad;
}

static int get_password(const char *file, const char *prompt, bool twice, struct buf *out, struct err *err)
{
    if (!file) {
        struct buf again _cleanup_wipe_ = BUF_INIT;
        int bad = type_password(prompt, out, err);
        if (!bad && twice)
            bad = type_password("The same again", &again, err);
        if (!bad && twice && !str_eq(buf_str(out), buf_str(&again)))
            bad = err_set(err, ERR_INPUT, "the two passwords differ");
        return bad;
    }
    if (!strcmp(file, "-"))
        return read_line(STDIN_FILENO, out, err);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot read the file %s", file);
    int bad = read_line(fd, out, err);
    close(fd);
    return bad;
}

/* ---- what it does ---- */

static void print_account(const struct options *o, struct str name, const struct pubkey *key, bool own_key,
    int64_t created_at, const char *between)
{
    struct buf npub _cleanup_buf_ = BUF_INIT;
    nip19_npub(key, &npub);
    char day[24], hex[65];
    time_rfc3339(created_at, day, sizeof day);
    hex_encode(key->b, sizeof key->b, hex);
    if (o->json)
        printf("%s{\"name\":\"%.*s\",\"pubkey\":\"%s\",\"npub\":\"%s\",\"own_key\":%s,\"created_at\":%lld}",
            between, STR_ARG(name), hex, npub.p, own_key ? "true" : "false", (long long)created_at);
    else
        printf("%-20.*s %.10s  %s%s\n", STR_ARG(name), day, npub.p, own_key ? "  (own key)" : "");
}

/* An nsec stands for itself; what is encrypted wants its password. */
static int get_key(const struct options *o, struct buf *text, struct buf *password, struct err *err)
{
    int bad = get_password(o->key_file, "Key (ncryptsec1… or nsec1…)", false, text, err);
    if (bad)
        return bad;
    struct str trimmed = str_trim(buf_str(text));
    if (str_eq_nocase(str_slice(trimmed, 0, trimmed.n < 10 ? trimmed.n : 10), STR("ncryptsec1")))
        return get_password(o->key_password_file, "Password of the key", false, password, err);
    return o->key_password_file ? err_set(err, ERR_INPUT,
                                      "there is no ncryptsec1… in %s, so --key-password-file is out of place",
                                      strcmp(o->key_file, "-") ? o->key_file : "standard input")
                                : 0;
}

static int add(struct node *node, const struct options *o, char **argv, struct err *err)
{
    struct buf password _cleanup_wipe_ = BUF_INIT;
    struct buf text _cleanup_wipe_ = BUF_INIT;
    struct buf text_password _cleanup_wipe_ = BUF_INIT;
    struct pubkey key;
    if (o->key_password_file && !o->key_file)
        return err_set(err, ERR_INPUT, "--key-password-file is for the key of --key-file, which is missing");
    int bad = get_password(o->password_file, "Password (at least 10 characters)", true, &password, err);
    if (!bad && o->key_file)
        bad = get_key(o, &text, &text_password, err);
    if (!bad)
        bad = o->key_file ? node_account_bring(node, str_of(argv[1]), buf_str(&password), buf_str(&text),
                                buf_str(&text_password), &key, err)
                          : node_account_add(node, str_of(argv[1]), buf_str(&password), &key, err);
    if (bad)
        return bad;
    print_account(o, str_of(argv[1]), &key, false, clock_now(node_clock(node)), "");
    if (o->json)
        putchar('\n');
    return 0;
}

static int list(struct node *node, const struct options *o, char **argv, struct err *err)
{
    (void)argv;
    struct arena *arena _cleanup_arena_ = arena_create(0);
    struct account *all;
    size_t n;
    int bad = node_account_list(node, arena, &all, &n, err);
    if (bad)
        return bad;
    if (o->json)
        putchar('[');
    for (size_t i = 0; i < n; i++)
        print_account(o, all[i].name, &all[i].key, all[i].own_key, all[i].created_at, i ? ",\n " : "");
    if (o->json)
        puts("]");
    else if (n == 0)
        fputs("no accounts yet: `widenet account add NAME` makes one\n", stderr);
    return 0;
}

static int change_password(struct node *node, const struct options *o, char **argv, struct err *err)
{
    struct buf old _cleanup_wipe_ = BUF_INIT;
    struct buf fresh _cleanup_wipe_ = BUF_INIT;
    int bad = get_password(o->password_file, "Present password", false, &old, err);
    if (!bad)
        bad = get_password(o->new_password_file ? o->new_password_file
                           : o->own_stdin       ? "-"
                                                : NULL,
            "New password (at least 10 characters)", true, &fresh, err);
    if (!bad)
        bad = node_account_password(node, str_of(argv[1]), buf_str(&old), buf_str(&fresh), err);
    if (!bad && !o->json)
        printf("the password of %s is changed; all its sessions have ended\n", argv[1]);
    return bad;
}

static int take_key(struct node *node, const struct options *o, char **argv, struct err *err)
{
    struct buf password _cleanup_wipe_ = BUF_INIT;
    struct buf fresh _cleanup_wipe_ = BUF_INIT;
    struct buf text _cleanup_buf_ = BUF_INIT;
    int bad = get_password(o->password_file, "Password of the account", false, &password, err);
    if (!bad)
        bad = get_password(o->new_password_file ? o->new_password_file
                           : o->own_stdin       ? "-"
                                                : NULL,
            "A password for the key outside this node", true, &fresh, err);
    if (!bad)
        bad = node_account_export(node, str_of(argv[1]), buf_str(&password), buf_str(&fresh), &text, err);
    if (!bad)
        printf("%.*s\n", STR_ARG(buf_str(&text)));
    return bad;
}

static int remove_account(struct node *node, const struct options *o, char **argv, struct err *err)
{
    if (!o->yes && isatty(STDIN_FILENO)) {
        char line[64] = "";
        fprintf(stderr,
            "The key of %s is gone for good with its account; what it published stays.\n"
            "Type the name again to remove it: ",
            argv[1]);
        if (!fgets(line, sizeof line, stdin) || !str_eqz(str_trim(str_of(line)), argv[1]))
            return err_set(err, ERR_INPUT, "the name was not typed again; nothing was removed");
    }
    int bad = node_account_remove(node, str_of(argv[1]), err);
    if (!bad && !o->json)
        printf("%s is removed\n", argv[1]);
    return bad;
}

static int print_log(struct node *node, const struct options *o, char **argv, struct err *err)
{
    (void)o;
    struct buf text _cleanup_buf_ = BUF_INIT;
    int bad = node_account_log(node, str_of(argv[1]), &text, err);
    struct str rest = buf_str(&text), line;
    while (str_cut(&rest, '\n', &line)) {
        struct str number, when;
        char date[24];
        uint64_t seconds;
        if (!str_cut(&line, ' ', &number) || !str_cut(&line, ' ', &when) ||
            !str_to_u64(when, INT64_MAX, &seconds))
            continue;
        time_rfc3339((int64_t)seconds, date, sizeof date);
        printf("%.*s %s %.*s\n", STR_ARG(number), date, STR_ARG(line));
    }
    return bad;
}

static int invite(struct node *node, const struct options *o, char **argv, struct err *err)
{
    (void)argv;
    struct buf code _cleanup_buf_ = BUF_INIT;
    int bad = node_invitation_create(node, &code, err);
    if (!bad && o->json)
        printf("{\"code\":\"%s\",\"path\":\"/sign-up?invitation=%s\"}\n", code.p, code.p);
    else if (!bad)
        printf("%s\ngood for one account, at /sign-up?invitation=%s\n", code.p, code.p);
    return bad;
}

/* word, whether a name follows, how the node is opened, whether it may be a new one, what it does */
static const struct action {
    const char *word;
    bool name;
    enum node_mode mode;
    bool may_be_new;
    int (*run)(struct node *node, const struct options *o, char **argv, struct err *err);
} actions[] = {
    {"add", true, NODE_WRITE, true, add},
    {"list", false, NODE_READ, true, list},
    {"password", true, NODE_WRITE, false, change_password},
    {"key", true, NODE_WRITE, false, take_key},
    {"remove", true, NODE_WRITE, false, remove_account},
    {"log", true, NODE_WRITE, false, print_log},
    {"invite", false, NODE_WRITE, true, invite},
};

static int run(const struct command_context *context, int argc, char **argv)
{
    struct options o = {0};
    const struct command_option options[] = {
        {"password-file", &o.password_file, NULL},
        {"new-password-file", &o.new_password_file, NULL},
        {"key-file", &o.key_file, NULL},
        {"key-password-file", &o.key_password_file, NULL},
        {"json", NULL, &o.json},
        {"yes", NULL, &o.yes},
        {NULL},
    };
    struct command_common common = {0};
    int n = command_parse(&command_account, options, &common, argc, argv);
    if (n < 0)
        return 2;
    const struct action *action = NULL;
    for (size_t i = 0; n > 0 && i < sizeof actions / sizeof *actions; i++)
        if (!strcmp(argv[0], actions[i].word))
            action = &actions[i];
    if (!action || n != 1 + action->name) {
        fprintf(stderr, "widenet account: %s; usage: widenet %s\n",
            !n        ? "say what to do"
            : !action ? "it cannot do that"
            : n == 1  ? "a name is missing"
                      : "that is too much",
            command_account.usage);
        return 2;
    }
    o.own_stdin = o.password_file && !strcmp(o.password_file, "-");
    struct err err;
    struct node *node;
    if (action->may_be_new ? command_node(context, &common, action->mode, &node, &err)
                           : command_node_existing(context, &common, &node, &err))
        return command_fail(&err);
    int bad = action->run(node, &o, argv, &err);
    node_close(node);
    return bad ? command_fail(&err) : 0;
}

const struct command command_account = {
    .name = "account",
    .usage = "account add NAME | list | password NAME | key NAME | log NAME | remove NAME | invite",
    .summary = "people's accounts: add, list, new password, take the key out, log, remove, invite",
    .run = run,
    .details =
        "  add NAME        make an account\n"
        "  list            all accounts, with their public keys\n"
        "  password NAME   change a password; the present one is needed, for it opens the key\n"
        "  key NAME        print the private key, encrypted (NIP-49), for use elsewhere\n"
        "  log NAME        what was last signed with the key here: number, time, kind, id, chain's link\n"
        "  remove NAME     remove account, key, sessions and drafts; what was published stays\n"
        "  invite          print a code with which one account can be made\n\n"
        "  --password-file FILE       read the password from the first line of FILE; - is standard input.\n"
        "                             Without it the terminal asks.\n"
        "  --new-password-file FILE   likewise the new one (password), or the key's outside (key);\n"
        "                             both from - are two lines\n"
        "  --key-file FILE            add: the account signs with a key that was there before, ncryptsec1…\n"
        "                             (NIP-49) or nsec1…, in the first line of FILE; - is standard input\n"
        "  --key-password-file FILE   the password of an ncryptsec1…; all from - are three lines: the "
        "account's\n"
        "                             password, the key, its password\n"
        "  --yes                      remove without asking\n"
        "  --json                     for scripts\n",
};
