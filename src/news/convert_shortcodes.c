/* convert_shortcodes.c: Hugo's shortcodes: a ref becomes an address, a picture a link with its description, a
 * block its text; what nobody could show outside its own site is dropped and counted. */
#include "news/convert.h"

enum action {
    REF,     /* an address */
    PICTURE, /* a picture from beside the text, or a link */
    BLOCK,   /* its text, a paragraph of its own */
    INLINE,  /* its text */
    QUOTE,   /* text and cite in its arguments, or its text */
    LINK,    /* a button or a file with a label */
};

/* Names that sites give their shortcodes, and what becomes of them. Any other is dropped; if it encloses
 * text, the text stays. A name that ends in '*' stands for all that begin so. */
static const struct {
    const char *name;
    enum action action;
} actions[] = {
    {"ref", REF},
    {"relref", REF},
    {"link", REF},
    {"post_url", REF},
    {"img*", PICTURE},
    {"image*", PICTURE},
    {"legacy-img*", PICTURE},
    {"figure*", PICTURE},
    {"fig", PICTURE},
    {"picture*", PICTURE},
    {"photo*", PICTURE},
    {"asset", PICTURE},
    {"thumbnail", PICTURE},
    {"asset-static", LINK},
    {"button*", LINK},
    {"btn", LINK},
    {"file", LINK},
    {"legacy-file", LINK},
    {"download", LINK},
    {"highlight", INLINE},
    {"mark", INLINE},
    {"quote*", QUOTE},
    {"blockquote", QUOTE},
    {"pullquote", QUOTE},
    {"note", BLOCK},
    {"box*", BLOCK},
    {"ring", BLOCK},
    {"card*", BLOCK},
    {"accordion*", BLOCK},
    {"callout", BLOCK},
    {"alert", BLOCK},
    {"info", BLOCK},
    {"tip", BLOCK},
    {"hint", BLOCK},
    {"warning", BLOCK},
    {"important", BLOCK},
    {"caution", BLOCK},
    {"danger", BLOCK},
    {"notice", BLOCK},
    {"admonition", BLOCK},
    {"details", BLOCK},
    {"expand", BLOCK},
    {"tab*", BLOCK},
    {"column*", BLOCK},
    {"section", BLOCK},
};

enum { max_arguments = 24 };

struct shortcode {
    struct str name;
    bool closes;
    struct str keys[max_arguments], values[max_arguments]; /* a positional one has the key "" */
    size_t n;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
}

/* A value in quotes or bare, at *at. */
static struct str take_value(struct str s, size_t *at)
{
    char quote = s.p[*at];
    if (quote == '"' || quote == '`' || quote == '\'') {
        size_t from = ++*at;
        while (*at < s.n && s.p[*at] != quote)
            *at += s.p[*at] == '\\' && quote != '`' && *at + 1 < s.n ? 2 : 1;
        size_t end = *at < s.n ? *at : s.n;
        *at = end < s.n ? end + 1 : end;
        return str_slice(s, from, end);
    }
    size_t from = *at;
    while (*at < s.n && !is_space(s.p[*at]))
        ++*at;
    return str_slice(s, from, *at);
}

static void parse(struct str inside, struct shortcode *out)
{
    *out = (struct shortcode){.name = STR("")};
    inside = str_trim(inside);
    if (inside.n && inside.p[0] == '/') {
        out->closes = true;
        inside = str_trim(str_slice(inside, 1, inside.n));
    }
    size_t at = 0;
    while (at < inside.n && is_name_char(inside.p[at]))
        at++;
    out->name = str_slice(inside, 0, at);
    while (at < inside.n && out->n < max_arguments) {
        if (is_space(inside.p[at]) || (inside.p[at] == '/' && at + 1 == inside.n)) {
            at++;
            continue;
        }
        size_t from = at;
        while (at < inside.n && is_name_char(inside.p[at]))
            at++;
        struct str key = STR("");
        size_t gap = at;
        while (gap < inside.n && is_space(inside.p[gap]))
            gap++;
        if (at > from && gap < inside.n && inside.p[gap] == '=') {
            key = str_slice(inside, from, at);
            at = gap + 1;
            while (at < inside.n && is_space(inside.p[at]))
                at++;
            if (at == inside.n)
                break;
        } else
            at = from;
        out->keys[out->n] = key;
        out->values[out->n++] = take_value(inside, &at);
    }
}

