/* language.c: which language a text is in, where nobody said: by its script, and for scripts that many
 * languages share by libexttextcat's fingerprints. Only languages with a two-letter code. */
#include "base/utf8.h"
#include "news/news.h"

#include <libexttextcat/textcat.h>
#include <pthread.h>
#include <stdlib.h>
#include <unictype.h>

enum {
    looked_at = 6000, /* bytes of a text */
    min_letters = 40, /* fewer tell nothing in a script that languages share */
    sure_letters = 400,
};

/* Languages that a fingerprint may name. */
static const char codes[] = "af am ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu ha "
                            "he hi hr hu hy id is it ja "
                            "ka kk kn ko ku ky la lb lo lt lv mg mk ml mn mr ms mt my nb ne nl nn no pa pl "
                            "ps pt rm ro ru rw sa sd si "
                            "sk sl so sq sr sv sw ta te tg th ti tk tl tr uk ur uz vi wo xh yi yo zh zu ";

static struct str code(struct str name)
{
    if (name.n >= 2)
        for (const char *at = codes; *at; at += 3)
            if (at[0] == name.p[0] && at[1] == name.p[1])
                return (struct str){at, 2};
    return STR("");
}

/* Scripts that one language has, or nearly: a range of letters each. */
static const struct {
    uint32_t from, to;
    const char *language; /* NULL: ask the fingerprints */
} scripts[] = {
    {0x0041, 0x024f, NULL}, /* Latin */
    {0x0370, 0x03ff, "el"},
    {0x0400, 0x052f, NULL}, /* Cyrillic */
    {0x0531, 0x058f, "hy"},
    {0x0590, 0x05ff, "he"},
    {0x0600, 0x06ff, NULL}, /* Arabic */
    {0x0900, 0x097f, NULL}, /* Devanagari */
    {0x0980, 0x09ff, "bn"},
    {0x0a00, 0x0a7f, "pa"},
    {0x0a80, 0x0aff, "gu"},
    {0x0b80, 0x0bff, "ta"},
    {0x0c00, 0x0c7f, "te"},
    {0x0c80, 0x0cff, "kn"},
    {0x0d00, 0x0d7f, "ml"},
    {0x0d80, 0x0dff, "si"},
    {0x0e00, 0x0e7f, "th"},
    {0x0e80, 0x0eff, "lo"},
    {0x1000, 0x109f, "my"},
    {0x10a0, 0x10ff, "ka"},
    {0x1200, 0x137f, NULL}, /* Ethiopic */
    {0x1780, 0x17ff, "km"},
    {0x1e00, 0x1eff, NULL}, /* Latin */
    {0x3040, 0x30ff, "ja"},
    {0x4e00, 0x9fff, "zh"},
    {0xac00, 0xd7af, "ko"},
};
enum { script_count = sizeof scripts / sizeof scripts[0], latin = 0 };

/* Small words, spaces around each: they tell languages apart in a title or two, where fingerprints hesitate.
 */
static const struct {
    const char *language, *words;
} small_words[] = {
    {"en",
        " the of and to in is are was for with on that this how your we our from at by it what why an as "},
    {"fr", " le la les des du et une dans pour qui que est sur avec au aux par ce sont pas nous vous ne se "},
    {"es", " el los las del y una en para que es por con su al se como más lo sus este sobre son no "},
    {"pt", " os da do das dos e uma em para que é por com não ao se na no nas nos mais sua como são "},
    {"it", " il lo gli della del di e una in per che è con non sono nel alla dei delle al da si come più "},
    {"de",
        " der die das und ein eine im für mit von ist auf den dem des nicht zu sich auch bei wir wie aus "},
    {"nl", " de het een en van in voor met is op dat die niet zijn te ook aan bij naar wij we hoe uit "},
    {"sv", " och att det som en på är av för med den till inte om ett har vi hur från "},
    {"pl", " i w na z że do się nie jest to dla jak od przez po oraz są jego "},
    {"tr", " ve bir bu için ile de da olarak daha çok gibi olan ne her "},
    {"id", " yang dan di untuk dengan dari pada ini itu adalah ke dalam tidak akan oleh kami "},
    {"ro", " și în de la cu pe pentru că este un o din nu sunt care mai al "},
};

