/* filter_words.c: filters in plain words: what a recipe does, why an article passed, which rule hid it. */
#include "web/filter.h"

/* ---- names */

/* Ready-made filters: their name, what a row of choices calls them, what they do in one sentence. */
static const struct {
    const char *name, *title, *about;
} ready_made[] = {
    {"everything", M("Everything"),
        M("All articles of this node, newest first. Nobody chose them and nothing is hidden.")},
    {"trusted", M("People I trust"),
        M("What people you trust rated well: worth reading, accurate, clear and no junk. The best and newest "
          "come first.")},
    {"newsworthy", M("Newsworthy"),
        M("What people you trust find newsworthy, of the last seven days. The best and newest come first.")},
    {"disputed", M("Disputed"), M("What people you trust disagree about most, of the last seven days.")},
    {"missed", M("What I missed"),
        M("What your own filters hid and at least three filters of people you trust show.")},
};

const char *web__ready_made_title(const char *name)
{
    for (size_t i = 0; i < sizeof ready_made / sizeof *ready_made; i++)
        if (!strcmp(ready_made[i].name, name))
            return ready_made[i].title;
    return name;
}

struct str web__filter_about(struct request *r, const struct filter_thing *thing)
{
    const char *like = web__ready_made_like(&thing->recipe);
    for (size_t i = 0; like && i < sizeof ready_made / sizeof *ready_made; i++)
        if (!strcmp(ready_made[i].name, like) && (thing->ready_made || !thing->about.n))
            return locale_message(request_locale(r), ready_made[i].about);
    return web__line(request_arena(r), thing->about, 400);
}

/* The dimensions that ship: name, what it is called, the word for its high and its low end. */
static const struct {
    const char *name, *title, *high, *low;
} shipped[] = {
    {"worth", M("Newsworthiness"), M("newsworthy"), M("not newsworthy")},
    {"accurate", M("Accuracy"), M("accurate"), M("inaccurate")},
    {"clear", M("Clarity"), M("clearly written"), M("hard to follow")},
    {"junk", M("Junk"), M("junk"), M("no junk")},
    {"agree", M("Agreement"), M("agrees"), M("disagrees")},
};

static bool find_dimension(struct request *r, struct str dimension, struct dimension *out)
{
    struct dimension *all;
    size_t n;
    struct str language = str_of(locale_code(request_locale(r)));
    if (rating_dimensions(request_read(r), request_arena(r), language, &all, &n, NULL) != 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].name, dimension) || (all[i].coordinate.n && str_eq(all[i].coordinate, dimension))) {
            *out = all[i];
            return true;
        }
    return false;
}

struct str web__dimension_word(struct request *r, struct str dimension, bool high)
{
    struct dimension own;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
        if (str_eqz(dimension, shipped[i].name))
            return locale_message(request_locale(r), high ? shipped[i].high : shipped[i].low);
    struct str word = find_dimension(r, dimension, &own) ? (high ? own.high : own.low) : STR("");
    word = web__line(request_arena(r), word, 60);
    return word.n ? word : web__dimension_name(r, dimension);
}

struct str web__dimension_name(struct request *r, struct str dimension)
{
    struct dimension own;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
        if (str_eqz(dimension, shipped[i].name))
            return locale_message(request_locale(r), shipped[i].title);
    if (find_dimension(r, dimension, &own) && own.name.n)
        return web__line(request_arena(r), own.name, 60);
    return locale_message(request_locale(r), M("a dimension that this node does not know"));
}

struct str web__decimal(struct request *r, double value, unsigned digits)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    locale_add_decimal(request_locale(r), value, digits, &out);
    return arena_str(request_arena(r), buf_str(&out));
}

struct str web__weight(struct request *r, weight w)
{
    double value = (double)w / (double)WEIGHT_ONE;
    return web__decimal(r, value, value >= 0.01 || w == 0 ? 2 : 6);
}

/* ---- why an article is shown */

/* Who rated it, by how the filter came to them. %{word} is the dimension's. */
static const struct {
    const char *alone, *one_more, *more;
} rated_by[] = {
    /* those the reader trusts */
    {M("%{name}, whom you trust: %{word}"),
        MP("%{name} and one other you trust: %{word}", "%{name} and %{n} others you trust: %{word}")},
    /* some of them by way of others */
    {M("%{name}, whom people you trust trust: %{word}"),
        MP("%{name} and one other whom you or people you trust trust: %{word}",
            "%{name} and %{n} others whom you or people you trust trust: %{word}")},
    /* anybody */
    {M("%{name}: %{word}"), MP("%{name} and one other: %{word}", "%{name} and %{n} others: %{word}")},
};

