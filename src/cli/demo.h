/* demo.h: the tables that tools/gen-demo makes from the folder demo/. */
#ifndef WN_CLI_DEMO_H
#define WN_CLI_DEMO_H

#define DEMO_MAX_TAGS 8
#define DEMO_MAX_CREDITS 4

/* Who writes. The table ends with key_name NULL. */
struct demo_actor {
    const char *key_name; /* what the unattended key is called on this node */
    const char *name, *sort, *about;
};
extern const struct demo_actor demo_actors[];

struct demo_credit {
    const char *name, *role, *link; /* the last one's name is NULL */
};
/* One version of an article, oldest first. The table ends with d NULL. */
struct demo_article {
    int actor; /* index in demo_actors */
    const char *d, *language, *license;
    int days_ago, first_days_ago; /* of this version; of its first */
    const char *title, *summary, *text;
    const char *tags[DEMO_MAX_TAGS + 1];
    struct demo_credit credits[DEMO_MAX_CREDITS + 1];
};
extern const struct demo_article demo_articles[];

#endif
