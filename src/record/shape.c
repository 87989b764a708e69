/* shape.c: what docs/RECORDS.md asks of the kinds that we write: their tags, how often, and what stands in
 * them.
 *
 * Not a gate: foreign records of other shapes belong to the pool, and rooms read them as far as they can.
 * This keeps our own from drifting from the page. A later kind is some rows here and its section there. */
#include "base/hex.h"
#include "base/time.h"
#include "record/json.h"

enum value {
    TEXT,
    EMPTY,
    ID,
    KIND,
    TIME,
    DATE,
    OWN_ADDRESS,
    LINK,
    RELAY,
    TOPIC,
    NAME,
    ACTOR,
    ADDRESS,
    SHARE,
    RATED,
    TRUST
};
#define MANY SIZE_MAX

/* One row a tag of a kind: its name, how often at least and at most, what its value (v[1]) is, and how many
 * strings the tag has at least. */
static const struct rule {
    uint32_t kind;
    const char *name;
    size_t min, max;
    enum value value;
    size_t strings;
} rules[] = {
    {5, "e", 0, MANY, ID, 2},
    {5, "a", 0, MANY, OWN_ADDRESS, 2},
    {5, "k", 0, MANY, KIND, 2},
    {62, "relay", 1, MANY, RELAY, 2},
    {30023, "d", 1, 1, NAME, 2},
    {30023, "title", 1, 1, TEXT, 2},
    {30023, "summary", 0, 1, TEXT, 2},
    {30023, "image", 0, 1, LINK, 2},
    {30023, "published_at", 0, 1, DATE, 2},
    {30023, "t", 0, MANY, TOPIC, 2},
    {30023, "credit", 0, MANY, TEXT, 2},
    {30023, "r", 0, MANY, LINK, 2},
    {30023, "L", 0, MANY, TEXT, 2},
    {30023, "l", 0, MANY, TEXT, 3},
    {30000, "d", 1, 1, TRUST, 2},
    {30000, "p", 0, 500, ID, 2},
    {34259, "d", 1, 1, NAME, 2},
    {34259, "m", 1, 1, RATED, 2},
    {34259, "rating", 1, 1, SHARE, 2},
    {34259, "a", 0, 1, ADDRESS, 2},
    {34259, "e", 0, 1, ID, 2},
    {34259, "p", 1, 1, ID, 2},
    {34259, "k", 1, 1, KIND, 2},
    {34259, "L", 1, MANY, TEXT, 2},
    {34259, "l", 1, MANY, TEXT, 3},
    {34701, "d", 1, 1, NAME, 2},
    {34701, "name", 1, 1, TEXT, 2},
    {34701, "about", 0, 1, TEXT, 2},
    {34701, "a", 0, 1, ADDRESS, 4},
    {34706, "d", 1, 1, NAME, 2},
    {34706, "name", 1, MANY, TEXT, 2},
    {34706, "question", 1, MANY, TEXT, 2},
    {34706, "low", 0, MANY, TEXT, 2},
    {34706, "high", 0, MANY, TEXT, 2},
    {34705, "d", 1, 1, EMPTY, 2},
    {34705, "actor", 1, 1, ACTOR, 2},
};

static bool is_link(struct str s)
{
    return str_starts(s, STR("https://")) || str_starts(s, STR("http://")) || str_starts(s, STR("/media/"));
}

static bool is_topic(struct str s)
{
    bool capital = false;
    for (size_t i = 0; i < s.n; i++)
        capital |= s.p[i] >= 'A' && s.p[i] <= 'Z';
    return s.n && s.p[0] != '#' && !capital && str_trim(s).n == s.n;
}

static bool is_actor(struct str s)
{
    static const char *const sorts[] = {"person", "organisation", "rating-service", "channel", "node"};
    for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
        if (str_eqz(s, sorts[i]))
            return true;
    return false;
}

static bool all_digits(struct str s, char highest)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > highest)
            return false;
    return s.n > 0;
}

/* A decimal from 0 to 1: digits, at most one point, no sign and no exponent. */
static bool is_share(struct str s)
{
    size_t point = str_find_char(s, '.');
    bool has_point = point != SIZE_MAX;
    struct str whole = has_point ? str_slice(s, 0, point) : s;
    struct str fraction = has_point ? str_slice(s, point + 1, s.n) : STR("0");
    return (str_eqz(whole, "0") && all_digits(fraction, '9')) ||
           (str_eqz(whole, "1") && all_digits(fraction, '0'));
}

