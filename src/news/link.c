/* link.c: the usual rewriting of addresses in a text: nostr: names (NIP-21, NIP-27) become pages of this
 * node. */
#include "news/news.h"

/* A relative address that means a page of this node: the front page's folders that texts may point to. Any
 * other comes from a text's former home, where it meant something else, or would lead readers to a form of
 * ours. */
static bool is_own_page(struct str url)
{
    static const struct str folders[] = {STR_INIT("#"), STR_INIT("/r/"), STR_INIT("/by/"), STR_INIT("/tag/"),
        STR_INIT("/lang/"), STR_INIT("/media/")};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (str_starts(url, folders[i]))
            return true;
    return false;
}

static bool has_scheme(struct str url)
{
    size_t colon = str_find_char(url, ':');
    for (size_t i = 0; i < url.n && i < colon; i++)
        if (strchr("/?#", url.p[i]))
            return false;
    return colon != SIZE_MAX;
}

struct str news_link(void *ctx, struct arena *arena, struct str url, bool picture)
{
    (void)ctx;
    static const struct str none = {NULL, 0};
    if (url.n < 6 || !str_eq_nocase(str_slice(url, 0, 6), STR("nostr:")))
        return has_scheme(url) || str_starts(url, STR("//")) || is_own_page(url) ? url : none;
    struct nip19 name;
    if (picture || nip19_decode(arena, url, &name, NULL))
        return none;
    if (name.type == NIP19_NPUB || name.type == NIP19_NPROFILE) {
        _cleanup_buf_ struct buf path = BUF_INIT;
        buf_addz(&path, "/by/");
        nip19_npub(&name.pubkey, &path);
        return arena_str(arena, buf_str(&path));
    }
    if (name.type != NIP19_NADDR || name.kind != KIND_ARTICLE)
        return none;
    char code[NEWS_CODE_CHARS + 1];
    news_article_code(&(struct address){.kind = name.kind, .pubkey = name.pubkey, .d = name.d}, code);
    return arena_printf(arena, "/r/%s", code);
}
