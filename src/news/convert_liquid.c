/* convert_liquid.c: Jekyll's Liquid: a highlighted block becomes fenced code, a post's address a link to it,
 * {% raw %} what it encloses; includes, conditions and values of the site are dropped, the dropped tags
 * counted. Tags that Jekyll does not know are text, and so is all code: other systems write braces, too. */
#include "news/convert.h"

enum action {
    DROP,
    HIGHLIGHT, /* to its end as fenced code */
    CODE_END,
    RAW,     /* to its end as it is */
    COMMENT, /* nothing of it, to its end */
    ADDRESS, /* of a post or a file */
    QUIET,   /* an end: dropped with its beginning, and not counted again */
};

static const struct {
    const char *name;
    enum action action;
} tags[] = {
    {"highlight", HIGHLIGHT},
    {"endhighlight", CODE_END},
    {"raw", RAW},
    {"endraw", QUIET},
    {"comment", COMMENT},
    {"endcomment", QUIET},
    {"post_url", ADDRESS},
    {"link", ADDRESS},
    {"include", DROP},
    {"include_relative", DROP},
    {"include_cached", DROP},
    {"assign", DROP},
    {"capture", DROP},
    {"endcapture", QUIET},
    {"if", DROP},
    {"elsif", QUIET},
    {"else", QUIET},
    {"endif", QUIET},
    {"unless", DROP},
    {"endunless", QUIET},
    {"case", DROP},
    {"when", QUIET},
    {"endcase", QUIET},
    {"for", DROP},
    {"endfor", QUIET},
    {"seo", DROP},
    {"feed_meta", DROP},
    {"gist", DROP},
    {"toc", DROP},
};

struct tag {
    enum action action;
    struct str name, rest; /* "highlight", "ruby linenos" */
    size_t behind;         /* index behind its "%}" */
};

enum { longest_tag = 2000 };

/* What stands between `at`, where open stands, and the next close on the same few lines; {NULL, 0} if it is
 * none. */
static struct str between(struct str text, size_t at, const char *open, const char *close, size_t *behind)
{
    size_t from = at + strlen(open);
    if (!str_starts(str_slice(text, at, text.n), str_of(open)))
        return (struct str){NULL, 0};
    struct str near = str_slice(text, from, text.n - from > longest_tag ? from + longest_tag : text.n);
    size_t end = str_find(near, str_of(close));
    if (end == SIZE_MAX || str_find(str_slice(near, 0, end), str_of(open)) != SIZE_MAX)
        return (struct str){NULL, 0};
    *behind = from + end + strlen(close);
    return str_slice(near, 0, end);
}

/* "{%- name rest -%}" */
static bool read_tag(struct str text, size_t at, struct tag *out)
{
    struct str inside = between(text, at, "{%", "%}", &out->behind);
    if (!inside.p)
        return false;
    if (inside.n && inside.p[0] == '-')
        inside = str_slice(inside, 1, inside.n);
    if (inside.n && inside.p[inside.n - 1] == '-')
        inside.n--;
    inside = str_trim(inside);
    size_t n = 0;
    while (n < inside.n && (unsigned char)inside.p[n] > ' ')
        n++;
    out->name = str_slice(inside, 0, n);
    out->rest = str_trim(str_slice(inside, n, inside.n));
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_eqz(out->name, tags[i].name)) {
            out->action = tags[i].action;
            return true;
        }
    return false;
}

/* The index of the tag called end, or text.n where the text has none behind `at`. */
static size_t find_end(struct str text, size_t at, const char *end, struct tag *out)
{
    for (size_t i = at; i + 1 < text.n; i++)
        if (text.p[i] == '{' && text.p[i + 1] == '%' && read_tag(text, i, out) && str_eqz(out->name, end))
            return i;
    return text.n;
}

static void add_fence(struct buf *out)
{
    if (out->n && out->p[out->n - 1] != '\n')
        buf_addc(out, '\n');
    buf_addz(out, "```");
}

