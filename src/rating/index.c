/* index.c: the rating index opened, kept up to date by a thread of its own and tidied by another, and closed.
 */
#include "rating/index.h"
#include "rating/judge.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    look_ms = 200,    /* so often the journal is looked at, whatever the store announces */
    breath_us = 5000, /* between two views: a rating is seen so much later at most */
    facts_us = 50000, /* that a page waits for facts which the tables have already */
    retry_us = 5000000,
};

static struct timespec deadline(int64_t us)
{
    int64_t until = monotonic_us() + us;
    return (struct timespec){.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
}

/* True when it is time to stop; wakes up early for `early` (may be NULL). */
static bool rest(struct rating_index *index, int64_t us, const bool *early)
{
    struct timespec t = deadline(us);
    pthread_mutex_lock(&index->mutex);
    while (!index->stop && !(early && *early) &&
           pthread_cond_timedwait(&index->changed, &index->mutex, &t) != ETIMEDOUT)
        ;
    bool stop = index->stop;
    pthread_mutex_unlock(&index->mutex);
    return stop;
}

static void complain(const char *event, const struct err *err)
{
    char line[900], quoted[900];
    log_event(LOG_LEVEL_WARN, "rating", event, "why=%s",
        log_quote(err_line(err, line, sizeof line), quoted, sizeof quoted));
}

/* One step of following; *wait_us until the next. */
static int step(struct rating_index *index, bool *more, struct err *err)
{
    struct store_read *read;
    int rc = store_read_begin(index->store, &read, err);
    *more = false;
    if (rc)
        return rc;
    pthread_mutex_lock(&index->making);
    if (!atomic_load(&index->view)) {
        rc = index->generation ? ERR_VERSION : rating__index_load(index, read, err);
        if (rc == ERR_CORRUPT || rc == ERR_VERSION || rc == ERR_NOT_FOUND) {
            if (rc == ERR_CORRUPT)
                complain("index_damaged", err);
            int64_t start = monotonic_us();
            rc = rating__index_make(index, read, err);
            if (!rc)
                log_event(LOG_LEVEL_INFO, "rating", "index_made", "articles=%lu ms=%ld",
                    (unsigned long)atomic_load(&index->view)->article_count,
                    (long)((monotonic_us() - start) / 1000));
        }
        *more = true;
    } else {
        rc = rating__index_advance(index, read, more, err);
        if (rc == ERR_VERSION) {
            rating__view_publish(index, NULL);
            *more = true;
            rc = 0;
        }
    }
    struct view *v = atomic_load(&index->view);
    uint64_t seq = v && !*more ? v->seq : 0, epoch = v ? v->epoch : 0, facts = v ? v->facts : 0;
    pthread_mutex_unlock(&index->making);
    store_read_end(read);
    pthread_mutex_lock(&index->mutex);
    if (seq)
        index->seq = seq;
    index->epoch_seen = epoch;
    index->facts_seen = facts;
    index->tidy_wanted = true;
    pthread_cond_broadcast(&index->changed);
    pthread_mutex_unlock(&index->mutex);
    return rc;
}

static void *follow(void *ctx)
{
    struct rating_index *index = ctx;
    bool failing = false, more = true;
    while (!rest(index, more ? 0 : breath_us, NULL)) {
        struct err err = {0};
        pthread_mutex_lock(&index->mutex);
        uint64_t seq = index->seq;
        pthread_mutex_unlock(&index->mutex);
        if (!more)
            store_follow_wait(index->store, seq, look_ms, NULL);
        int rc = step(index, &more, &err);
        if (rc && rc != ERR_CLOSED && !failing)
            complain("index_stands_still", &err);
        failing = rc != 0;
        if (rc && rest(index, rc == ERR_CLOSED ? look_ms * 1000 : retry_us, NULL))
            break;
    }
    return NULL;
}

static void *tidy(void *ctx)
{
    struct rating_index *index = ctx;
    bool failing = false, worked = false;
    int64_t wait = 0;
    while (!rest(index, wait, wait && !failing ? &index->tidy_wanted : NULL)) {
        struct err err = {0};
        pthread_mutex_lock(&index->mutex);
        index->tidy_wanted = false;
        pthread_mutex_unlock(&index->mutex);
        int rc = rating__index_tidy(index, &worked, &err);
        if (rc && !failing)
            complain("index_not_tidied", &err);
        failing = rc != 0;
        wait = rc ? retry_us : worked ? 0 : 1000000;
    }
    return NULL;
}

static int lock_directory(struct rating_index *index, struct err *err)
{
    char path[4200];
    if (mkdir(index->directory, 0700) && errno != EEXIST)
        return err_errno(err, errno, "could not make %s", index->directory);
    rating__path(index, "lock", path);
    index->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (index->lock < 0)
        return err_errno(err, errno, "could not open %s", path);
    if (flock(index->lock, LOCK_EX | LOCK_NB))
        return err_set(err, ERR_BUSY, "another process keeps the rating index in %s", index->directory);
    return 0;
}

struct rating__weights_kept *rating__index_weights(struct rating_index *index)
{
    return index->weights;
}

static void destroy(struct rating_index *index)
{
    rating__weights_kept_destroy(index->weights);
    rating__view_publish(index, NULL);
    if (index->lock >= 0)
        close(index->lock);
    pthread_mutex_destroy(&index->making);
    pthread_mutex_destroy(&index->mutex);
    pthread_cond_destroy(&index->changed);
    free(index);
}

int rating_index_open(struct store *store, const char *directory, struct rating_index **out, struct err *err)
{
    struct rating_index *index = calloc(1, sizeof *index);
    if (!index)
        abort();
    *out = NULL;
    index->store = store;
    index->lock = -1;
    index->weights = rating__weights_kept_create();
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&index->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&index->making, NULL);
    pthread_mutex_init(&index->mutex, NULL);
    int n = snprintf(index->directory, sizeof index->directory, "%s/ratings", directory);
    int rc = n < (int)sizeof index->directory
                 ? lock_directory(index, err)
                 : err_set(err, ERR_LIMIT, "the data directory's name is too long");
    if (!rc && (rc = pthread_create(&index->follower, NULL, follow, index)))
        rc = err_errno(err, rc, "could not start the rating index's thread");
    if (rc) {
        destroy(index);
        return rc;
    }
    if ((rc = pthread_create(&index->tidier, NULL, tidy, index))) {
        rc = err_errno(err, rc, "could not start the rating index's thread");
        pthread_mutex_lock(&index->mutex);
        index->stop = true;
        pthread_cond_broadcast(&index->changed);
        pthread_mutex_unlock(&index->mutex);
        pthread_join(index->follower, NULL);
        destroy(index);
        return rc;
    }
    *out = index;
    return 0;
}

