/* private.h: what files of the news room share beside Markdown. */
#ifndef WN_NEWS_PRIVATE_H
#define WN_NEWS_PRIVATE_H

#include "news/news.h"

/* "#Tenants' Rights " → "tenants' rights" (NFC, lower case). {NULL,0} if nothing is left. */
struct str news__topic(struct arena *arena, struct str text);
/* "pt-BR" → "pt", in arena; "" for "". */
struct str news__primary_language(struct arena *arena, struct str tag);
/* A name as it is looked up: NFKC, case folded. */
struct str news__fold(struct arena *arena, struct str text);
/* A profile's fields from the JSON of a record of kind 0 (NIP-01); what is no text is "". */
void news__profile_read(struct arena *arena, struct str json, struct profile *out);

enum { NEWS_SEPARATOR = 0x1f }; /* ends each part of a list kept in one column */

#endif