static bool is_rated(struct str s)
{
    return str_eqz(s, "address") || str_eqz(s, "event") || str_eqz(s, "actor");
}

static bool fits(const struct record *r, enum value value, struct str s)
{
    uint8_t bytes[32];
    uint64_t number;
    int64_t date;
    struct address address;
    switch (value) {
    case TEXT:
        return str_trim(s).n > 0;
    case EMPTY:
        return s.n == 0;
    case ID:
        return hex_decode(s, bytes, sizeof bytes);
    case KIND:
        return s.n && str_to_u64(s, UINT16_MAX, &number);
    case TIME:
        return s.n && str_to_u64(s, RECORD__MAX_NUMBER, &number);
    case DATE: /* of something older than its record, perhaps than 1970 */
        return str_to_i64(s, TIME_FIRST, TIME_LAST, &date);
    case OWN_ADDRESS:
        return address_parse(s, &address) && pubkey_eq(&address.pubkey, &r->pubkey);
    case LINK:
        return is_link(s);
    case RELAY:
        return str_eq(s, STR("ALL_RELAYS")) || str_starts(s, STR("wss://")) || str_starts(s, STR("ws://"));
    case TOPIC:
        return is_topic(s);
    case NAME:
        return s.n > 0 && s.n <= RECORD_MAX_D_BYTES;
    case ACTOR:
        return is_actor(s);
    case ADDRESS:
        return address_parse(s, &address);
    case SHARE:
        return is_share(s);
    case RATED:
        return is_rated(s);
    case TRUST:
        return str_eqz(s, "widenet.trust") || str_starts(s, STR("widenet.trust."));
    }
    return false;
}

static const char *asked_for(enum value value)
{
    static const char *const words[] = {"some text", "an empty string", "64 hexadecimal digits",
        "a number of a kind", "Unix seconds", "Unix seconds", "an address of the same key", "a link",
        "ALL_RELAYS or a relay's address", "a topic in lower case without #", "a name of 1 to 184 bytes",
        "person, organisation, rating-service, channel or node", "an address", "a decimal from 0 to 1",
        "address, event or actor", "widenet.trust or a name that begins with it and a point"};
    return words[value];
}

static int check_rule(const struct record *r, const struct rule *rule, struct err *err)
{
    size_t count = 0;
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *tag = &r->tags[i];
        if (!str_eqz(tag->v[0], rule->name))
            continue;
        count++;
        if (tag->n < rule->strings || !fits(r, rule->value, tag->v[1]))
            return err_set(err, ERR_INPUT, "kind %u: in its tag \"%s\", %s is expected", r->kind, rule->name,
                tag->n < rule->strings ? "another string" : asked_for(rule->value));
    }
    if (count < rule->min)
        return err_set(err, ERR_INPUT, "kind %u: its tag \"%s\" is missing", r->kind, rule->name);
    if (count > rule->max)
        return err_set(err, ERR_INPUT, "kind %u: it has more than one tag \"%s\"", r->kind, rule->name);
    return 0;
}

/* A flat JSON object of strings, each name once: what a profile's content is with us. */
static int check_profile(const struct record *r, struct err *err)
{
    struct arena *arena _cleanup_arena_ = arena_create(4 * RECORD_MAX_BYTES);
    const char *start = r->content.n ? r->content.p : "";
    struct record__json j = {start, start, start + r->content.n, arena, "kind 0: its content", err};
    struct str names[32], value;
    size_t count = 0;
    int rc = 0;
    if (!record__json_take(&j, '{'))
        return record__json_fail(&j, "a JSON object is expected");
    if (!record__json_take(&j, '}')) {
        do {
            if (count == sizeof names / sizeof *names)
                return record__json_fail(&j, "too many fields");
            if ((rc = record__json_string(&j, &names[count], NULL)))
                return rc;
            for (size_t i = 0; i < count; i++)
                if (str_eq(names[i], names[count]))
                    return record__json_fail(&j, "a second field of one name ends");
            count++;
            if (!record__json_take(&j, ':'))
                return record__json_fail(&j, "a colon is expected");
            if ((rc = record__json_string(&j, &value, NULL)))
                return rc;
        } while (record__json_take(&j, ','));
        if (!record__json_take(&j, '}'))
            return record__json_fail(&j, "a comma or } is expected");
    }
    return record__json_end(&j);
}

