/* trust_list.c: the reader's own list of whom they trust: its three words, finding a person by what was
 * typed, keeping the list on this node. */
#include "web/rate.h"

#include <stdlib.h>

/* word in forms, weight */
static const struct {
    const char *word;
    weight weight;
} words[] = {{"little", TRUST_LITTLE}, {"much", TRUST_MUCH}, {"fully", WEIGHT_ONE}};

bool web__trust_weight_of_form(struct request *r, weight *out)
{
    struct str fine = request_form(r, "fine"), word = request_form(r, "w");
    uint64_t hundredths;
    if (fine.n) { /* the slider, where scripts run */
        if (!str_to_u64(fine, 100, &hundredths) || hundredths == 0)
            return false;
        *out = hundredths * WEIGHT_ONE / 100;
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eqz(word, words[i].word)) {
            *out = words[i].weight;
            return true;
        }
    return false;
}

void web__trust_words_view(struct request *r, struct view *v, weight w)
{
    view_bool(v, "is_little", w == TRUST_LITTLE);
    view_bool(v, "is_much", w == TRUST_MUCH);
    view_bool(v, "is_fully", w == WEIGHT_ONE);
    bool other = w != TRUST_LITTLE && w != TRUST_MUCH && w != WEIGHT_ONE;
    view_str(v, "other_weight", other ? web__weight_text(r, w) : (struct str){"", 0});
    view_int(v, "hundredths", (int64_t)((w * 100 + WEIGHT_ONE / 2) / WEIGHT_ONE));
}

static int by_key(const void *a, const void *b)
{
    return memcmp(
        &((const struct trust_entry *)a)->key, &((const struct trust_entry *)b)->key, sizeof(struct pubkey));
}

bool web__trust_keep(struct request *r, struct trust_entry *entries, size_t n)
{
    struct err err;
    if (n > TRUST_MOST) {
        err_set(&err, ERR_LIMIT, M("A list of whom you trust has room for 5,000 people."));
        err_kept(&err, M("The list is as it was."));
        answer_error(r, &err);
        return false;
    }
    if (n > 1)
        qsort(entries, n, sizeof *entries, by_key);
    if (trust_private_keep(node_store(request_node(r)), &request_account(r)->key, entries, n, &err) == 0)
        return true;
    answer_error(r, &err);
    return false;
}

struct trust_entry *web__trust_changed(
    struct request *r, const struct reader_trust *t, const struct trust_entry *with, size_t *n)
{
    struct trust_entry *out = ARENA_ARRAY(request_arena(r), struct trust_entry, t->n + 1);
    bool there = false;
    *n = 0;
    for (size_t i = 0; out && i < t->n; i++) {
        bool same = pubkey_eq(&t->own[i].key, &with->key);
        there = there || same;
        if (!same)
            out[(*n)++] = t->own[i];
        else if (with->weight)
            out[(*n)++] = *with;
    }
    if (out && !there && with->weight)
        out[(*n)++] = *with;
    return out;
}

size_t web__trust_find_person(
    struct request *r, struct str text, struct pubkey *out, size_t max, struct err *err)
{
    text = str_trim(text);
    if (!text.n || text.n > 400) {
        err_set(err, ERR_INPUT, M("Say whom: a name, or a key that begins with npub1."));
        return 0;
    }
    if (node_actor_from_text(request_node(r), text, out, err) == 0)
        return 1;
    if (err->code == ERR_DENIED) { /* a private key was typed: it goes no further */
        err_set(err, ERR_DENIED,
            M("That is a private key. Keep it to yourself; a public one begins with npub1."));
        return 0;
    }
    size_t n = news_keys_by_name(request_read(r), text, out, max);
    if (!n) {
        err_set(err, ERR_NOT_FOUND, M("Nobody of that name is known here."));
        err_todo(err, M("Look for what they wrote and go on from their page, or take their key (npub1…)."));
    }
    return n;
}