struct str web__because(struct request *r, const struct looking *f, const struct why_short *why)
{
    const struct locale *locale = request_locale(r);
    struct buf out _cleanup_buf_ = BUF_INIT;
    if (!why->raters)
        return STR("");
    bool by_trust = f->reader && f->recipe.sources == SOURCES_TRUSTED;
    size_t row = !by_trust ? 2 : why->seeds < why->raters ? 1 : 0;
    struct str name = web__rater_name(r, &f->trust, &why->first);
    struct str word = f->recipe.order == ORDER_DISPUTED ? locale_message(locale, M("disputed"))
                      : why->dimension.n                ? web__dimension_word(r, why->dimension, why->high)
                                                        : locale_message(locale, M("rated"));
    /* A name from outside may run the other way: it keeps to itself (U+2068 … U+2069). */
    name = arena_printf(request_arena(r), "\u2068%.*s\u2069", STR_ARG(name));
    if (why->raters == 1)
        locale_format(locale, &out, rated_by[row].alone, "name", name, "word", word, NULL);
    else
        locale_format_plural(locale, &out, rated_by[row].one_more, rated_by[row].more,
            (int64_t)why->raters - 1, "name", name, "word", word, NULL);
    return arena_str(request_arena(r), buf_str(&out));
}

/* ---- why one is not */

/* Rules as the engine names them, up to a colon; what each says to a reader. by_trust where it differs. */
static const struct {
    const char *rule, *words, *by_trust;
} rules[] = {
    {"window", M("older than this filter looks back"), NULL},
    {"support", M("too few of those it goes by have rated it"), M("too few people you trust have rated it")},
    {"quality", M("rated too low in all"), NULL},
    {"floor", M("%{dimension}: rated too low"), NULL},
    {"ceiling", M("%{dimension}: rated too high"), NULL},
    {"languages", M("in a language that this filter leaves out"), NULL},
    {"tags", M("on none of the topics that this filter asks for"), NULL},
    {"without_tags", M("on a topic that this filter leaves out"), NULL},
    {"without_authors", M("by somebody whom this filter leaves out"), NULL},
    {"lineage", M("another version of the same work is shown"), NULL},
    {"one_per_lineage", M("another version of the same work is shown"), NULL},
    {"missed", M("not among what you missed: your own filters show it, or too few of those you trust do"),
        NULL},
};

struct str web__rule_words(struct request *r, const struct looking *f, struct str rule)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    struct str dimension = rule, name = {"", 0};
    if (!str_cut(&dimension, ':', &name))
        return STR("");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!str_eqz(name, rules[i].rule))
            continue;
        bool by_trust = f->reader && f->recipe.sources == SOURCES_TRUSTED && rules[i].by_trust;
        struct str of = dimension.n ? web__dimension_name(r, dimension) : dimension;
        locale_format(
            request_locale(r), &out, by_trust ? rules[i].by_trust : rules[i].words, "dimension", of, NULL);
        return arena_str(request_arena(r), buf_str(&out));
    }
    return web__line(request_arena(r), rule, 60);
}

/* ---- what a recipe does */

struct saying {
    struct request *r;
    struct view *v;
};

static void say(struct saying *s, struct str sentence)
{
    view_str(view_item(s->v, "sentences"), "sentence", sentence);
}

static void say_with(struct saying *s, const char *message, const char *name, struct str value)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    locale_format(request_locale(s->r), &out, message, name, value, NULL);
    say(s, arena_str(request_arena(s->r), buf_str(&out)));
}

static void say_count(struct saying *s, const char *one, const char *many, int64_t n)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    locale_add_plural(request_locale(s->r), one, many, n, &out);
    say(s, arena_str(request_arena(s->r), buf_str(&out)));
}

static struct str number(struct saying *s, double value)
{
    return web__decimal(s->r, value, 3);
}

static void say_sources(struct saying *s, const struct recipe *recipe)
{
    const struct locale *locale = request_locale(s->r);
    if (recipe->sources == SOURCES_EVERYONE) {
        say(s, locale_message(locale, recipe->dimension_count
                                          ? M("It goes by everyone's ratings; each rater counts the same.")
                                          : M("It goes by nobody's ratings.")));
        return;
    }
    if (recipe->sources == SOURCES_LIST)
        say_count(s, MP("It goes by one rater, whom it names.", "It goes by %{n} raters, whom it names."),
            (int64_t)recipe->list_count);
    else
        say(s, locale_message(locale, M("It goes by the ratings of the people its reader trusts.")));
    if (recipe->depth)
        say_count(s,
            MP("Whom those trust counts as well, half as much, one step away.",
                "Whom those trust counts as well, half as much at each step, up to %{n} steps away."),
            recipe->depth);
}

static void say_support(struct saying *s, const struct recipe *recipe)
{
    if (!recipe->has_support) {
        if (recipe->sources != SOURCES_EVERYONE)
            say(s,
                locale_message(request_locale(s->r),
                    M("An article needs the ratings of half the weight of those trusted directly, or of 1.6 "
                      "people, whichever is less.")));
    } else if (recipe->support > 0) {
        say_with(s, M("An article needs ratings of %{n} people, counted by their weight."), "n",
            number(s, recipe->support));
    }
}