static int check_deletion(const struct record *r, struct err *err)
{
    if (!record_tag(r, "e") && !record_tag(r, "a"))
        return err_set(err, ERR_INPUT, "kind 5: it names nothing to delete, neither \"e\" nor \"a\"");
    return 0;
}

static bool declared(const struct record *r, struct str label_namespace)
{
    for (size_t i = 0; i < r->tag_count; i++)
        if (r->tags[i].n > 1 && str_eq(r->tags[i].v[0], STR("L")) && str_eq(r->tags[i].v[1], label_namespace))
            return true;
    return false;
}

/* NIP-32: each label's namespace stands in an L; a work has one licence and one language. */
static int check_article(const struct record *r, struct err *err)
{
    static const char *const once[] = {"license", "ISO-639-1", "widenet.language"};
    size_t counts[3] = {0};
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *tag = &r->tags[i];
        if (!str_eq(tag->v[0], STR("l")))
            continue;
        if (!declared(r, tag->v[2]))
            return err_set(err, ERR_INPUT, "kind 30023: a label's namespace stands in no tag \"L\"");
        for (size_t k = 0; k < 3; k++)
            if (str_eqz(tag->v[2], once[k]) && ++counts[k] > 1)
                return err_set(err, ERR_INPUT, "kind 30023: more than one label in %s", once[k]);
        const char *p = tag->v[1].p;
        if (str_eq(tag->v[2], STR("ISO-639-1")) &&
            (tag->v[1].n != 2 || p[0] < 'a' || p[0] > 'z' || p[1] < 'a' || p[1] > 'z'))
            return err_set(err, ERR_INPUT, "kind 30023: its ISO-639-1 label is not two small letters");
    }
    return 0;
}

/* A rating names what its m says, and one dimension. */
static int check_rating(const struct record *r, struct err *err)
{
    struct str type = record_tag_value(r, "m");
    bool wants_a = str_eqz(type, "address"), wants_e = str_eqz(type, "event");
    size_t dimensions = 0;
    if (wants_a != (record_tag(r, "a") != NULL) || (wants_e && !record_tag(r, "e")))
        return err_set(
            err, ERR_INPUT, "kind 34259: its tag \"m\" says %.*s, which it does not name", STR_ARG(type));
    for (size_t i = 0; i < r->tag_count; i++)
        if (r->tags[i].n > 2 && str_eqz(r->tags[i].v[0], "l") && str_eqz(r->tags[i].v[2], "widenet.rating"))
            dimensions++;
    if (dimensions != 1)
        return err_set(err, ERR_INPUT, "kind 34259: one label in widenet.rating is expected, its dimension");
    return 0;
}

static int check_trust(const struct record *r, struct err *err)
{
    for (size_t i = 0; i < r->tag_count; i++) {
        const struct tag *t = &r->tags[i];
        if (!str_eqz(t->v[0], "p") || t->n < 5)
            continue;
        bool above = false;
        for (size_t k = 0; k < t->v[4].n; k++)
            above |= t->v[4].p[k] >= '1' && t->v[4].p[k] <= '9';
        if (!is_share(t->v[4]) || !above)
            return err_set(err, ERR_INPUT, "kind 30000: a weight is a decimal above 0, at most 1");
    }
    return 0;
}

/* One row a kind: what is asked beyond its tags' rules. */
static const struct {
    uint32_t kind;
    int (*check)(const struct record *r, struct err *err);
} kinds[] = {{0, check_profile}, {5, check_deletion}, {62, NULL}, {30023, check_article}, {34705, NULL},
    {30000, check_trust}, {34259, check_rating}, {34701, NULL}, {34706, NULL}};

int record_check_shape(const struct record *r, struct err *err)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (kinds[k].kind != r->kind)
            continue;
        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
            int rc = rules[i].kind == r->kind ? check_rule(r, &rules[i], err) : 0;
            if (rc)
                return rc;
        }
        return kinds[k].check ? kinds[k].check(r, err) : 0;
    }
    return err_set(err, ERR_NOT_FOUND, "kind %u is none that docs/RECORDS.md describes", r->kind);
}
