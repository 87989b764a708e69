/* page_filter_form.c: making a filter with a form: what it would do is shown before it is kept or published.
 * The form's fields become a recipe, and one judge of recipes says whether it is one: recipe_parse(). */
#include "base/utf8.h"
#include "templates.gen.h"
#include "web/filter.h"
#include "web/pages.h"
#include "web/static.h"

#include <stdlib.h>

#define MOST_DIMENSIONS 64
#define MOST_NAMES 500
#define MOST_PREVIEWED 10

/* What the form holds: as typed, and as understood. */
struct filter_form {
    struct str name, about, edit, origin;
    struct recipe recipe;
    struct str fields[16]; /* as typed: enum field */
    const char *problem;   /* a message; NULL: it is in order */
    const char *bad;       /* the field's name */
    struct str problem_text;
};

/* Numbers of the form: name; for the view "form_NAME". */
enum field {
    FIELD_SUPPORT,
    FIELD_QUALITY,
    FIELD_HALFLIFE,
    FIELD_WINDOW,
    FIELD_MISSED,
    FIELD_LANGUAGES,
    FIELD_TAGS,
    FIELD_WITHOUT_TAGS,
    FIELD_WITHOUT_AUTHORS,
    FIELD_LIST,
    FIELD_COUNT
};
static const struct {
    const char *name, *form_name;
} fields[FIELD_COUNT] = {
    [FIELD_SUPPORT] = {"support", "form_support"},
    [FIELD_QUALITY] = {"quality", "form_quality"},
    [FIELD_HALFLIFE] = {"halflife", "form_halflife"},
    [FIELD_WINDOW] = {"window", "form_window"},
    [FIELD_MISSED] = {"missed", "form_missed"},
    [FIELD_LANGUAGES] = {"languages", "form_languages"},
    [FIELD_TAGS] = {"tags", "form_tags"},
    [FIELD_WITHOUT_TAGS] = {"without_tags", "form_without_tags"},
    [FIELD_WITHOUT_AUTHORS] = {"without_authors", "form_without_authors"},
    [FIELD_LIST] = {"list", "form_list"},
};

/* ---- reading it */

static void complain(struct filter_form *f, const char *field, const char *problem)
{
    if (f->problem)
        return;
    f->problem = problem;
    f->bad = field;
}

/* "-0.25", "0,25", "−1", "٠٫٢٥": a sign and decimal digits, Western or Arabic. */
static bool read_number(struct str text, double low, double high, double *out)
{
    char plain[24];
    size_t n = 0;
    for (size_t at = 0; at < text.n && n < sizeof plain - 1; n++) {
        uint32_t c = utf8_next(text, &at);
        if (c >= 0x660 && c <= 0x669)
            c = '0' + (c - 0x660);
        else if (c >= 0x6f0 && c <= 0x6f9)
            c = '0' + (c - 0x6f0);
        else if (c == ',' || c == 0x66b)
            c = '.';
        else if (c == 0x2212)
            c = '-';
        if (!((c >= '0' && c <= '9') || c == '.' || (c == '-' && n == 0)))
            return false;
        plain[n] = (char)c;
    }
    plain[n] = 0;
    char *end;
    *out = strtod(plain, &end);
    return n && n < sizeof plain - 1 && !*end && plain[n - 1] != '-' && *out >= low && *out <= high;
}

static bool number_field(
    struct request *r, struct filter_form *f, enum field field, double low, double high, double *out)
{
    struct str text = str_trim(request_form(r, fields[field].name));
    f->fields[field] = text;
    if (!text.n)
        return false;
    if (read_number(text, low, high, out))
        return true;
    complain(f, fields[field].name, M("One of the numbers is not a number, or not one that fits there."));
    return false;
}