static void say_dimension(struct saying *s, const struct recipe_dimension *d)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    const struct locale *locale = request_locale(s->r);
    struct str name = web__dimension_name(s->r, d->name);
    double size = d->coefficient < 0 ? -d->coefficient : d->coefficient;
    if (size > 0)
        locale_format(locale, &out,
            d->coefficient < 0 ? M("%{dimension} counts against an article, with %{n}.")
                               : M("%{dimension} counts for an article, with %{n}."),
            "dimension", name, "n", number(s, size), NULL);
    if (d->has_floor) {
        buf_addz(&out, out.n ? " " : "");
        locale_format(locale, &out, M("%{dimension} must be at least %{n} on a scale from −1 to 1."),
            "dimension", name, "n", number(s, d->floor), NULL);
    }
    if (d->has_ceiling) {
        buf_addz(&out, out.n ? " " : "");
        locale_format(locale, &out, M("%{dimension} must be at most %{n} on a scale from −1 to 1."),
            "dimension", name, "n", number(s, d->ceiling), NULL);
    }
    if (out.n)
        say(s, arena_str(request_arena(s->r), buf_str(&out)));
}

/* "a, b, c"; the rest as a number. */
static struct str list_of(struct saying *s, const struct str *names, size_t n, bool languages)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    const struct locale *locale = request_locale(s->r);
    size_t shown = n < 30 ? n : 30;
    for (size_t i = 0; i < shown; i++) {
        buf_addz(&out, i ? (locale_rtl(locale) ? "، " : ", ") : "");
        buf_adds(&out, web__line(request_arena(s->r),
                           languages ? locale_language_name(locale, names[i]) : names[i], 60));
    }
    if (shown < n)
        buf_addf(&out, " … (%zu)", n);
    return arena_str(request_arena(s->r), buf_str(&out));
}

static void say_hours(
    struct saying *s, const char *hour, const char *hours, const char *day, const char *days, int64_t n)
{
    if (n % 24 == 0)
        say_count(s, day, days, n / 24);
    else
        say_count(s, hour, hours, n);
}

void web__recipe_view(struct request *r, struct view *v, const struct recipe *recipe)
{
    struct saying said = {r, v}, *s = &said;
    const struct locale *locale = request_locale(r);
    static const char *const orders[] = {
        [ORDER_NEWEST] = M("The newest come first."),
        [ORDER_QUALITY] = M("The best rated come first."),
        [ORDER_FRESH] = M("The best rated come first, and sink with age."),
        [ORDER_DISPUTED] = M("Those come first about which the raters disagree most."),
    };
    say_sources(s, recipe);
    say_support(s, recipe);
    for (size_t i = 0; i < recipe->dimension_count; i++)
        say_dimension(s, &recipe->dimensions[i]);
    if (recipe->has_quality && recipe->dimension_count)
        say_with(s, M("All this together must come to at least %{n}."), "n", number(s, recipe->quality));
    if (recipe->window)
        say_hours(s, MP("It looks back one hour.", "It looks back %{n} hours."),
            MP("It looks back one day.", "It looks back %{n} days."), recipe->window);
    if (recipe->language_count)
        say_with(s, M("Only articles in these languages: %{list}."), "list",
            list_of(s, recipe->languages, recipe->language_count, true));
    if (recipe->tag_count)
        say_with(s, M("Only articles on one of these topics: %{list}."), "list",
            list_of(s, recipe->tags, recipe->tag_count, false));
    if (recipe->without_tag_count)
        say_with(s, M("Nothing on these topics: %{list}."), "list",
            list_of(s, recipe->without_tags, recipe->without_tag_count, false));
    if (recipe->without_author_count)
        say_count(s, MP("Nothing by one author, whom it names.", "Nothing by %{n} authors, whom it names."),
            (int64_t)recipe->without_author_count);
    if (recipe->one_per_lineage)
        say(s, locale_message(locale, M("Of several versions of one work only the best is shown.")));
    if (recipe->missed_of)
        say_count(s,
            MP("Only what your own filters hide and one filter of people you trust shows.",
                "Only what your own filters hide and at least %{n} filters of people you trust show."),
            recipe->missed_of);
    say(s, locale_message(locale, orders[recipe->order <= ORDER_DISPUTED ? recipe->order : ORDER_NEWEST]));
    if (recipe->order == ORDER_FRESH && recipe->halflife)
        say_hours(s, MP("After one hour an article counts half.", "After %{n} hours an article counts half."),
            MP("After one day an article counts half.", "After %{n} days an article counts half."),
            recipe->halflife);
}
