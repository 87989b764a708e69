/* record_tool.c: the record room on standard input and output, a line for a line, for the interop tests.
 *
 * Not a test and not installed. Usage: record_tool COMMAND <lines >answers
 *   check    JSON of a record           -> {"code":0,"id":hex,"json":canonical,"form":as
 * hashed,"verified":bool} sign     SECRET-HEX space JSON      -> the record signed (id, pubkey and sig of the
 * input are ignored) match    FILTER tab RECORD          -> {"code":0,"match":bool,"json":canonical filter}
 *   nip19    a name, or hex of a key    -> {"code":0,"type":…,"pubkey":…,"id":…,"kind":…,"d":…,"name":again}
 * Where the input is refused: {"code":negative,"error":"…"}. */
#include "base/hex.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>

static void add_refusal(struct buf *out, const struct err *err)
{
    char line[900];
    buf_addf(out, "{\"code\":%d,\"error\":", err->code);
    buf_add_json(out, str_of(err_line(err, line, sizeof line)));
    buf_addc(out, '}');
}

static void add_hex(struct buf *out, const char *name, const uint8_t *bytes, size_t n)
{
    char hex[129];
    hex_encode(bytes, n, hex);
    buf_addf(out, ",\"%s\":\"%s\"", name, hex);
}

static void add_text(struct buf *out, const char *name, struct str text)
{
    buf_addf(out, ",\"%s\":", name);
    buf_add_json(out, text);
}

static int check(struct arena *arena, struct str line, struct buf *out, struct err *err)
{
    struct record r;
    struct record_id id;
    int rc = record_parse(arena, line, &r, err);
    if (rc)
        return rc;
    struct buf json _cleanup_buf_ = BUF_INIT, form _cleanup_buf_ = BUF_INIT;
    record_compute_id(&r, &id);
    record_to_json(&r, &json);
    record_serialize_for_id(&r, &form);
    buf_addz(out, "{\"code\":0");
    add_hex(out, "id", id.b, sizeof id.b);
    add_text(out, "json", buf_str(&json));
    add_text(out, "form", buf_str(&form));
    buf_addf(out, ",\"verified\":%s}", record_verify(&r, NULL) ? "false" : "true");
    return 0;
}

static int sign(struct arena *arena, struct str line, struct buf *out, struct err *err)
{
    struct str secret_text;
    uint8_t secret[32];
    struct record r;
    if (!str_cut(&line, ' ', &secret_text) || !hex_decode(secret_text, secret, sizeof secret))
        return err_set(err, ERR_INPUT, "a secret in hexadecimal and a space are expected");
    int rc = record_parse(arena, line, &r, err);
    if (!rc)
        rc = record_sign(&r, secret, err);
    if (!rc)
        record_to_json(&r, out);
    return rc;
}

static int match(struct arena *arena, struct str line, struct buf *out, struct err *err)
{
    struct str filter_text;
    struct filter f;
    struct record r;
    if (!str_cut(&line, '\t', &filter_text))
        return err_set(err, ERR_INPUT, "a filter and a tab are expected");
    int rc = filter_parse(arena, filter_text, &f, err);
    if (!rc)
        rc = record_parse(arena, line, &r, err);
    if (rc)
        return rc;
    struct buf json _cleanup_buf_ = BUF_INIT;
    filter_to_json(&f, &json);
    buf_addf(out, "{\"code\":0,\"match\":%s", filter_matches(&f, &r) ? "true" : "false");
    add_text(out, "json", buf_str(&json));
    buf_addc(out, '}');
    return 0;
}

static int nip19(struct arena *arena, struct str line, struct buf *out, struct err *err)
{
    static const char *const types[] = {"npub", "note", "nprofile", "nevent", "naddr"};
    struct nip19 n;
    struct pubkey key;
    if (line.n == 64 && pubkey_from_text(line, &key, err) == 0)
        n = (struct nip19){.type = NIP19_NPUB, .pubkey = key, .has_pubkey = true, .d = STR("")};
    else {
        int rc = nip19_decode(arena, line, &n, err);
        if (rc)
            return rc;
    }
    struct buf name _cleanup_buf_ = BUF_INIT;
    buf_addf(out, "{\"code\":0,\"type\":\"%s\"", types[n.type]);
    if (n.has_pubkey)
        add_hex(out, "pubkey", n.pubkey.b, sizeof n.pubkey.b);
    if (n.has_kind)
        buf_addf(out, ",\"kind\":%u", n.kind);
    if (n.type == NIP19_NOTE || n.type == NIP19_NEVENT)
        add_hex(out, "id", n.id.b, sizeof n.id.b);
    add_text(out, "d", n.d);
    if (n.type == NIP19_NOTE)
        nip19_note(&n.id, &name);
    else if (n.type == NIP19_NEVENT)
        nip19_nevent(&n.id, n.has_pubkey ? &n.pubkey : NULL, n.kind, &name);
    else if (n.type == NIP19_NADDR)
        nip19_naddr(&(struct address){n.kind, n.pubkey, n.d}, &name);
    else
        nip19_npub(&n.pubkey, &name);
    add_text(out, "name", buf_str(&name));
    buf_addc(out, '}');
    return 0;
}

/* One row a command: its name, and what answers one line. */
static const struct command {
    const char *name;
    int (*run)(struct arena *arena, struct str line, struct buf *out, struct err *err);
} commands[] = {{"check", check}, {"sign", sign}, {"match", match}, {"nip19", nip19}};

int main(int argc, char **argv)
{
    const struct command *command = NULL;
    for (size_t i = 0; argc == 2 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            command = &commands[i];
    if (!command) {
        fprintf(stderr, "usage: record_tool check|sign|match|nip19\n");
        return 2;
    }
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getline(&line, &cap, stdin)) > 0;) {
        struct arena *arena _cleanup_arena_ = arena_create(64u << 20);
        struct buf out _cleanup_buf_ = BUF_INIT;
        struct err err;
        if (line[n - 1] == '\n')
            n--;
        if (command->run(arena, (struct str){line, (size_t)n}, &out, &err)) {
            buf_clear(&out);
            add_refusal(&out, &err);
        }
        printf("%s\n", out.p);
    }
    free(line);
    return 0;
}