/* Names with commas or line ends between them. */
static size_t names_field(struct request *r, struct filter_form *f, enum field field, struct str **out)
{
    struct arena *arena = request_arena(r);
    struct str text = request_form(r, fields[field].name), line, piece;
    size_t n = 0;
    f->fields[field] = text.p ? web__text(arena, text) : STR("");
    *out = ARENA_ARRAY(arena, struct str, MOST_NAMES);
    while (*out && str_cut(&text, '\n', &line))
        while (str_cut(&line, ',', &piece)) {
            piece = str_trim(piece);
            if (!piece.n)
                continue;
            if (n == MOST_NAMES) {
                complain(f, fields[field].name, M("One of the lists is longer than 500 entries."));
                return n;
            }
            (*out)[n++] = piece;
        }
    return n;
}

/* "npub1… 0.8", or a name of this node's. */
static void list_field(struct request *r, struct filter_form *f)
{
    struct arena *arena = request_arena(r);
    struct recipe *recipe = &f->recipe;
    struct str text = request_form(r, "list"), line;
    f->fields[FIELD_LIST] = text.p ? web__text(arena, text) : STR("");
    recipe->list = ARENA_ARRAY(arena, struct trust_entry, MOST_NAMES);
    while (recipe->list && str_cut(&text, '\n', &line)) {
        struct str who = str_trim(line), amount;
        struct trust_entry entry = {.weight = WEIGHT_ONE};
        if (!who.n)
            continue;
        size_t space = str_find_char(who, ' ');
        amount = space == SIZE_MAX ? STR("") : str_trim(str_slice(who, space, who.n));
        who = space == SIZE_MAX ? who : str_slice(who, 0, space);
        if (recipe->list_count == MOST_NAMES) {
            complain(f, "list", M("One of the lists is longer than 500 entries."));
            return;
        }
        if (node_actor_from_text(request_node(r), who, &entry.key, NULL) != 0)
            complain(f, "list",
                M("One of the people is not known here: write their key (npub1…), and behind it a weight up "
                  "to 1."));
        else if (amount.n && !weight_parse(amount, &entry.weight))
            complain(f, "list", M("A weight is a number above 0 and at most 1, such as 0.8."));
        else
            recipe->list[recipe->list_count++] = entry;
    }
    if (recipe->sources == SOURCES_LIST && !recipe->list_count)
        complain(f, "list", M("Name at least one person, or let the filter go by others."));
}

static void authors_field(struct request *r, struct filter_form *f)
{
    struct str *names;
    struct recipe *recipe = &f->recipe;
    size_t n = names_field(r, f, FIELD_WITHOUT_AUTHORS, &names);
    recipe->without_authors = ARENA_ARRAY(request_arena(r), struct pubkey, n + 1);
    for (size_t i = 0; recipe->without_authors && i < n; i++)
        if (node_actor_from_text(
                request_node(r), names[i], &recipe->without_authors[recipe->without_author_count], NULL) == 0)
            recipe->without_author_count++;
        else
            complain(
                f, "without_authors", M("One of the authors is not known here: write their key (npub1…)."));
}

static void dimension_fields(struct request *r, struct filter_form *f)
{
    struct str name[MOST_DIMENSIONS], counts[MOST_DIMENSIONS], least[MOST_DIMENSIONS], most[MOST_DIMENSIONS];
    struct recipe *recipe = &f->recipe;
    size_t n = request_form_all(r, "dimension", name, MOST_DIMENSIONS);
    if (request_form_all(r, "coefficient", counts, MOST_DIMENSIONS) != n ||
        request_form_all(r, "floor", least, MOST_DIMENSIONS) != n ||
        request_form_all(r, "ceiling", most, MOST_DIMENSIONS) != n) {
        complain(f, "dimension", M("The form came in broken. Load the page again."));
        return;
    }
    struct recipe_dimension *all = ARENA_ARRAY(request_arena(r), struct recipe_dimension, n + 1);
    recipe->dimensions = all;
    for (size_t i = 0; all && i < n; i++) {
        struct recipe_dimension d = {.name = name[i]};
        struct str a = str_trim(counts[i]), b = str_trim(least[i]), c = str_trim(most[i]);
        bool good = (!a.n || read_number(a, -10, 10, &d.coefficient));
        d.has_floor = b.n > 0;
        d.has_ceiling = c.n > 0;
        good = good && (!b.n || read_number(b, -1, 1, &d.floor)) &&
               (!c.n || read_number(c, -1, 1, &d.ceiling));
        if (!good)
            complain(f, "dimension",
                M("A dimension counts from −10 to 10; its least and most lie between −1 and 1."));
        else if (d.coefficient != 0 || d.has_floor || d.has_ceiling)
            all[recipe->dimension_count++] = d;
    }
}