/* Behind the shortcode that begins at `at`, whose inside is given; 0 if it never ends. */
static size_t find_end(struct str text, size_t at, struct str *inside)
{
    enum { longest = 8000 };
    char closer = text.p[at + 2] == '<' ? '>' : '%';
    char quote = 0;
    size_t unquoted = 0; /* the first end, should a quotation mark prove to be an apostrophe */
    size_t limit = text.n - at > longest ? at + longest : text.n;
    for (size_t i = at + 3; i + 2 < limit; i++) {
        char c = text.p[i];
        bool ends = c == closer && text.p[i + 1] == '}' && text.p[i + 2] == '}';
        if (ends && !unquoted)
            unquoted = i;
        if (quote) {
            if (c == '\\' && quote == '"')
                i++;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '`')
            quote = c;
        else if (ends) {
            unquoted = i;
            break;
        }
    }
    if (!unquoted)
        return 0;
    *inside = str_slice(text, at + 3, unquoted);
    return unquoted + 3;
}

static const struct str *argument(const struct shortcode *s, const char *const *names)
{
    for (; *names; names++)
        for (size_t i = 0; i < s->n; i++)
            if (str_eq_nocase(s->keys[i], str_of(*names)) && str_trim(s->values[i]).n)
                return &s->values[i];
    return NULL;
}

static struct str named(const struct shortcode *s, const char *const *names)
{
    const struct str *found = argument(s, names);
    return found ? str_trim(*found) : STR("");
}

static struct str positional(const struct shortcode *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->keys[i].n)
            return str_trim(s->values[i]);
    return STR("");
}

/* Text of an argument: quotes come without their backslashes. */
static void add_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\\' && i + 1 < text.n && (text.p[i + 1] == '"' || text.p[i + 1] == '\''))
            continue;
        buf_addc(out, text.p[i] == '\n' ? ' ' : text.p[i]);
    }
}

static void add_label(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '[' || text.p[i] == ']')
            buf_addc(out, '\\');
        buf_addc(out, text.p[i] == '\n' ? ' ' : text.p[i]);
    }
}

static void add_address(struct buf *out, struct str address)
{
    for (size_t i = 0; i < address.n; i++) {
        unsigned char c = (unsigned char)address.p[i];
        if (c <= ' ' || c == '(' || c == ')' || c == '<' || c == '>' || c == '\\')
            buf_addf(out, "%%%02X", c);
        else
            buf_addc(out, (char)c);
    }
}

