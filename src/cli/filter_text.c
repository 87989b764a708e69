/* filter_text.c: a filter's result for people: titles, why in words, what was hidden by which rule. */
#include "cli/filter_text.h"

#include "base/utf8.h"

#include <stdio.h>

enum { named_raters = 3, npub_shown = 12 };

/* Others wrote it: nothing in it may steer the terminal. */
void filter_print(struct str text)
{
    for (size_t at = 0; at < text.n;) {
        size_t from = at;
        uint32_t c = utf8_next(text, &at);
        bool plain = c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) &&
                     !(c >= 0x2066 && c <= 0x2069);
        if (plain)
            fwrite(text.p + from, 1, at - from, stdout);
        else
            putchar(' ');
    }
}

void filter_print_name(const struct filter_names *names, const struct pubkey *key)
{
    for (size_t i = 0; i < names->own_count; i++)
        if (pubkey_eq(&names->own[i].key, key) && names->own[i].petname.n) {
            filter_print(names->own[i].petname);
            return;
        }
    struct profile profile;
    struct err ignored;
    if (!news_profile(names->read, names->arena, key, &profile, &ignored) &&
        (profile.display_name.n || profile.name.n)) {
        filter_print(utf8_cut(profile.display_name.n ? profile.display_name : profile.name, 60));
        return;
    }
    struct buf npub _cleanup_buf_ = BUF_INIT;
    nip19_npub(key, &npub);
    printf("%.*s…", npub_shown, npub.p);
}

static void print_number(double x)
{
    char text[64];
    snprintf(text, sizeof text, "%.2f", x);
    printf("%s", strcmp(text, "-0.00") ? text : "0.00");
}

static void print_weight(weight w)
{
    print_number((double)w / (double)WEIGHT_ONE);
}

static void print_value(uint16_t value)
{
    struct buf text _cleanup_buf_ = BUF_INIT;
    rating_value_format(value, &text);
    printf("%.*s", STR_ARG(buf_str(&text)));
}

/* One row a rule, in words. */
static const struct {
    const char *rule, *words;
} rule_words[] = {
    {"window", "older than the filter looks back"},
    {"support", "rated by too few, or by nobody, whom this filter goes by"},
    {"quality", "rated too low"},
    {"floor:", "too low in one dimension"},
    {"ceiling:", "too high in one dimension"},
    {"languages", "in other languages"},
    {"tags", "without any of the tags"},
    {"without_tags", "with a tag that is left out"},
    {"without_authors", "by an author who is left out"},
    {"lineage", "another version of the same work is shown"},
    {"missed", "shown by too few filters of those trusted, or by one's own"},
};

const char *filter_rule_words(struct str rule)
{
    for (size_t i = 0; i < sizeof rule_words / sizeof *rule_words; i++) {
        struct str name = str_of(rule_words[i].rule);
        if (str_eq(rule, name) || (str_ends(name, STR(":")) && str_starts(rule, name)))
            return rule_words[i].words;
    }
    return "";
}

void filter_print_rule(struct str rule)
{
    printf("%.*s (%s)", STR_ARG(rule), filter_rule_words(rule));
}

/* "Ana: worth 1, accurate 0.8; Ben (through Ana): worth 0.9; and 3 others" */
static void print_whys(const struct filter_names *names, const struct why *why, size_t n, size_t raters)
{
    size_t shown = 0;
    for (size_t i = 0; i < n && !why[i].behind; i++) {
        if (i && pubkey_eq(&why[i - 1].rater, &why[i].rater)) {
            printf(", ");
        } else {
            if (shown == named_raters)
                break;
            printf("%s", shown++ ? "; " : "   ");
            filter_print_name(names, &why[i].rater);
            if (why[i].path_length > 1) {
                printf(" (through ");
                filter_print_name(names, &why[i].path[0]);
                putchar(')');
            }
            printf(": ");
        }
        filter_print(why[i].dimension);
        putchar(' ');
        print_value(why[i].value);
    }
    if (raters > shown)
        printf("; and %zu other%s", raters - shown, raters - shown == 1 ? "" : "s");
    if (shown)
        putchar('\n');
}

static int print_item(const struct filter_names *names, const struct filter_run *run,
    const struct filter_result *result, const struct scored *item, size_t number, struct err *err)
{
    struct str title;
    struct record_id id;
    struct why *why;
    size_t n, raters = 0;
    int status = filter_title(names->read, names->arena, item->seq, &title, &id, err);
    if (!status)
        status = filter_why(
            names->read, NULL, names->arena, run, result, item, FILTER_WHY_MOST, &why, &n, &raters, err);
    if (status)
        return status;
    struct address address;
    char code[NEWS_CODE_CHARS + 1] = "";
    if (address_parse(item->coordinate, &address))
        news_article_code(&address, code);
    printf("%3zu. ", number);
    filter_print(title);
    printf("\n     /r/%s   score ", code);
    print_number(item->score);
    printf(", support ");
    print_weight(item->support);
    putchar('\n');
    if (raters) {
        printf("  ");
        print_whys(names, why, n, raters);
    }
    return 0;
}

