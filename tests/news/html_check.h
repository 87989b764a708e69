/* html_check.h: is this HTML what markdown_html.c may write? Elements and attributes from its list, properly
 * nested, ids unique, addresses harmless. For tests and the fuzz target. */
#ifndef WN_TESTS_NEWS_HTML_CHECK_H
#define WN_TESTS_NEWS_HTML_CHECK_H

#include "base/str.h"

#include <stdio.h>

struct html_faults {
    char what[200]; /* "" if there is none */
};

static bool html__one_of(struct str s, const char *const *names)
{
    for (; *names; names++)
        if (str_eqz(s, *names))
            return true;
    return false;
}

static bool html__harmless(struct str url)
{
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= ' ' || url.p[i] == '\\')
            return false;
    size_t colon = str_find_char(url, ':');
    if (colon == SIZE_MAX)
        return true;
    for (size_t i = 0; i < colon; i++)
        if (strchr("/?#", url.p[i]))
            return true;
    struct str scheme = str_slice(url, 0, colon);
    return str_eq_nocase(scheme, STR("http")) || str_eq_nocase(scheme, STR("https")) ||
           str_eq_nocase(scheme, STR("mailto"));
}

#define HTML__FAULT(...)                                                                                     \
    do {                                                                                                     \
        snprintf(out->what, sizeof out->what, __VA_ARGS__);                                                  \
        return false;                                                                                        \
    } while (0)

static bool html_check(struct str html, struct html_faults *out)
{
    static const char *const elements[] = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol",
        "li", "pre", "code", "em", "strong", "del", "a", "img", "figure", "figcaption", "div", "table",
        "thead", "tbody", "tr", "th", "td", "hr", "br", "sup", "section", NULL};
    static const char *const empty[] = {"img", "hr", "br", NULL};
    static const char *const attributes[] = {"id", "class", "dir", "href", "rel", "src", "alt", "loading",
        "start", "tabindex", "role", "aria-label", NULL};
    enum { deepest = 400, most_ids = 6000 };
    static _Thread_local struct str open[deepest], ids[most_ids];
    size_t depth = 0, id_count = 0, at = 0;
    out->what[0] = 0;
    while (at < html.n) {
        if (html.p[at] == '>' || html.p[at] == '"')
            HTML__FAULT("a bare %c at %zu", html.p[at], at);
        if (html.p[at] != '<') {
            at++;
            continue;
        }
        bool closing = at + 1 < html.n && html.p[at + 1] == '/';
        size_t name_at = at + 1 + closing, end = name_at;
        while (end < html.n &&
               ((html.p[end] >= 'a' && html.p[end] <= 'z') || (html.p[end] >= '0' && html.p[end] <= '9')))
            end++;
        struct str name = str_slice(html, name_at, end);
        if (!html__one_of(name, elements))
            HTML__FAULT("element <%.*s at %zu", (int)(name.n > 40 ? 40 : name.n), name.p, at);
        while (end < html.n && html.p[end] != '>') {
            if (closing || html.p[end] != ' ')
                HTML__FAULT("odd tag at %zu", at);
            size_t from = ++end;
            while (end < html.n && html.p[end] != '=' && html.p[end] != '>')
                end++;
            struct str attribute = str_slice(html, from, end);
            if (!html__one_of(attribute, attributes))
                HTML__FAULT("attribute at %zu", from);
            if (end + 1 >= html.n || html.p[end] != '=' || html.p[end + 1] != '"')
                HTML__FAULT("attribute without value at %zu", from);
            size_t value_at = end + 2;
            end = value_at;
            while (end < html.n && html.p[end] != '"') {
                if (html.p[end] == '<' || html.p[end] == '>')
                    HTML__FAULT("bare angle in a value at %zu", end);
                end++;
            }
            if (end >= html.n)
                HTML__FAULT("value without end at %zu", value_at);
            struct str value = str_slice(html, value_at, end);
            if ((str_eqz(attribute, "href") || str_eqz(attribute, "src")) && !html__harmless(value))
                HTML__FAULT("address %.*s", (int)(value.n > 100 ? 100 : value.n), value.p);
            if (str_eqz(attribute, "src") && !str_starts(value, STR("/media/")))
                HTML__FAULT("a foreign picture %.*s", (int)(value.n > 100 ? 100 : value.n), value.p);
            if (str_eqz(attribute, "id")) {
                for (size_t i = 0; i < id_count; i++)
                    if (str_eq(ids[i], value))
                        HTML__FAULT("two ids %.*s", STR_ARG(value));
                if (id_count < most_ids)
                    ids[id_count++] = value;
            }
            end++;
        }
        if (end >= html.n)
            HTML__FAULT("tag without end at %zu", at);
        at = end + 1;
        if (html__one_of(name, empty))
            continue;
        if (!closing) {
            if (depth == deepest)
                HTML__FAULT("deeper than %d", deepest);
            open[depth++] = name;
        } else if (!depth || !str_eq(open[--depth], name))
            HTML__FAULT("</%.*s> closes another at %zu", STR_ARG(name), at);
    }
    if (depth)
        HTML__FAULT("<%.*s> is not closed", STR_ARG(open[depth - 1]));
    return true;
}

#endif
