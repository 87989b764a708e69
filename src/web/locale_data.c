/* locale_data.c: the interface's languages: plural rules, digits, months and the forms of dates, as CLDR
 * gives them; and the names of the languages that texts are written in. */
#include "web/locale_data.h"

static unsigned plural_en(uint64_t n)
{
    return n != 1;
}

static unsigned plural_fr(uint64_t n)
{
    return n > 1;
}

/* zero, one, two, few, many, other */
static unsigned plural_ar(uint64_t n)
{
    if (n < 3)
        return (unsigned)n;
    unsigned last = (unsigned)(n % 100);
    if (last >= 3 && last <= 10)
        return 3;
    return last >= 11 ? 4 : 5;
}

#define LATIN_DIGITS                                                                                         \
    {                                                                                                        \
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"                                                     \
    }

const struct locale locale_table[LOCALE_COUNT] = {
    {
        .code = "en",
        .own_name = "English",
        .number = 0,
        .plural = plural_en,
        .digits = LATIN_DIGITS,
        .decimal = ".",
        .group = ",",
        .group_from = 4,
        .months = {"January", "February", "March", "April", "May", "June", "July", "August", "September",
            "October", "November", "December"},
        .short_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"},
        .date = "D M Y",
        .time_joint = " at ",
    },
    {
        .code = "fr",
        .own_name = "français",
        .number = 1,
        .catalogue = &locale_catalogue_fr,
        .plural = plural_fr,
        .digits = LATIN_DIGITS,
        .decimal = ",",
        .group = "\u202f",
        .group_from = 4,
        .months = {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
            "octobre", "novembre", "décembre"},
        .short_months = {"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.",
            "nov.", "déc."},
        .first_day = "1er",
        .date = "D M Y",
        .time_joint = " à ",
    },
    {
        .code = "es",
        .own_name = "español",
        .number = 2,
        .catalogue = &locale_catalogue_es,
        .plural = plural_en,
        .digits = LATIN_DIGITS,
        .decimal = ",",
        .group = ".",
        .group_from = 5,
        .months = {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
            "octubre", "noviembre", "diciembre"},
        .short_months = {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"},
        .date = "D de M de Y",
        .time_joint = ", ",
    },
    {
        .code = "ar",
        .own_name = "العربية",
        .rtl = true,
        .number = 3,
        .catalogue = &locale_catalogue_ar,
        .plural = plural_ar,
        .digits = {"٠", "١", "٢", "٣", "٤", "٥", "٦", "٧", "٨", "٩"},
        .decimal = "٫",
        .group = "٬",
        .group_from = 4,
        .months = {"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر",
            "نوفمبر", "ديسمبر"},
        .short_months = {"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر",
            "أكتوبر", "نوفمبر", "ديسمبر"},
        .date = "D M Y",
        .time_joint = "، ",
    },
};

const struct language_name language_names[] = {
    {"ar", {"Arabic", "arabe", "árabe", "العربية"}},
    {"bg", {"Bulgarian", "bulgare", "búlgaro", "البلغارية"}},
    {"bn", {"Bengali", "bengali", "bengalí", "البنغالية"}},
    {"ca", {"Catalan", "catalan", "catalán", "الكتالانية"}},
    {"cs", {"Czech", "tchèque", "checo", "التشيكية"}},
    {"da", {"Danish", "danois", "danés", "الدنماركية"}},
    {"de", {"German", "allemand", "alemán", "الألمانية"}},
    {"el", {"Greek", "grec", "griego", "اليونانية"}},
    {"en", {"English", "anglais", "inglés", "الإنجليزية"}},
    {"es", {"Spanish", "espagnol", "español", "الإسبانية"}},
    {"et", {"Estonian", "estonien", "estonio", "الإستونية"}},
    {"eu", {"Basque", "basque", "euskera", "الباسكية"}},
    {"fa", {"Persian", "persan", "persa", "الفارسية"}},
    {"fi", {"Finnish", "finnois", "finés", "الفنلندية"}},
    {"fr", {"French", "français", "francés", "الفرنسية"}},
    {"gl", {"Galician", "galicien", "gallego", "الجاليكية"}},
    {"he", {"Hebrew", "hébreu", "hebreo", "العبرية"}},
    {"hi", {"Hindi", "hindi", "hindi", "الهندية"}},
    {"hr", {"Croatian", "croate", "croata", "الكرواتية"}},
    {"hu", {"Hungarian", "hongrois", "húngaro", "الهنغارية"}},
    {"id", {"Indonesian", "indonésien", "indonesio", "الإندونيسية"}},
    {"it", {"Italian", "italien", "italiano", "الإيطالية"}},
    {"ja", {"Japanese", "japonais", "japonés", "اليابانية"}},
    {"km", {"Khmer", "khmer", "jemer", "الخميرية"}},
    {"ko", {"Korean", "coréen", "coreano", "الكورية"}},
    {"ku", {"Kurdish", "kurde", "kurdo", "الكردية"}},
    {"lo", {"Lao", "lao", "lao", "اللاوية"}},
    {"lt", {"Lithuanian", "lituanien", "lituano", "الليتوانية"}},
    {"lv", {"Latvian", "letton", "letón", "اللاتفية"}},
    {"mr", {"Marathi", "marathi", "maratí", "الماراثية"}},
    {"ms", {"Malay", "malais", "malayo", "الماليزية"}},
    {"nb", {"Norwegian Bokmål", "norvégien bokmål", "noruego bokmal", "بوكمول النرويجية"}},
    {"ne", {"Nepali", "népalais", "nepalí", "النيبالية"}},
    {"nl", {"Dutch", "néerlandais", "neerlandés", "الهولندية"}},
    {"no", {"Norwegian", "norvégien", "noruego", "النرويجية"}},
    {"pa", {"Punjabi", "pendjabi", "punyabí", "البنجابية"}},
    {"pl", {"Polish", "polonais", "polaco", "البولندية"}},
    {"ps", {"Pashto", "pachto", "pastún", "البشتو"}},
    {"pt", {"Portuguese", "portugais", "portugués", "البرتغالية"}},
    {"ro", {"Romanian", "roumain", "rumano", "الرومانية"}},
    {"ru", {"Russian", "russe", "ruso", "الروسية"}},
    {"sk", {"Slovak", "slovaque", "eslovaco", "السلوفاكية"}},
    {"sl", {"Slovenian", "slovène", "esloveno", "السلوفانية"}},
    {"sq", {"Albanian", "albanais", "albanés", "الألبانية"}},
    {"sr", {"Serbian", "serbe", "serbio", "الصربية"}},
    {"sv", {"Swedish", "suédois", "sueco", "السويدية"}},
    {"sw", {"Swahili", "swahili", "suajili", "السواحيلية"}},
    {"ta", {"Tamil", "tamoul", "tamil", "التاميلية"}},
    {"te", {"Telugu", "télougou", "telugu", "التيلوغوية"}},
    {"th", {"Thai", "thaï", "tailandés", "التايلاندية"}},
    {"tl", {"Tagalog", "tagalog", "tagalo", "التاغالوغية"}},
    {"tr", {"Turkish", "turc", "turco", "التركية"}},
    {"uk", {"Ukrainian", "ukrainien", "ucraniano", "الأوكرانية"}},
    {"ur", {"Urdu", "ourdou", "urdu", "الأوردية"}},
    {"vi", {"Vietnamese", "vietnamien", "vietnamita", "الفيتنامية"}},
    {"yi", {"Yiddish", "yiddish", "yidis", "اليديشية"}},
    {"zh", {"Chinese", "chinois", "chino", "الصينية"}},
};
const size_t language_name_count = sizeof language_names / sizeof *language_names;