/* The one language that has clearly more of its small words in text than any other; "" if none has. */
static struct str by_small_words(struct str text)
{
    enum { count = sizeof small_words / sizeof small_words[0], longest = 12, enough = 3 };
    size_t hits[count] = {0};
    for (size_t at = 0; at < text.n;) {
        char word[longest + 2] = " ";
        size_t n = 1, from = at;
        while (at < text.n && ((unsigned char)text.p[at] >= 0x80 || (text.p[at] | 0x20) >= 'a')) {
            if (n <= longest)
                word[n++] = (unsigned char)text.p[at] < 0x80 ? (char)(text.p[at] | 0x20) : text.p[at];
            at++;
        }
        if (at == from) {
            at++;
            continue;
        }
        if (at - from > longest - 1)
            continue;
        word[n++] = ' ';
        word[n] = 0;
        for (size_t i = 0; i < count; i++)
            hits[i] += strstr(small_words[i].words, word) != NULL;
    }
    size_t best = 0, second = 0, which = 0;
    for (size_t i = 0; i < count; i++) {
        if (hits[i] > best) {
            second = best;
            best = hits[i];
            which = i;
        } else if (hits[i] > second)
            second = hits[i];
    }
    return best >= enough && best >= 2 * second ? str_of(small_words[which].language) : STR("");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *fingerprints; /* loaded once, kept; guarded by lock, as the library's handle is for one thread */
static bool tried;

static struct str by_fingerprint(struct str text, bool sure)
{
    struct str found = STR("");
    pthread_mutex_lock(&lock);
    if (!tried) {
        fingerprints = special_textcat_Init(WIDENET_TEXTCAT_DIR "/fpdb.conf", WIDENET_TEXTCAT_DIR "/");
        tried = true;
    }
    char *names = fingerprints ? textcat_Classify(fingerprints, text.p, text.n) : NULL;
    if (names && names[0] == '[') { /* "[fr--utf8][ca--utf8]", best first */
        struct str rest = str_of(names), piece;
        size_t candidates = 0;
        while (str_cut(&rest, ']', &piece))
            if (piece.n > 3) {
                candidates++;
                if (!found.n && (piece.p[3] == '-' || piece.p[3] == '.' || piece.p[3] == '_'))
                    found = code(str_slice(piece, 1, piece.n));
            }
        if (!sure && candidates > 2)
            found = STR("");
    }
    pthread_mutex_unlock(&lock);
    return found;
}

struct str news_language_detect(struct str text)
{
    text = utf8_cut(text, looked_at);
    size_t letters[script_count] = {0}, all = 0;
    for (size_t at = 0; at < text.n;) {
        uint32_t c = utf8_next(text, &at);
        for (size_t i = 0; i < script_count; i++)
            if (c >= scripts[i].from && c <= scripts[i].to) {
                letters[i] += uc_is_alpha(c);
                all += uc_is_alpha(c);
                break;
            }
    }
    size_t best = latin, kana = 0;
    for (size_t i = 0; i < script_count; i++) {
        /* Addresses, names and code are Latin in every language: other scripts weigh more. */
        size_t weight = i == latin ? letters[i] / 4 : letters[i];
        if (weight > (best == latin ? letters[best] / 4 : letters[best]))
            best = i;
        if (scripts[i].language && !strcmp(scripts[i].language, "ja"))
            kana = letters[i];
    }
    if (all == 0)
        return STR("");
    const char *language = scripts[best].language;
    if (language && !strcmp(language, "zh") && kana * 8 > letters[best])
        language = "ja";
    if (language)
        return str_of(language);
    if (letters[best] < min_letters)
        return STR("");
    bool sure = letters[best] >= sure_letters;
    struct str found = sure ? STR("") : by_small_words(text);
    return found.n ? found : by_fingerprint(text, sure);
}
