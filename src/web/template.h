/* template.h: pages from templates/NAME.html, compiled into the binary by tools/gen-templates, escaped by
 * context.
 *
 * A template is HTML with
 *   {{name}} {{item.title}}   a value of the view, escaped for where it stands: text, quoted attribute,
 * address. At the beginning of an address (href="{{link}}") only http, https, mailto and relative ones pass,
 * others become "#"; behind something (href="/t/{{tag}}?q={{q}}") it is percent-encoded as one piece, "/"
 * too: give whole addresses as one value. Elsewhere (script, style, a tag's or an attribute's name, an
 * unquoted attribute, a comment) gen-templates refuses it.
 *   {{#name}} … {{/name}}     once for each item of a list or for a map (whose fields are in scope), or once
 * if the value is true
 *   {{^name}} … {{/name}}     if it is missing, false, empty or 0
 *   {{>name}}                 another template with the same scope. A POST form must hold {{>csrf}}.
 *   {{_ Sign in}}             a message of locale/LANG.po in the reader's language;
 *   {{_ By %{name}|name=author.name}}                   with values (name= may be left out where it is the
 * same);
 *   {{_ One version|%{n} versions|n=count}}             and a plural, by n
 *   {{!raw name}}             a value made by view_html(); any other type prints nothing
 *   {{static look.css}}       the address of static/look.css with its content's hash
 * Comments of HTML are left out, white space is squeezed except in pre and textarea. Names are looked up
 * outwards through the scopes. Everything is resolved at build time except the values. */
#ifndef WN_WEB_TEMPLATE_H
#define WN_WEB_TEMPLATE_H

#include "base/arena.h"
#include "web/locale.h"

struct view;     /* a map of names to values, in an arena */
struct template; /* one compiled template: extern const struct template template_front; in "templates.gen.h"
                  */

struct view *view_create(struct arena *arena);
/* Names are literals that outlive the view; strings are borrowed, not copied, and must outlive the rendering.
 */
void view_str(struct view *v, const char *name, struct str value);
void view_int(struct view *v, const char *name,
    int64_t value); /* in text with the locale's digits and grouping, in attributes plain */
void view_bool(struct view *v, const char *name, bool value);
void view_time(struct view *v, const char *name,
    int64_t unix_seconds); /* a <time datetime> with the locale's long date */
void view_date(struct view *v, const char *name, int64_t unix_seconds, enum date_style style); /* likewise */
void view_ago(struct view *v, const char *name, int64_t unix_seconds, int64_t now); /* "3 hours ago" */
void view_html(struct view *v, const char *name, struct str safe_html);
struct view *view_map(struct view *v, const char *name);              /* a nested map */
struct view *view_item(struct view *v, const char *list_name);        /* appends to a list */
void view_link(struct view *v, const char *name, struct view *other); /* shares a map */

/* Renders to out. Cannot fail: what is missing prints nothing. */
void template_render(
    const struct template *t, const struct view *v, const struct locale *locale, struct buf *out);

#endif
