/* follow_list.h: whom a list made elsewhere names: pasted keys, JSON, a record. Private to the room. */
#ifndef WN_WEB_FOLLOW_LIST_H
#define WN_WEB_FOLLOW_LIST_H

#include "rating/rating.h"

#define FOLLOW_MOST 2000

struct follow_list {
    struct trust_entry *list; /* weight 0 where the list does not say; each key once */
    size_t n;
    size_t left_out; /* what was no key, or was too many */
};
/* text: keys in any text, a JSON list or record, our own /trust.json. ERR_DENIED where it holds a private
 * key; ERR_INPUT: nothing in it is a key. */
int web__follow_list_read(struct arena *arena, struct str text, struct follow_list *out, struct err *err);
/* The p tags of a record: kinds 3 and 30000, and others that have such. */
int web__follow_list_of_record(
    struct arena *arena, const struct record *r, struct follow_list *out, struct err *err);

#endif