static void break_paragraph(struct buf *out)
{
    while (out->n && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\t'))
        out->n--;
    while (out->n && !str_ends(buf_str(out), STR("\n\n")))
        buf_addc(out, '\n');
}

/* Is an address expected here, as in "[text](" or href="? */
static bool in_address(const struct buf *out)
{
    struct str s = buf_str(out);
    while (s.n && s.p[s.n - 1] == ' ')
        s.n--;
    return str_ends(s, STR("](")) || str_ends(s, STR("](<")) || str_ends(s, STR("href=\"")) ||
           str_ends(s, STR("href='")) || str_ends(s, STR("]:"));
}

static bool is_web(struct str address)
{
    return str_starts(address, STR("https://")) || str_starts(address, STR("http://"));
}

/* Outside of a link a ref becomes one: an article's address alone is nothing to read. */
static void add_ref(struct convert *c, struct str target, struct buf *out)
{
    _cleanup_buf_ struct buf address = BUF_INIT;
    if (c->find_article && c->find_article(c->ctx, target, &address)) {
        struct str before = buf_str(out);
        bool link = !in_address(out) && (!before.n || !memchr("=\"'<", before.p[before.n - 1], 4));
        if (link) {
            buf_addc(out, '[');
            add_label(out, str_ends(target, STR(".md")) ? str_slice(target, 0, target.n - 3) : target);
            buf_addz(out, "](");
        }
        buf_add(out, address.p, address.n);
        if (link)
            buf_addc(out, ')');
        return;
    }
    c->unresolved++;
    if (in_address(out))
        buf_addz(out, NEWS_UNRESOLVED);
}

static void add_picture(struct convert *c, const struct shortcode *s, struct buf *out)
{
    static const char *const sources[] = {"src", "image", "url", "file", "path", "uid", NULL};
    static const char *const descriptions[] = {"alt", "caption", "title", "attr", NULL};
    struct str source = named(s, sources), alt = named(s, descriptions);
    if (!source.n)
        source = positional(s);
    if (!source.n && !alt.n) {
        c->dropped++;
        return;
    }
    struct str before = buf_str(out);
    while (before.n && is_space(before.p[before.n - 1]))
        before.n--;
    bool in_link = before.n && before.p[before.n - 1] == '[';
    size_t slash = source.n;
    while (slash && source.p[slash - 1] != '/')
        slash--;
    struct str shown = alt.n ? alt : str_slice(source, slash, source.n);
    _cleanup_buf_ struct buf address = BUF_INIT;
    if (source.n && c->take_picture && c->take_picture(c->ctx, source, &address)) {
        buf_addz(out, "![");
        add_label(out, alt);
        buf_addf(out, "](%.*s)", STR_ARG(buf_str(&address)));
    } else if (in_link || !source.n)
        add_label(out, shown);
    else {
        buf_addc(out, '[');
        add_label(out, shown);
        buf_addz(out, "](");
        add_address(out, source);
        buf_addc(out, ')');
    }
}

static void add_link(struct convert *c, const struct shortcode *s, struct buf *out)
{
    static const char *const addresses[] = {"href", "url", "link", "file", "src", NULL};
    static const char *const labels[] = {"text", "label", "title", "name", NULL};
    struct str address = named(s, addresses), label = named(s, labels);
    if (!address.n)
        address = positional(s);
    if (in_address(out)) {
        if (is_web(address))
            add_address(out, address);
        else
            add_ref(c, address, out);
    } else if (!label.n) {
        if (!s->n)
            return;
        c->dropped++;
    } else if (is_web(address)) {
        buf_addc(out, '[');
        add_label(out, label);
        buf_addz(out, "](");
        add_address(out, address);
        buf_addc(out, ')');
    } else
        add_text(out, label);
}

static void add_quote(const struct shortcode *s, struct buf *out)
{
    static const char *const texts[] = {"text", "quote", NULL};
    static const char *const sources[] = {"cite", "author", "source", "attribution", NULL};
    struct str text = named(s, texts), cite = named(s, sources);
    break_paragraph(out);
    if (!text.n)
        return;
    buf_addz(out, "> ");
    add_text(out, text);
    if (cite.n) {
        buf_addz(out, "\n>\n> — ");
        add_text(out, cite);
    }
    buf_addz(out, "\n\n");
}

static void open_block(const struct shortcode *s, struct buf *out)
{
    static const char *const titles[] = {"title", "heading", "summary", "label", NULL};
    static const char *const texts[] = {"intro", "text", "content", NULL};
    struct str title = named(s, titles), text = named(s, texts);
    break_paragraph(out);
    if (title.n) {
        bool marked = str_find(title, STR("**")) != SIZE_MAX;
        buf_addz(out, marked ? "" : "**");
        add_text(out, title);
        buf_addz(out, marked ? "\n\n" : "**\n\n");
    }
    if (text.n) {
        add_text(out, text);
        buf_addz(out, "\n\n");
    }
}

static bool find_action(struct str name, enum action *out)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        struct str known = str_of(actions[i].name);
        bool open = known.p[known.n - 1] == '*';
        if (open)
            known.n--;
        if (open ? str_starts(name, known) : str_eq(name, known)) {
            *out = actions[i].action;
            return true;
        }
    }
    return false;
}

static void replace(struct convert *c, const struct shortcode *s, struct buf *out)
{
    enum action action;
    if (!find_action(s->name, &action)) {
        if (s->closes)
            return;
        c->dropped++;
        if (in_address(out))
            buf_addz(out, NEWS_UNRESOLVED);
        return;
    }
    if (s->closes) {
        if (action == BLOCK || action == QUOTE)
            break_paragraph(out);
        return;
    }
    switch (action) {
    case REF:
        add_ref(c, positional(s).n || !s->n ? positional(s) : str_trim(s->values[0]), out);
        break;
    case PICTURE:
        add_picture(c, s, out);
        break;
    case LINK:
        add_link(c, s, out);
        break;
    case QUOTE:
        add_quote(s, out);
        break;
    case BLOCK:
        open_block(s, out);
        break;
    case INLINE:
        break;
    }
}

void news__convert_shortcodes(struct convert *c, struct str text, struct buf *out)
{
    size_t from = 0, at = 0;
    while (at + 3 < text.n) {
        if (text.p[at] != '{' || text.p[at + 1] != '{' || (text.p[at + 2] != '<' && text.p[at + 2] != '%')) {
            at++;
            continue;
        }
        struct str inside;
        size_t end = find_end(text, at, &inside);
        if (!end) {
            at += 3;
            continue;
        }
        buf_adds(out, str_slice(text, from, at));
        struct str trimmed = str_trim(inside);
        if (str_starts(trimmed, STR("/*")) && str_ends(trimmed, STR("*/")) && trimmed.n >= 4) {
            /* How a page about shortcodes writes one. */
            buf_addf(out, "{{%c%.*s%s}}", text.p[at + 2], (int)(trimmed.n - 4), trimmed.p + 2,
                text.p[at + 2] == '<' ? ">" : "%");
        } else {
            struct shortcode s;
            parse(inside, &s);
            replace(c, &s, out);
        }
        from = at = end;
    }
    buf_adds(out, str_slice(text, from, text.n));
}
