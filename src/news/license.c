/* license.c: the licences we know, their spellings, and which of them let a text be shown whole.
 *
 * Only CC0, the public domain, CC BY and CC BY-SA are free here (DESIGN section 5); the others are known by
 * name so that pages can say what stands on a text, and refuse to show it whole. */
#include "news/news.h"

#define CC "https://creativecommons.org/licenses/"

/* id, name, url, free, attribution. Forms offer the first `offered` rows. */
static const struct license licenses[] = {
    {"CC0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", true, false},
    {"CC-BY-4.0", "CC BY 4.0", CC "by/4.0/", true, true},
    {"CC-BY-SA-4.0", "CC BY-SA 4.0", CC "by-sa/4.0/", true, true},
    {"public-domain", "Public domain", "https://creativecommons.org/publicdomain/mark/1.0/", true, false},
    {"CC-BY-3.0", "CC BY 3.0", CC "by/3.0/", true, true},
    {"CC-BY-2.5", "CC BY 2.5", CC "by/2.5/", true, true},
    {"CC-BY-2.0", "CC BY 2.0", CC "by/2.0/", true, true},
    {"CC-BY-1.0", "CC BY 1.0", CC "by/1.0/", true, true},
    {"CC-BY-SA-3.0", "CC BY-SA 3.0", CC "by-sa/3.0/", true, true},
    {"CC-BY-SA-2.5", "CC BY-SA 2.5", CC "by-sa/2.5/", true, true},
    {"CC-BY-SA-2.0", "CC BY-SA 2.0", CC "by-sa/2.0/", true, true},
    {"CC-BY-SA-1.0", "CC BY-SA 1.0", CC "by-sa/1.0/", true, true},
    {"CC-BY-ND-4.0", "CC BY-ND 4.0", CC "by-nd/4.0/", false, true},
    {"CC-BY-ND-3.0", "CC BY-ND 3.0", CC "by-nd/3.0/", false, true},
    {"CC-BY-ND-2.5", "CC BY-ND 2.5", CC "by-nd/2.5/", false, true},
    {"CC-BY-ND-2.0", "CC BY-ND 2.0", CC "by-nd/2.0/", false, true},
    {"CC-BY-NC-4.0", "CC BY-NC 4.0", CC "by-nc/4.0/", false, true},
    {"CC-BY-NC-3.0", "CC BY-NC 3.0", CC "by-nc/3.0/", false, true},
    {"CC-BY-NC-2.5", "CC BY-NC 2.5", CC "by-nc/2.5/", false, true},
    {"CC-BY-NC-2.0", "CC BY-NC 2.0", CC "by-nc/2.0/", false, true},
    {"CC-BY-NC-SA-4.0", "CC BY-NC-SA 4.0", CC "by-nc-sa/4.0/", false, true},
    {"CC-BY-NC-SA-3.0", "CC BY-NC-SA 3.0", CC "by-nc-sa/3.0/", false, true},
    {"CC-BY-NC-SA-2.5", "CC BY-NC-SA 2.5", CC "by-nc-sa/2.5/", false, true},
    {"CC-BY-NC-SA-2.0", "CC BY-NC-SA 2.0", CC "by-nc-sa/2.0/", false, true},
    {"CC-BY-NC-ND-4.0", "CC BY-NC-ND 4.0", CC "by-nc-nd/4.0/", false, true},
    {"CC-BY-NC-ND-3.0", "CC BY-NC-ND 3.0", CC "by-nc-nd/3.0/", false, true},
    {"CC-BY-NC-ND-2.5", "CC BY-NC-ND 2.5", CC "by-nc-nd/2.5/", false, true},
    {"CC-BY-NC-ND-2.0", "CC BY-NC-ND 2.0", CC "by-nc-nd/2.0/", false, true},
};
enum { offered = 4 };

/* Spellings that the normal form below does not reach: as normalised, and the id they stand for. A licence
 * without its version number is none that we know: nobody can say which text was meant. */
static const struct {
    const char *spelling, *id;
} spellings[] = {
    {"cc0", "CC0-1.0"},
    {"cc-zero", "CC0-1.0"},
    {"cc-0", "CC0-1.0"},
    {"cc0-universal", "CC0-1.0"},
    {"cc0-1.0-universal", "CC0-1.0"},
    {"zero-1.0", "CC0-1.0"},
    {"public-domain-dedication", "CC0-1.0"},
    {"publicdomain", "public-domain"},
    {"pd", "public-domain"},
    {"pdm", "public-domain"},
    {"mark-1.0", "public-domain"},
    {"public-domain-mark", "public-domain"},
    {"public-domain-mark-1.0", "public-domain"},
    {"us-government-work", "public-domain"},
};

