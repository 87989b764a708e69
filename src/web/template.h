/* template.h: pages from templates/NAME.html, compiled into the binary by tools/gen-templates, escaped by
 * context.
 *
 * A template is HTML with
 *   {{name}} {{item.title}}     a value of the view, escaped for where it stands: text, attribute, URL in an
 * attribute (only http, https, mailto and relative ones pass; others become "#"). Elsewhere (script, style, a
 * tag's or an attribute's name, an unquoted attribute) gen-templates refuses it.
 *   {{#name}} … {{/name}}       once for each item of a list (whose fields are in scope), or once if the
 * value is true and no list
 *   {{^name}} … {{/name}}       if it is missing, false, empty or 0
 *   {{>name}}                   another template with the same scope
 *   {{_ Sign in}}               a message of locale/*.po in the reader's language; {{_ %{n}
 * versions|n=count}} with values; plural by
 *                               {{_ One version|%{n} versions|n=count}}
 *   {{!raw name}}               a value of type VIEW_HTML, which only view_html() makes; any other type
 * prints nothing Lookups go outwards through the scopes. Everything is resolved at build time except the
 * values. */
#ifndef WN_WEB_TEMPLATE_H
#define WN_WEB_TEMPLATE_H

#include "base/arena.h"

struct view;     /* a map of names to values, in an arena */
struct template; /* one compiled template: extern const struct template template_front; in "templates.gen.h"
                  */
struct locale;   /* locale.h */

struct view *view_create(struct arena *arena);
/* Names are literals that outlive the view; strings are borrowed, not copied, and must outlive the rendering.
 */
void view_str(struct view *v, const char *name, struct str value);
void view_int(
    struct view *v, const char *name, int64_t value); /* printed with the locale's digits and grouping */
void view_bool(struct view *v, const char *name, bool value);
void view_time(struct view *v, const char *name,
    int64_t unix_seconds); /* a <time datetime> with the locale's long date */
void view_html(struct view *v, const char *name, struct str safe_html);
struct view *view_map(struct view *v, const char *name);              /* a nested map */
struct view *view_item(struct view *v, const char *list_name);        /* appends to a list */
void view_link(struct view *v, const char *name, struct view *other); /* shares a map */

/* Renders to out. Cannot fail: what is missing prints nothing. */
void template_render(
    const struct template *t, const struct view *v, const struct locale *locale, struct buf *out);

#endif