static void print_hidden(const struct filter_result *result)
{
    uint64_t all = 0;
    for (size_t i = 0; i < result->hidden_count; i++)
        all += result->hidden[i].n;
    printf("\nShown %llu, hidden %llu%s\n", (unsigned long long)result->passed, (unsigned long long)all,
        all ? ":" : ".");
    for (size_t i = 0; i < result->hidden_count; i++) {
        printf("%9llu  ", (unsigned long long)result->hidden[i].n);
        filter_print_rule(result->hidden[i].rule);
        putchar('\n');
    }
}

static void print_basis(const struct filter_run *run, const struct filter_result *result)
{
    if (run->recipe->sources == SOURCES_EVERYONE) {
        printf("Everyone's ratings count alike.\n");
        return;
    }
    printf("%zu rater%s with weight; support needed: ", result->weights.n, result->weights.n == 1 ? "" : "s");
    if (result->support_needed > WEIGHT_ONE / 200)
        print_weight(result->support_needed);
    else
        printf(result->support_needed ? "any" : "none");
    putchar('\n');
    if (!result->weights.n)
        printf("Nobody is trusted yet, so nobody's ratings count; `everything` shows all.\n");
    else if (result->full_seeds < 4 * WEIGHT_ONE) {
        printf("Few are trusted directly (together ");
        print_weight(result->full_seeds);
        printf("), so few can decide what is shown.\n");
    }
}

int filter_result_text(const struct filter_names *names, struct str name, const struct filter_run *run,
    const struct filter_result *result, struct err *err)
{
    char at[32];
    time_rfc3339(run->at, at, sizeof at);
    filter_print(name);
    if (run->reader) {
        printf(", as ");
        filter_print_name(names, run->reader);
        printf(" sees it");
    }
    printf(", %s\n", at);
    print_basis(run, result);
    int status = 0;
    for (size_t i = 0; i < result->n && !status; i++) {
        if (!i)
            putchar('\n');
        status = print_item(names, run, result, &result->items[i], i + 1, err);
    }
    if (!status)
        print_hidden(result);
    return status;
}

int filter_explain_text(const struct filter_names *names, const struct filter_run *run,
    const struct scored *item, const struct why *why, size_t n, struct err *err)
{
    struct str title;
    struct record_id id;
    int status = filter_title(names->read, names->arena, item->seq, &title, &id, err);
    if (status)
        return status;
    filter_print(title);
    putchar('\n');
    printf("score ");
    print_number(item->score);
    printf(", support ");
    print_weight(item->support);
    if (item->rule_name.n) {
        printf("\nhidden by ");
        filter_print_rule(item->rule_name);
    } else
        printf("\nshown");
    putchar('\n');
    if (!n)
        printf("Nobody whom this filter goes by has rated it.\n");
    for (size_t i = 0; i < n; i++) {
        printf("  ");
        print_weight(why[i].weight);
        printf("  ");
        filter_print_name(names, &why[i].rater);
        printf(": ");
        filter_print(why[i].dimension);
        putchar(' ');
        print_value(why[i].value);
        for (unsigned k = 0; k + 1 < why[i].path_length; k++) {
            printf(k ? ", whom " : "; through ");
            filter_print_name(names, &why[i].path[k]);
            printf(k ? " trusts" : "");
        }
        if (why[i].behind)
            printf("; of an earlier text, does not count");
        if (why[i].reason.n) {
            printf("; \"");
            filter_print(why[i].reason);
            putchar('"');
        }
        putchar('\n');
    }
    if (run->recipe->sources != SOURCES_EVERYONE && !run->reader)
        printf("Whose eyes? --as names whose trust the filter goes by.\n");
    return 0;
}

int filter_only_text(const struct filter_names *names, struct str one, struct str other,
    const struct scored *items, size_t n, uint64_t all, struct err *err)
{
    printf("Only ");
    filter_print(one);
    printf(" shows %llu%s\n", (unsigned long long)all, all ? ":" : ".");
    for (size_t i = 0; i < n; i++) {
        struct str title;
        struct record_id id;
        int status = filter_title(names->read, names->arena, items[i].seq, &title, &id, err);
        if (status)
            return status;
        printf("  ");
        filter_print(title);
        printf("\n      ");
        filter_print(other);
        printf(" hides it by ");
        filter_print_rule(items[i].rule_name);
        putchar('\n');
    }
    if (all > n)
        printf("  and %llu more\n", (unsigned long long)(all - n));
    return 0;
}