/* `missing` notes that a text has no such end at all, so that it is looked for once. */
static size_t replace_tag(
    struct convert *c, struct str text, const struct tag *tag, unsigned *missing, struct buf *out)
{
    static const char *const ends[] = {
        [HIGHLIGHT] = "endhighlight", [RAW] = "endraw", [COMMENT] = "endcomment"};
    size_t behind = tag->behind, end;
    struct tag last;
    switch (tag->action) {
    case HIGHLIGHT:
    case RAW:
    case COMMENT:
        end = *missing & 1u << tag->action ? text.n : find_end(text, behind, ends[tag->action], &last);
        if (end == text.n) {
            *missing |= 1u << tag->action;
            c->dropped++;
            return behind;
        }
        if (tag->action == HIGHLIGHT) {
            struct str language = tag->rest;
            size_t n = 0;
            while (n < language.n && (unsigned char)language.p[n] > ' ' && language.p[n] != '`')
                n++;
            add_fence(out);
            buf_add(out, language.p, n);
            if (behind < end && text.p[behind] != '\n')
                buf_addc(out, '\n');
        }
        if (tag->action != COMMENT)
            buf_adds(out, str_slice(text, behind, end));
        if (tag->action == HIGHLIGHT) {
            add_fence(out);
            if (last.behind < text.n && text.p[last.behind] != '\n')
                buf_addc(out, '\n');
        }
        return last.behind;
    case ADDRESS:
        if (c->find_article && c->find_article(c->ctx, tag->rest, out))
            return behind;
        c->unresolved++;
        if (out->n && out->p[out->n - 1] == '(')
            buf_addz(out, NEWS_UNRESOLVED);
        return behind;
    case DROP:
        c->dropped++;
        return behind;
    case CODE_END:
    case QUIET:
        return behind;
    }
    return behind;
}

/* "{{ site.baseurl }}", "{{ '/a.png' | relative_url }}": of the second the text in quotes stays. */
static size_t replace_value(struct str text, size_t at, struct buf *out)
{
    static const struct str owners[] = {
        STR_INIT("site."), STR_INIT("page."), STR_INIT("include."), STR_INIT("layout.")};
    size_t behind;
    struct str inside = between(text, at, "{{", "}}", &behind);
    if (!inside.p || !inside.n || str_find_char(inside, '\n') != SIZE_MAX)
        return at;
    inside = str_trim(inside);
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        if (str_starts(inside, owners[i]))
            return behind;
    char quote = inside.n ? inside.p[0] : 0;
    if (quote != '"' && quote != '\'')
        return at;
    struct str rest = str_slice(inside, 1, inside.n);
    size_t end = str_find_char(rest, quote);
    if (end == SIZE_MAX || !str_starts(str_trim(str_slice(rest, end + 1, rest.n)), STR("|")))
        return at;
    buf_adds(out, str_slice(rest, 0, end));
    return behind;
}

/* kramdown's "{: .class #id}", "{:toc}" */
static size_t skip_attributes(struct str text, size_t at)
{
    size_t behind;
    struct str inside = between(text, at, "{:", "}", &behind);
    return inside.p && inside.n && str_find_char(inside, '\n') == SIZE_MAX ? behind : at;
}

void news__convert_liquid(struct convert *c, struct str text, struct buf *out)
{
    bool line_start = true;
    unsigned missing = 0;
    for (size_t at = 0; at < text.n;) {
        size_t behind = news__copy_code(text, at, line_start, out);
        struct tag tag;
        if (behind == at && text.p[at] == '{' && at + 1 < text.n) {
            if (text.p[at + 1] == '%' && read_tag(text, at, &tag))
                behind = replace_tag(c, text, &tag, &missing, out);
            else if (text.p[at + 1] == '{')
                behind = replace_value(text, at, out);
            else if (text.p[at + 1] == ':')
                behind = skip_attributes(text, at);
        }
        if (behind == at)
            buf_addc(out, text.p[behind++]);
        line_start = text.p[behind - 1] == '\n';
        at = behind;
    }
}