static size_t choice_of(struct request *r, const char *field, const char *const *values, size_t n)
{
    struct str chosen = request_form(r, field);
    for (size_t i = 0; i < n; i++)
        if (str_eqz(chosen, values[i]))
            return i;
    return 0;
}

static const char *const source_values[] = {"trusted", "everyone", "list"};
static const enum {
    FORM_TRUSTED,
    FORM_EVERYONE,
    FORM_LIST
} source_order[] = {FORM_TRUSTED, FORM_EVERYONE, FORM_LIST};
static const char *const order_values[] = {"newest", "quality", "fresh", "disputed"};

static void read_recipe(struct request *r, struct filter_form *f)
{
    struct recipe *recipe = &f->recipe;
    double value;
    uint64_t depth;
    switch (source_order[choice_of(r, "sources", source_values, 3)]) {
    case FORM_EVERYONE:
        recipe->sources = SOURCES_EVERYONE;
        break;
    case FORM_LIST:
        recipe->sources = SOURCES_LIST;
        break;
    default:
        recipe->sources = SOURCES_TRUSTED;
    }
    if (str_to_u64(request_form(r, "depth"), 3, &depth))
        recipe->depth = (unsigned)depth;
    recipe->order = (enum filter_order)choice_of(r, "order", order_values, 4);
    dimension_fields(r, f);
    if ((recipe->has_support = number_field(r, f, FIELD_SUPPORT, 0, 1e6, &value)))
        recipe->support = value;
    if ((recipe->has_quality = number_field(r, f, FIELD_QUALITY, -100, 100, &value)))
        recipe->quality = value;
    recipe->halflife = number_field(r, f, FIELD_HALFLIFE, 1, 1e6, &value) ? (int64_t)value : 48;
    recipe->window = number_field(r, f, FIELD_WINDOW, 1, 1e6, &value) ? (int64_t)value : 0;
    recipe->missed_of = number_field(r, f, FIELD_MISSED, 1, 100, &value) ? (unsigned)value : 0;
    recipe->language_count = names_field(r, f, FIELD_LANGUAGES, &recipe->languages);
    recipe->tag_count = names_field(r, f, FIELD_TAGS, &recipe->tags);
    recipe->without_tag_count = names_field(r, f, FIELD_WITHOUT_TAGS, &recipe->without_tags);
    recipe->one_per_lineage = request_form(r, "lineage").n > 0;
    list_field(r, f);
    if (recipe->sources != SOURCES_LIST)
        recipe->list_count = 0;
    authors_field(r, f);
}

/* The recipe as its own JSON says it, through the one parser that decides. */
static void check_recipe(struct request *r, struct filter_form *f)
{
    struct err err = {0};
    struct buf json _cleanup_buf_ = BUF_INIT;
    struct recipe checked;
    if (f->problem)
        return;
    recipe_format(&f->recipe, &json);
    if (recipe_parse(request_arena(r), arena_str(request_arena(r), buf_str(&json)), &checked, &err) == 0) {
        f->recipe = checked;
        return;
    }
    f->problem_text = arena_str(request_arena(r), str_of(err.what));
    complain(f, "recipe", M("This is no filter that could work."));
}

static void read_form(struct request *r, struct filter_form *f)
{
    struct arena *arena = request_arena(r);
    *f = (struct filter_form){
        .name = web__line(arena, request_form(r, "name"), 0),
        .about = str_trim(web__text(arena, request_form(r, "about"))),
        .edit = request_form(r, "edit"),
        .origin = request_form(r, "origin"),
    };
    if (f->edit.n > 600)
        f->edit.n = 0;
    if (f->origin.n > 600)
        f->origin.n = 0;
    read_recipe(r, f);
    check_recipe(r, f);
}

/* ---- showing it */

