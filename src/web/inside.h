/* inside.h: what the files of this room share: the running server and one request's life.
 *
 * Only http.c, reply.c and cache.c touch libmicrohttpd. A request is born when its first line has been read,
 * goes through http.c's checks, is answered by a handler (on the event loop or by a worker) and dies when
 * libmicrohttpd reports it done. */
#ifndef WN_WEB_INSIDE_H
#define WN_WEB_INSIDE_H

#include "web/form.h"
#include "web/limits.h"
#include "web/route.h"
#include "web/web.h"

#include <pthread.h>
#include <stdatomic.h>

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct cache;
struct workers;
struct challenges;
struct rating_index;
struct web_services;

#define WEB_MAX_ADDRESS 8000  /* bytes of path and query: 414 */
#define WEB_MAX_HEADERS 16000 /* bytes of names and values: 431 */
#define WEB_MAX_PARAMS 8      /* {pieces} of a path */
#define WEB_SECRET_BYTES 32

/* What /metrics counts. */
struct metrics {
    atomic_uint_fast64_t requests, status[6]; /* [n]: answers of n hundred */
    atomic_uint_fast64_t cache_hits, cache_misses, not_modified;
    atomic_uint_fast64_t refused_busy, refused_limit, bytes_out;
    atomic_uint_fast64_t pool_us, pool_count; /* time from the handler's begin to its end */
    atomic_int_fast64_t connections, in_flight, body_bytes;
};

/* Open connections by address: one counter for each hash, so that two addresses may share one and no table
 * fills. */
#define ADDRESS_COUNTERS 4096
struct http_settings {
    unsigned threads, workers, queue, connections, connections_per_address, timeout;
};

struct web {
    struct node *node;
    struct http_settings http;
    int listen_fd;
    struct clock clock;
    struct rng rng;
    struct MHD_Daemon *daemon;
    int port;
    bool any_address; /* listens on more than one named address */
    char *listen_host;
    /* settings, read once */
    const char *site, *url, *url_host, *hosts, *sign_up;
    bool secure; /* the outside address is https */
    bool proxy;  /* X-Forwarded-For of a loopback peer is believed */
    bool loopback_is_many;
    char session_cookie[40], form_cookie[40], device_cookie[40], language_cookie[40], notice_cookie[40];
    /* parts */
    struct route_index *routes;
    struct cache *cache;
    struct limits *limits;
    struct workers *workers;
    struct challenges *challenges;
    struct rating_index *ratings; /* NULL where it could not be opened: the tables answer, slower */
    char first_filter[512];       /* what stands behind ?filter= for who has not chosen: an naddr or a name */
    struct web_services *services; /* publishes for rating services */
    struct metrics metrics;
    atomic_uint_fast32_t connections_of[ADDRESS_COUNTERS];
    uint8_t secret[WEB_SECRET_BYTES];         /* signs form tokens and notices; kept in the database */
    uint8_t passing_secret[WEB_SECRET_BYTES]; /* of this run only */
    atomic_bool ready, stopping;
    atomic_uint_fast64_t health_applied; /* what /healthz last saw, */
    atomic_int_fast64_t health_moved_at; /* and when it last moved */
    pthread_t starter;                   /* waits until the store has caught up */
    bool starter_runs;
    pthread_mutex_t idle_lock;
    pthread_cond_t idle;
};

struct header {
    const char *name;
    struct str value;
    struct header *next;
};

/* The request's headers that matter, borrowed from libmicrohttpd until the answer is sent. */
struct request_headers {
    struct str host, cookie, accept_language, accept_encoding, if_none_match, origin, sec_fetch_site,
        content_type, content_length, transfer_encoding, forwarded_for, forwarded_proto, range, if_range;
    size_t bytes;
    bool forwarded; /* came through somebody: any Forwarded, X-Forwarded-… or Via */
    bool bad;       /* one that must stand once stands twice, or has bytes it must not have */
};

enum request_stage { STAGE_HEAD, STAGE_BODY, STAGE_WORKING, STAGE_ANSWERED };

struct request {
    struct web *web;
    struct MHD_Connection *connection;
    struct arena *arena_made; /* by request_arena() */
    enum request_stage stage;
    bool begun;
    struct str address; /* path?query as sent, owned below */
    struct str path, query_text;
    struct str method;
    bool head; /* method HEAD: answered as GET, without the body */
    bool worker_thread;
    struct request_headers in;
    const struct route *route;
    unsigned route_number;
    struct str params[WEB_MAX_PARAMS];
    const char *param_names[WEB_MAX_PARAMS];
    uint8_t param_name_lengths[WEB_MAX_PARAMS];
    size_t param_count;
    struct form query, form;
    bool query_read;
    struct buf body;
    size_t max_body, body_counted;
    const struct locale *locale;
    bool locale_asked;                 /* by ?ui=: kept in a cookie */
    struct limit_key client;           /* the address's part that limits count by */
    bool client_loopback, client_many; /* many: it stands for the readers behind a Tor or proxy */
    struct store_read *read;
    /* who */
    bool session_looked_up, signed_in;
    struct account account;
    struct keeper_session keeper_session;
    uint8_t session_hash[32], session_csrf[32];
    uint8_t form_cookie[16];
    bool form_cookie_known;
    /* the answer */
    bool answered, one_reader; /* one_reader: holds something of this reader alone, never cached */
    int status;
    struct buf out;
    const char *content_type;
    struct header *headers;
    int file_fd;
    uint64_t file_size;
    const char *notice;
    struct MHD_Response *response;
    struct cache_entry *cached;
    uint64_t cache_seq; /* applied_seq that the page was made from */
    bool starting;
    struct request *next; /* in the workers' queue */
    int64_t began_us;
    int64_t filters_until_us; /* when its runs of filters have taken all the time they may; 0: none ran yet */
    char address_bytes[];
};

