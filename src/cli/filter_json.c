/* filter_json.c: filters, articles and times as they are named on the command line, and results as JSON whose
 * every byte can be recounted. */
#include "cli/filter_json.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- naming */

int filter_file_read(struct arena *arena, const char *path, size_t most, struct str *out, struct err *err)
{
    bool standard = !strcmp(path, "-");
    int fd = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, errno, "cannot read %s", path);
    struct buf text _cleanup_buf_ = BUF_INIT;
    ssize_t got = 1;
    while (got > 0 && text.n <= most) {
        buf_reserve(&text, 65536);
        got = read(fd, text.p + text.n, 65536);
        if (got > 0)
            text.n += (size_t)got;
    }
    int status = got < 0 ? err_errno(err, errno, "cannot read %s", path) : 0;
    if (!standard)
        close(fd);
    if (!status && text.n > most)
        status = err_set(err, ERR_LIMIT, "%s has more than %zu bytes", path, most);
    *out = status ? STR("") : arena_str(arena, buf_str(&text));
    return status;
}

static struct str base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return str_of(slash && slash[1] ? slash + 1 : path);
}

int filter_name_read(struct store_read *read, struct arena *arena, const char *text, const struct pubkey *who,
    struct filter_named *out, struct err *err)
{
    struct filter_thing thing;
    bool file = !strcmp(text, "-") || strchr(text, '/') || str_ends(str_of(text), STR(".json"));
    int status = file ? ERR_NOT_FOUND : filter_find(read, arena, str_of(text), who, &thing, err);
    if (!status) {
        *out = (struct filter_named){thing.recipe, thing.name};
        return 0;
    }
    if (status != ERR_NOT_FOUND || (!file && access(text, R_OK)))
        return status;
    struct str json;
    status = filter_file_read(arena, text, 64 * 1024, &json, err);
    if (!status && (status = recipe_parse(arena, json, &out->recipe, err)))
        err_prefix(err, "%s", text);
    out->name = base_name(text);
    return status;
}

int filter_time_read(const char *text, int64_t now, int64_t *out, struct err *err)
{
    uint64_t seconds;
    *out = now;
    if (!text)
        return 0;
    if (str_to_u64(str_of(text), INT64_C(253402300799), &seconds)) {
        *out = (int64_t)seconds;
        return 0;
    }
    if (time_parse(str_of(text), out))
        return 0;
    err_set(err, ERR_INPUT, "\"%.60s\" is no time", text);
    err_todo(err, "write Unix seconds or, say, 2026-11-23T18:00:00Z");
    return ERR_INPUT;
}

int filter_limit_read(const char *text, size_t *out, struct err *err)
{
    uint64_t n = FILTER_LIMIT;
    if (text && (!str_to_u64(str_of(text), FILTER_LIMIT_MOST, &n)))
        return err_set(err, ERR_INPUT, "--limit wants a number from 0 to %d", FILTER_LIMIT_MOST);
    *out = (size_t)n;
    return 0;
}

static int coordinate_of_id(struct store_read *read, struct arena *arena, const struct record_id *id,
    struct str *coordinate, struct err *err)
{
    struct store_found found;
    int status = store_get(read, arena, id, &found, err);
    if (status)
        return status;
    if (record_class_of(found.record.kind) != RECORD_ADDRESSABLE)
        return err_set(err, ERR_INPUT, "this record is no article");
    struct buf text _cleanup_buf_ = BUF_INIT;
    record_address(&found.record, &text);
    *coordinate = arena_str(arena, buf_str(&text));
    return 0;
}

static int coordinate_of_name(
    struct store_read *read, struct arena *arena, struct str name, struct str *coordinate, struct err *err)
{
    struct nip19 decoded;
    int status = nip19_decode(arena, name, &decoded, err);
    if (status)
        return status;
    if (decoded.type == NIP19_NOTE || decoded.type == NIP19_NEVENT)
        return coordinate_of_id(read, arena, &decoded.id, coordinate, err);
    if (decoded.type != NIP19_NADDR)
        return err_set(err, ERR_INPUT, "this names an actor, no article");
    struct buf text _cleanup_buf_ = BUF_INIT;
    address_format(&(struct address){decoded.kind, decoded.pubkey, decoded.d}, &text);
    *coordinate = arena_str(arena, buf_str(&text));
    return 0;
}