static struct str plain_number(struct request *r, double value)
{
    return arena_printf(request_arena(r), "%.6g", value);
}

static struct str joined(struct request *r, const struct str *names, size_t n)
{
    struct buf out _cleanup_buf_ = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        buf_addz(&out, i ? ", " : "");
        buf_adds(&out, names[i]);
    }
    return arena_str(request_arena(r), buf_str(&out));
}

/* The fields as they would be typed for a recipe. */
static void fields_of_recipe(struct request *r, struct filter_form *f)
{
    struct arena *arena = request_arena(r);
    const struct recipe *recipe = &f->recipe;
    struct buf list _cleanup_buf_ = BUF_INIT, authors _cleanup_buf_ = BUF_INIT;
    if (recipe->has_support)
        f->fields[FIELD_SUPPORT] = plain_number(r, recipe->support);
    if (recipe->has_quality)
        f->fields[FIELD_QUALITY] = plain_number(r, recipe->quality);
    if (recipe->halflife)
        f->fields[FIELD_HALFLIFE] = plain_number(r, (double)recipe->halflife);
    if (recipe->window)
        f->fields[FIELD_WINDOW] = plain_number(r, (double)recipe->window);
    if (recipe->missed_of)
        f->fields[FIELD_MISSED] = plain_number(r, recipe->missed_of);
    f->fields[FIELD_LANGUAGES] = joined(r, recipe->languages, recipe->language_count);
    f->fields[FIELD_TAGS] = joined(r, recipe->tags, recipe->tag_count);
    f->fields[FIELD_WITHOUT_TAGS] = joined(r, recipe->without_tags, recipe->without_tag_count);
    for (size_t i = 0; i < recipe->without_author_count; i++) {
        nip19_npub(&recipe->without_authors[i], &authors);
        buf_addc(&authors, '\n');
    }
    f->fields[FIELD_WITHOUT_AUTHORS] = arena_str(arena, buf_str(&authors));
    for (size_t i = 0; recipe->sources == SOURCES_LIST && i < recipe->list_count; i++) {
        nip19_npub(&recipe->list[i].key, &list);
        buf_addc(&list, ' ');
        weight_format(recipe->list[i].weight, &list);
        buf_addc(&list, '\n');
    }
    f->fields[FIELD_LIST] = arena_str(arena, buf_str(&list));
}

static void dimension_row(struct request *r, struct view *v, const struct filter_form *f, struct str name,
    struct str label, struct str question)
{
    struct view *row = view_item(v, "dimensions");
    view_str(row, "dimension", name);
    view_str(row, "label", label);
    view_str(row, "question", question);
    for (size_t i = 0; i < f->recipe.dimension_count; i++) {
        const struct recipe_dimension *d = &f->recipe.dimensions[i];
        if (!str_eq(d->name, name))
            continue;
        if (d->coefficient != 0)
            view_str(row, "coefficient", plain_number(r, d->coefficient));
        if (d->has_floor)
            view_str(row, "floor", plain_number(r, d->floor));
        if (d->has_ceiling)
            view_str(row, "ceiling", plain_number(r, d->ceiling));
    }
}

/* The dimensions this node knows but agreement, which is no quality, and those of the recipe it does not. */
static void dimensions_view(struct request *r, struct view *v, const struct filter_form *f)
{
    struct arena *arena = request_arena(r);
    struct dimension *known;
    size_t n = 0;
    struct str language = str_of(locale_code(request_locale(r)));
    if (rating_dimensions(request_read(r), arena, language, &known, &n, NULL) != 0)
        n = 0;
    size_t shown = 0;
    for (size_t i = 0; i < n && shown < MOST_DIMENSIONS / 2; i++) {
        if (known[i].shipped && known[i].number == DIMENSION_AGREE)
            continue;
        struct str name = known[i].coordinate.n ? known[i].coordinate : known[i].name;
        dimension_row(r, v, f, name, web__dimension_name(r, name), web__line(arena, known[i].question, 200));
        shown++;
    }
    for (size_t i = 0; i < f->recipe.dimension_count; i++) {
        bool there = false;
        for (size_t k = 0; k < n; k++)
            there |= str_eq(
                known[k].coordinate.n ? known[k].coordinate : known[k].name, f->recipe.dimensions[i].name);
        if (!there)
            dimension_row(r, v, f, f->recipe.dimensions[i].name,
                web__line(arena, f->recipe.dimensions[i].name, 60), STR(""));
    }
}