/* "Creative Commons Attribution-ShareAlike 4.0 International" → "cc-by-sa-4.0": the words longest first. */
static const struct {
    const char *word, *piece;
} words[] = {
    {"creative-commons-zero", "cc0"},
    {"creative-commons", "cc"},
    {"attribution", "by"},
    {"sharealike", "sa"},
    {"share-alike", "sa"},
    {"noncommercial", "nc"},
    {"non-commercial", "nc"},
    {"noderivatives", "nd"},
    {"no-derivatives", "nd"},
    {"noderivs", "nd"},
    {"international", ""},
    {"unported", ""},
    {"generic", ""},
    {"license", ""},
    {"licence", ""},
    {"the", ""},
};

enum { longest = 100 };

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
}

/* Lower case; every run of other characters one hyphen; false if it is too long to be a licence's name. */
static bool normalise(struct str text, char out[longest + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!is_word_char(c)) {
            if (n == 0 || out[n - 1] == '-')
                continue;
            c = '-';
        }
        if (n == longest)
            return false;
        out[n++] = c;
    }
    while (n && (out[n - 1] == '-' || out[n - 1] == '.'))
        n--;
    out[n] = 0;
    return true;
}

/* Replaces whole words of the table by their pieces. */
static void shorten(char *name)
{
    char out[longest + 1];
    size_t n = 0, size = strlen(name);
    for (size_t i = 0; i < size;) {
        size_t matched = 0;
        const char *piece = NULL;
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
            size_t length = strlen(words[w].word);
            if (length <= size - i && memcmp(name + i, words[w].word, length) == 0 &&
                (i + length == size || name[i + length] == '-')) {
                matched = length;
                piece = words[w].piece;
                break;
            }
        }
        if (!piece) {
            const char *end = strchr(name + i, '-');
            matched = end ? (size_t)(end - name) - i : size - i;
            piece = NULL;
        }
        size_t length = piece ? strlen(piece) : matched;
        if (length) {
            if (n)
                out[n++] = '-';
            memcpy(out + n, piece ? piece : name + i, length);
            n += length;
        }
        i += matched + 1;
    }
    out[n] = 0;
    memcpy(name, out, n + 1);
}

static const struct license *find_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof licenses / sizeof licenses[0]; i++)
        if (str_eq_nocase(str_of(name), str_of(licenses[i].id)))
            return &licenses[i];
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (!strcmp(name, spellings[i].spelling))
            return find_by_name(spellings[i].id);
    return NULL;
}

/* The path of a licence's address as its name: "creativecommons.org/licenses/by-sa/4.0/deed.de". */
static const struct license *find_by_url(struct str text)
{
    static const struct str places[] = {
        STR_INIT("creativecommons.org/licenses/"),
        STR_INIT("creativecommons.org/publicdomain/"),
    };
    struct str rest = text;
    if (str_starts(rest, STR("https://")))
        rest = str_slice(rest, 8, rest.n);
    else if (str_starts(rest, STR("http://")))
        rest = str_slice(rest, 7, rest.n);
    if (str_starts(rest, STR("www.")))
        rest = str_slice(rest, 4, rest.n);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!str_starts(rest, places[i]))
            continue;
        rest = str_slice(rest, places[i].n, rest.n);
        struct str terms, version;
        if (!str_cut(&rest, '/', &terms) || !str_cut(&rest, '/', &version) || terms.n > 20 || version.n > 5)
            return NULL;
        char name[64], normal[longest + 1];
        size_t n = 0;
        if (i == 0) {
            memcpy(name, "cc-", 3);
            n = 3;
        }
        memcpy(name + n, terms.p, terms.n);
        n += terms.n;
        name[n++] = '-';
        memcpy(name + n, version.p, version.n);
        n += version.n;
        if (!normalise((struct str){name, n}, normal))
            return NULL;
        return find_by_name(normal);
    }
    return NULL;
}

const struct license *license_find(struct str text)
{
    text = str_trim(text);
    if (text.n == 0)
        return NULL;
    const struct license *found = find_by_url(text);
    char name[longest + 1];
    if (found || !normalise(text, name))
        return found;
    if ((found = find_by_name(name)))
        return found;
    shorten(name);
    if (str_starts(str_of(name), STR("by-")) && strlen(name) + 3 <= longest) {
        memmove(name + 3, name, strlen(name) + 1);
        memcpy(name, "cc-", 3);
    }
    return find_by_name(name);
}

const struct license *license_list(size_t *n)
{
    *n = offered;
    return licenses;
}
