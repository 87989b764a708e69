/* link.c: the usual rewriting of addresses in a text: nostr: names (NIP-21, NIP-27) become pages of this
 * node. */
#include "news/news.h"

struct str news_link(void *ctx, struct arena *arena, struct str url, bool picture)
{
    (void)ctx;
    static const struct str none = {NULL, 0};
    if (url.n < 6 || !str_eq_nocase(str_slice(url, 0, 6), STR("nostr:")))
        return url;
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