static void options_view(struct request *r, struct view *v, const struct recipe *recipe)
{
    static const char *const order_words[] = {M("the newest first"), M("the best rated first"),
        M("the best rated first, sinking with age"), M("first those the raters disagree about")};
    static const char *const depth_words[] = {
        M("nobody but them"), M("and whom they trust"), M("and two steps on"), M("and three steps on")};
    for (size_t i = 0; i < 4; i++) {
        struct view *order = view_item(v, "orders"), *depth = view_item(v, "depths");
        view_str(order, "value", str_of(order_values[i]));
        view_str(order, "words", locale_message(request_locale(r), order_words[i]));
        view_bool(order, "selected", recipe->order == (enum filter_order)i);
        view_int(depth, "value", (int64_t)i);
        view_str(depth, "words", locale_message(request_locale(r), depth_words[i]));
        view_bool(depth, "selected", recipe->depth == i);
    }
    view_bool(v, "from_trusted", recipe->sources == SOURCES_TRUSTED);
    view_bool(v, "from_everyone", recipe->sources == SOURCES_EVERYONE);
    view_bool(v, "from_list", recipe->sources == SOURCES_LIST);
    view_bool(v, "lineage", recipe->one_per_lineage);
}

/* What the recipe would do to today's pool: counts, and the first titles. */
static int would_do(struct request *r, struct view *v, const struct filter_form *f, struct err *err)
{
    struct looking looking;
    struct filter_result result;
    struct filter_page page = {.limit = MOST_PREVIEWED};
    struct news_item *items;
    struct scored *scored;
    size_t n;
    int code = web__look_recipe(r, &f->recipe, &looking, err);
    view_bool(v, "would", code == 0);
    view_bool(v, "would_blind", code == 0 && web__look_is_blind(&looking));
    if (code || web__look_is_blind(&looking))
        return code;
    code = web__filter_run(r, &looking, &page, &result, err);
    if (!code)
        code = web__filter_items(r, &result, &items, &scored, &n, err);
    if (code) {
        view_bool(v, "would", false);
        return code;
    }
    uint64_t hidden = 0;
    for (size_t i = 0; i < result.hidden_count; i++) {
        if (!result.hidden[i].n)
            continue;
        struct view *rule = view_item(v, "would_rules");
        view_str(rule, "words", web__rule_words(r, &looking, result.hidden[i].rule));
        view_int(rule, "count", (int64_t)result.hidden[i].n);
        hidden += result.hidden[i].n;
    }
    for (size_t i = 0; i < n; i++)
        web__item_view(r, view_item(v, "would_items"), &items[i]);
    view_int(v, "would_pass", (int64_t)result.passed);
    view_int(v, "would_hide", (int64_t)hidden);
    return 0;
}

static void show(struct request *r, const struct filter_form *f, bool with_counts)
{
    struct view *v = view_create(request_arena(r));
    struct err err = {0};
    view_str(v, "form_name", f->name);
    view_str(v, "form_about", f->about);
    view_str(v, "edit", f->edit);
    view_bool(v, "editing", f->edit.n > 0);
    view_str(v, "origin", f->origin);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        view_str(v, fields[i].form_name, f->fields[i].p ? f->fields[i] : STR(""));
    if (f->recipe.missed_of || f->fields[FIELD_MISSED].n)
        view_bool(v, "has_missed", true);
    dimensions_view(r, v, f);
    options_view(r, v, &f->recipe);
    if (f->problem) {
        view_str(v, "problem", locale_message(request_locale(r), f->problem));
        view_str(v, "problem_text", f->problem_text);
        if (f->bad && !strcmp(f->bad, "name"))
            view_bool(v, "bad_name", true);
    } else if (with_counts && would_do(r, v, f, &err) != 0) {
        view_str(v, "problem", locale_message(request_locale(r), err.what));
    }
    view_bool(v, "noindex", true);
    answer_page(r, f->problem ? 422 : 200, &template_filter_form, v,
        locale_message(request_locale(r), f->edit.n ? M("Change a filter") : M("Make a filter")));
}