int filter_article_read(
    struct store_read *read, struct arena *arena, const char *text, struct str *coordinate, struct err *err)
{
    struct str name = str_of(text);
    struct address address;
    struct record_id id;
    struct news_item item;
    if (address_parse(name, &address)) {
        *coordinate = name;
        return 0;
    }
    if (hex_decode(name, id.b, sizeof id.b))
        return coordinate_of_id(read, arena, &id, coordinate, err);
    if (str_starts(name, STR("nostr:")) || (name.n > 20 && str_find_char(name, '1') != SIZE_MAX))
        return coordinate_of_name(read, arena, name, coordinate, err);
    int status = news_item_by_code(read, arena, name, &item, err);
    if (status)
        return status;
    struct buf found _cleanup_buf_ = BUF_INIT;
    address_format(&item.address, &found);
    *coordinate = arena_str(arena, buf_str(&found));
    return 0;
}

/* ---- JSON */

static void add_hex(struct buf *out, const uint8_t bytes[32])
{
    char hex[65];
    hex_encode(bytes, 32, hex);
    buf_addf(out, "\"%s\"", hex);
}

int filter_title(struct store_read *read, struct arena *arena, uint64_t seq, struct str *title,
    struct record_id *id, struct err *err)
{
    struct news_item item;
    int status = news_item_by_seq(read, arena, seq, &item, err);
    if (!status) {
        *title = item.title;
        *id = item.id;
        return 0;
    }
    if (status != ERR_NOT_FOUND)
        return status;
    struct store_found found; /* its short name is another's: not listed, but there */
    status = store_get_seq(read, arena, seq, &found, err);
    if (status)
        return status;
    *title = record_tag_value(&found.record, "title");
    *id = found.record.id;
    return 0;
}

int filter_item_json(
    struct store_read *read, struct arena *arena, const struct scored *item, struct buf *out, struct err *err)
{
    struct str title;
    struct record_id id;
    int status = filter_title(read, arena, item->seq, &title, &id, err);
    if (status)
        return status;
    buf_addz(out, "\"id\":");
    add_hex(out, id.b);
    buf_addz(out, ",\"address\":");
    buf_add_json(out, item->coordinate);
    buf_addz(out, ",\"title\":");
    buf_add_json(out, title);
    buf_addz(out, ",\"score\":");
    score_format(item->score, out);
    buf_addz(out, ",\"support\":");
    weight_format(item->support, out);
    return 0;
}

void filter_why_json(const struct why *w, bool all, struct buf *out)
{
    buf_addz(out, "{\"rater\":");
    add_hex(out, w->rater.b);
    buf_addz(out, ",\"weight\":");
    weight_format(w->weight, out);
    buf_addz(out, ",\"dimension\":");
    buf_add_json(out, w->dimension);
    buf_addz(out, ",\"rating\":");
    rating_value_format(w->value, out);
    buf_addz(out, ",\"path\":[");
    for (unsigned i = 0; i < w->path_length; i++) {
        buf_addz(out, i ? "," : "");
        add_hex(out, w->path[i].b);
    }
    buf_addc(out, ']');
    if (all) {
        buf_addf(out, ",\"counts\":%s,\"reason\":", w->behind ? "false" : "true");
        buf_add_json(out, w->reason);
    }
    buf_addc(out, '}');
}

static int add_whys(struct store_read *read, struct arena *arena, const struct filter_run *run,
    const struct filter_result *result, const struct scored *item, struct buf *out, struct err *err)
{
    struct why *why;
    size_t n, most = run->recipe->sources == SOURCES_EVERYONE ? FILTER_WHY_MOST : 0;
    int status = filter_why(read, NULL, arena, run, result, item, most, &why, &n, NULL, err);
    buf_addz(out, ",\"why\":[");
    for (size_t i = 0; i < n && !why[i].behind && !status; i++) {
        buf_addz(out, i ? "," : "");
        filter_why_json(&why[i], false, out);
    }
    buf_addc(out, ']');
    return status;
}

int filter_result_json(struct store_read *read, struct arena *arena, const struct filter_run *run,
    const struct filter_result *result, struct buf *out, struct err *err)
{
    int status = 0;
    buf_addz(out, "{\"items\":[");
    for (size_t i = 0; i < result->n && !status; i++) {
        struct arena *scratch _cleanup_arena_ = arena_create(0);
        buf_addz(out, i ? ",\n{" : "\n{");
        status = filter_item_json(read, scratch, &result->items[i], out, err);
        if (!status)
            status = add_whys(read, scratch, run, result, &result->items[i], out, err);
        buf_addc(out, '}');
    }
    buf_addz(out, result->n ? "\n],\"hidden\":{" : "],\"hidden\":{");
    for (size_t i = 0; i < result->hidden_count; i++) {
        buf_addz(out, i ? "," : "");
        buf_add_json(out, result->hidden[i].rule);
        buf_addf(out, ":%llu", (unsigned long long)result->hidden[i].n);
    }
    buf_addz(out, "}}\n");
    return status;
}
