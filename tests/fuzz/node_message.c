/* node_message.c: fuzz target: what a client could send over node.sock. Whatever comes, the answer is well
 * formed and the store takes only records that verify. */
#include "node/inside.h"
#include "target.h"

static int no_keeper(void *ctx)
{
    (void)ctx;
    return -1;
}

/* A room's call that gives back what it was sent. */
static int echo(
    struct store *store, const struct clock *clock, struct str request, struct buf *reply, struct err *err)
{
    (void)store, (void)clock, (void)err;
    buf_adds(reply, request);
    return 0;
}

static struct node *make_node(void)
{
    static const struct store_call calls[] = {{"echo", echo}, {NULL}};
    static const struct store_projection no_projections[] = {{NULL}};
    static const struct store_text_source no_texts[] = {{.extract = NULL}};
    static struct store_tables tables;
    tables = (struct store_tables){no_projections, node_migrations, no_texts, calls};
    struct store_options options = {.clock = clock_system};
    struct err err;
    struct node *node = calloc(1, sizeof *node);
    MUST(node != NULL);
    node->mode = NODE_SERVE;
    node->clock = clock_system;
    node->options.keeper_socket = no_keeper;
    node->options.tables = &tables;
    pthread_mutex_init(&node->keeper_lock, NULL);
    pthread_mutex_init(&node->account_lock, NULL);
    MUST(store_open_memory(&tables, &options, &node->store, &err) == 0);
    return node;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct node *node;
    if (!node)
        node = make_node();
    struct buf reply _cleanup_buf_ = BUF_INIT;
    node__answer(node, (struct str){(const char *)data, size}, &reply);
    MUST(reply.n >= 4);
    struct unpack u = unpack_of(buf_str(&reply));
    if (unpack_u32(&u)) {
        struct str what = unpack_str(&u);
        unpack_str(&u);
        unpack_str(&u);
        MUST(unpack_end(&u) && what.n > 0);
    }
    return 0;
}