/* request.c */
struct request *request_create(struct web *web, const char *address);
void request_destroy(struct request *r);
bool request_is_https(const struct request *r); /* as the proxy in front says */
struct str request_cookie(const struct request *r, const char *name);
bool request_read_form(struct request *r, struct err *err); /* parses the body by its content type */
/* One try by this reader's address: 0, or the seconds to wait. */
int64_t request_wait(struct request *r, enum limit_type type);
bool request_may_try(
    struct request *r, enum limit_type type); /* false: it was too often, and that is answered */
void request_try_was_right(struct request *r, enum limit_type type); /* gives the try back */
void request_choose_locale(struct request *r);
bool request_seems_anonymous(const struct request *r); /* no cookie that could change the page */

/* services.c */
int web__services_start(struct node *node, struct web_services **out, struct err *err);
void web__services_stop(struct web_services *services); /* takes NULL; finishes what it is at */

/* hosts.c */
bool web_host_is_loopback(struct str host);
bool web_host_allowed(const struct web *web, struct str host);
bool web_origin_allowed(const struct request *r);

/* routes.c, route_index.c: ERR_INTERNAL names the row that lacks permission, csrf or class */
int route_index_create(const struct route *const *tables, struct route_index **out, struct err *err);
void route_index_destroy(struct route_index *index);
extern const struct route *const web_route_tables[]; /* ends with NULL */
enum route_found { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_OTHER_METHOD };
/* Fills r->route and r->params (decoded), or *allow ("GET, HEAD, POST") for ROUTE_OTHER_METHOD. */
enum route_found route_find(const struct route_index *index, struct request *r, struct buf *allow);
size_t route_count(const struct route_index *index);
const struct route *route_at(const struct route_index *index, size_t i);

/* answer.c */
void answer_starting(struct request *r);
/* An error's page, or its JSON where the path ends in .json. what and todo are messages (M("…")) or text. */
void answer_problem(struct request *r, int status, const char *what, const char *todo);
void answer_wait(struct request *r, int64_t seconds); /* 429 */
/* The keeper ended this session (its password was changed elsewhere): ends it here too and says so. */
bool answer_session_ended(struct request *r, const struct err *err);
int64_t wait_of(const struct err *err); /* the seconds an ERR_LIMIT asks to wait, or 0 */
void add_wait(struct request *r, int64_t seconds, struct buf *out); /* "Wait 5 seconds and try again." */

/* session.c */
void session_look_up(struct request *r);
/* A new session, and a new cookie; keeper and device are NULL where the browser holds the key. */
int session_begin(struct request *r, const struct pubkey *key, const struct keeper_session *keeper,
    const uint8_t *device, struct err *err);
void session_end(struct request *r); /* this one, in the keeper as well */
int session_end_others(struct request *r, struct err *err);
int session_remove_all(
    struct sql *db, const struct pubkey *key, struct err *err); /* a row of web_belongings */
int session_sweep(struct web *web, struct err *err);            /* forgets what has expired */
int session_secret(struct web *web, struct err *err);           /* loads or makes web->secret */
int64_t session_count(struct request *r);                       /* of the account's sessions */
/* What the keeper gave this browser when it last signed in, so that strangers' wrong passwords do not hold it
 * up. */
bool session_device(struct request *r, uint8_t out[KEEPER_DEVICE_BYTES]);
void session_cookie(struct request *r, const char *name, struct str value, int64_t seconds, bool http_only);

/* csrf.c */
struct str csrf_token(
    struct request *r); /* fresh, in the request's arena; sets the form cookie where needed */
bool csrf_check(struct request *r, struct str token);
/* The cookie that strangers' forms are bound to. */
bool form_cookie_bytes(struct request *r, uint8_t out[16]);
void form_cookie_set(struct request *r);
struct str notice_encode(struct request *r, const char *message);
struct str notice_decode(struct request *r); /* the message of the notice cookie, or {NULL,0} */
/* HMAC-SHA-256 over (what, part, part, …) with the server's secret; parts' lengths are part of it. */
void web_mac(const uint8_t secret[WEB_SECRET_BYTES], const char *what, const struct str *parts, size_t n,
    uint8_t out[32]);

/* workers.c */
struct workers *workers_create(unsigned threads, size_t queue, void (*work)(struct request *r));
enum workers_result { WORKERS_TAKEN, WORKERS_FULL, WORKERS_TOO_MANY /* of this reader's address */ };
enum workers_result workers_add(struct workers *w, struct request *r);
void workers_stop(struct workers *w); /* finishes what is queued; takes NULL */
size_t workers_queued(struct workers *w);

/* listen.c */
unsigned http_descriptors(unsigned connections);
int http_listen(struct web *web, const char *listen_on, struct err *err); /* fills port and listen_host */

/* http.c */
int http_start(struct web *web, struct err *err);
void http_stop(struct web *web);   /* answers what has begun */
void http_work(struct request *r); /* runs the handler; by a worker or on the loop */

#endif