/* ---- the pages */

static void new_page(struct request *r)
{
    struct err err = {0};
    struct looking from = {0};
    struct filter_form f = {0};
    struct str edit = request_query(r, "edit"), copy = request_query(r, "from"),
               without = request_query(r, "without");
    struct str key = edit.n ? edit : copy.n ? copy : STR("newsworthy");
    if (web__look_through(r, PAGE_HTML, key, &from, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    bool own = from.private_id.n ||
               (from.thing.address.kind && pubkey_eq(&from.thing.address.pubkey, &request_account(r)->key));
    f.recipe = from.thing.recipe;
    if (without.n && without.n <= 200)
        web__recipe_relax(request_arena(r), &f.recipe, without);
    if (edit.n && own) {
        f.edit = from.key;
        f.name = from.thing.name;
        f.about = from.thing.about;
        if (from.thing.copied_from.kind)
            f.origin = web__coordinate(request_arena(r), &from.thing.copied_from);
    } else if (from.thing.address.kind) {
        f.origin = web__coordinate(request_arena(r), &from.thing.address);
    } else if (from.private_id.n && from.thing.copied_from.kind) {
        f.origin = web__coordinate(request_arena(r), &from.thing.copied_from);
    }
    fields_of_recipe(r, &f);
    show(r, &f, true);
}

static bool has_name(struct filter_form *f)
{
    if (!f->name.n || f->name.n > 80)
        complain(f, "name", M("A filter's name has 1 to 80 characters."));
    else if (f->about.n > 500)
        complain(f, "about", M("What the filter is for is longer than 500 characters."));
    return !f->problem;
}

static void keep(struct request *r, struct filter_form *f)
{
    struct err err = {0};
    char id[DRAFT_ID_CHARS + 1];
    struct buf json _cleanup_buf_ = BUF_INIT;
    struct arena *arena = request_arena(r);
    bool changes = str_starts(f->edit, STR(PRIVATE_FILTER_BEGIN));
    web__draft_id(r, id);
    recipe_format(&f->recipe, &json);
    struct private_filter kept = {
        .id = changes ? str_slice(f->edit, sizeof PRIVATE_FILTER_BEGIN - 1, f->edit.n)
                      : arena_str(arena, str_of(id)),
        .name = f->name,
        .about = f->about,
        .recipe = buf_str(&json),
        .origin = f->origin,
    };
    struct private_filter there;
    if ((changes && web__private_filter_load(r, kept.id, &there, &err) != 0) ||
        web__private_filter_save(r, &kept, &err) != 0) {
        answer_error(r, &err);
        return;
    }
    answer_notice(r, M("The filter is kept. Only you see it, and whoever runs the node."));
    answer_redirect(
        r, web__filter_link(arena, arena_printf(arena, PRIVATE_FILTER_BEGIN "%.*s", STR_ARG(kept.id)), ""));
}

static void publish(struct request *r, struct filter_form *f)
{
    struct err err = {0};
    char id[DRAFT_ID_CHARS + 1];
    struct arena *arena = request_arena(r);
    const struct account *account = request_account(r);
    struct filter_thing thing = {
        .name = f->name,
        .about = f->about,
        .language = str_of(locale_code(request_locale(r))),
        .recipe = f->recipe,
        .address = {.kind = KIND_FILTER, .pubkey = account->key},
    };
    struct record_draft draft = {.arena = arena};
    int64_t now = request_now(r);
    web__draft_id(r, id);
    thing.d = arena_str(arena, str_of(id));
    if (str_starts(f->edit, STR(PRIVATE_FILTER_BEGIN))) {
        thing.d = str_slice(f->edit, sizeof PRIVATE_FILTER_BEGIN - 1, f->edit.n);
    } else if (f->edit.n) {
        struct looking old;
        if (web__look_through(r, PAGE_HTML, f->edit, &old, &err) != 0) {
            answer_error(r, &err);
            return;
        }
        if (old.thing.address.kind && pubkey_eq(&old.thing.address.pubkey, &account->key)) {
            thing.d = old.thing.address.d;
            if (now <= old.thing.created_at && old.thing.created_at - now < 240)
                now = old.thing.created_at + 1; /* else the change would not be newer */
        }
    }
    thing.address.d = thing.d;
    if (!f->origin.n || !address_parse(f->origin, &thing.copied_from) ||
        thing.copied_from.kind != KIND_FILTER)
        thing.copied_from.kind = 0;
    if (filter_write(&thing, now, &draft, &err) != 0) {
        f->problem = M("This is no filter that could work.");
        f->problem_text = arena_str(arena, str_of(err.what));
        show(r, f, false);
        return;
    }
    answer_publish(
        r, &draft, web__page_link(arena, "/filters/done/", thing.d, ""), M("The filter is published."));
}

/* Where publishing ends: what was kept private under the same name goes, once its record is there. */
static void done(struct request *r)
{
    struct err err = {0};
    struct arena *arena = request_arena(r);
    struct filter_thing thing = {
        .address = {.kind = KIND_FILTER, .pubkey = request_account(r)->key, .d = request_param(r, "d")}};
    struct store_found found;
    struct str key = web__filter_key(arena, &thing), first;
    if (store_get_address(request_read(r), arena, &thing.address, &found, &err) != 0) {
        answer_redirect(r, STR("/filters"));
        return;
    }
    web__private_filter_remove(r, thing.address.d, &err);
    if (web__first_filter(r, &first, &err) == 0 && str_starts(first, STR(PRIVATE_FILTER_BEGIN)) &&
        str_eq(str_slice(first, sizeof PRIVATE_FILTER_BEGIN - 1, first.n), thing.address.d))
        web__first_filter_set(r, key, &err);
    answer_redirect(r, web__filter_link(arena, key, ""));
}

static void form_sent(struct request *r)
{
    struct filter_form f;
    struct str action = request_form(r, "do");
    read_form(r, &f);
    bool keeps = str_eqz(action, "keep"), publishes = str_eqz(action, "publish");
    if (f.problem || (!keeps && !publishes) || !has_name(&f))
        show(r, &f, !keeps && !publishes);
    else if (keeps)
        keep(r, &f);
    else
        publish(r, &f);
}

/* The part of the page that says what it would do, for the script that asks while one types. */
static void count(struct request *r)
{
    struct filter_form f;
    struct err err = {0};
    struct view *v = view_create(request_arena(r));
    struct buf html _cleanup_buf_ = BUF_INIT;
    read_form(r, &f);
    if (f.problem)
        view_str(v, "problem", locale_message(request_locale(r), f.problem));
    else if (would_do(r, v, &f, &err) != 0)
        view_str(v, "problem", locale_message(request_locale(r), err.what));
    view_str(v, "lang", str_of(locale_code(request_locale(r))));
    view_str(v, "dir", str_of(locale_rtl(request_locale(r)) ? "rtl" : "ltr"));
    template_render(&template_would, v, request_locale(r), &html);
    answer_bytes(r, 200, "text/html; charset=utf-8", buf_str(&html));
}

/* method, path, handler, permission, csrf, class, caching, max_body, help */
const struct route page_filter_form_routes[] = {
    {"GET", "/filters/new", new_page, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "make a filter: ?from= copies one, ?edit= changes one's own"},
    {"POST", "/filters/new", form_sent, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 256 * 1024,
        "shows what it would do, keeps it private or publishes it (kind 34701)"},
    {"POST", "/filters/count", count, SIGNED_IN, CSRF_FORM, POOL, CACHE_NEVER, 256 * 1024,
        "what it would do, as a piece of the page"},
    {"GET", "/filters/done/{d}", done, SIGNED_IN, CSRF_NONE, POOL, CACHE_NEVER, 0,
        "where publishing a filter ends"},
    {NULL},
};