void rating_index_close(struct rating_index *index)
{
    if (!index)
        return;
    pthread_mutex_lock(&index->mutex);
    index->stop = true;
    pthread_cond_broadcast(&index->changed);
    pthread_mutex_unlock(&index->mutex);
    pthread_join(index->follower, NULL);
    pthread_join(index->tidier, NULL);
    destroy(index);
}

bool rating__index_wait_facts(struct rating_index *index, const struct journal_state *at)
{
    struct timespec t = deadline(facts_us);
    pthread_mutex_lock(&index->mutex);
    bool timely = true;
    while (!(index->epoch_seen == at->epoch && index->facts_seen != UINT64_MAX &&
               index->facts_seen >= at->facts) &&
           !index->stop && timely)
        timely = pthread_cond_timedwait(&index->changed, &index->mutex, &t) != ETIMEDOUT;
    pthread_mutex_unlock(&index->mutex);
    return timely;
}

uint64_t rating_index_seq(struct rating_index *index)
{
    pthread_mutex_lock(&index->mutex);
    uint64_t seq = index->seq;
    pthread_mutex_unlock(&index->mutex);
    return seq;
}

int rating_index_wait(struct rating_index *index, uint64_t seq, int timeout_ms, struct err *err)
{
    struct timespec t = deadline((int64_t)timeout_ms * 1000);
    pthread_mutex_lock(&index->mutex);
    while (index->seq < seq && !index->stop &&
           pthread_cond_timedwait(&index->changed, &index->mutex, &t) != ETIMEDOUT)
        ;
    bool reached = index->seq >= seq;
    pthread_mutex_unlock(&index->mutex);
    return reached ? 0
                   : err_set(err, ERR_BUSY, "the rating index has not come to record %lu yet",
                         (unsigned long)seq);
}
