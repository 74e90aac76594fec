/* trees.h: random trees of forked calls and parallel loops, and what they give in order. */
#ifndef TREES_H
#define TREES_H

#include "count_down.h"
#include "forked.h"
#include "loop.h"

enum { DEPTH = 6, FAILING = 12 /* of 4096 nodes */, LENGTH = 300 };

enum kind { PLAIN, LIMITED, CANCELLED_SOMETIME, ENDLESS, KINDS };

struct tree {
    int64_t seed;
    enum kind kind;
    _Atomic(int) raised, dropped;
};

/* The payload of a frame. */
struct node {
    int64_t result, seed, depth;
    struct tree *tree;
};

static cz_entry machine_code; /* of new_count_down */

static uint64_t mix(int64_t number)
{
    uint64_t state = (uint64_t)number * 2654435761u + 88172645463325252u;
    draw(&state);
    return draw(&state);
}

/* --- what a tree is ------------------------------------------------------------------------ */

static int64_t children_of(uint64_t x, int64_t depth)
{
    return depth ? (int64_t)(x % 4) : 0;
}

static int64_t loop_of(uint64_t x)
{
    return x >> 30 & 7 ? 0 : (int64_t)(x >> 33) % LENGTH;
}

static bool is_unjoined(uint64_t x, int64_t child)
{
    return (x >> 20) % 8 == (uint64_t)child;
}

/* What a tree gives when run in order; -1: it fails. */
static int64_t expected(int64_t number, int64_t depth)
{
    uint64_t x = mix(number);
    int64_t sum = (int64_t)(x % 7), each, length = loop_of(x);
    if (x % 4096 < FAILING)
        return -1;
    for (int64_t i = 1; i <= children_of(x, depth); i++) {
        if ((each = expected(number * 5 + i, depth - 1)) < 0)
            return -1;
        sum += is_unjoined(x, i) ? 0 : each;
    }
    return sum + length * (length - 1) / 2;
}

/* --- how it runs ----------------------------------------------------------------------------- */

static void drop_error(int32_t status, void *error)
{
    CHECK(status == 1);
    atomic_fetch_add(&((struct tree *)error)->dropped, 1);
}

#if defined(__SANITIZE_THREAD__)
/* It runs handlers at calls that it intercepts only. A loop looks before each chunk. */
static int32_t pass(void *context, int64_t begin, int64_t end, void *partial, void **error,
                    int32_t how)
{
    (void)context, (void)begin, (void)end, (void)partial, (void)error, (void)how;
    return 0;
}

static void spin_for_ever(void)
{
    for (;;) {
        int64_t cost = 0;
        void *context = cz_loop_begin(2, 8, 0), *error;
        cz_loop_run(context, (void *)(uintptr_t)pass, NULL, &cost, 0, NULL, &error);
        cz_loop_end(context);
    }
}
#else
static void spin_for_ever(void)
{
    struct call forever = {0, NULL};
    void *error;
    machine_code(&forever, &error);
}
#endif

static int32_t iterate(void *context, int64_t begin, int64_t end, void *partial, void **error,
                       int32_t how)
{
    const struct node *node = context;
    (void)error, (void)how;
    for (int64_t i = begin; i < end; i++) {
        *(int64_t *)partial += i;
        if (i == 7 && node->tree->kind == ENDLESS)
            spin_for_ever();
    }
    return 0;
}

static int32_t merge(void *into, const void *partial, void **error)
{
    (void)error;
    *(int64_t *)into += *(const int64_t *)partial;
    return 0;
}

static int64_t run_loop(const struct node *node, int64_t length)
{
    static int64_t costs[4]; /* of short and of endless ones */
    void *context = cz_loop_begin(length, sizeof *node, sizeof(int64_t)), *error;
    int64_t *sum = (int64_t *)(void *)((char *)context + 64), found;
    memcpy(context, node, sizeof *node);
    *sum = 0;
    CHECK(cz_loop_run(context, (void *)(uintptr_t)iterate, (void *)(uintptr_t)merge,
                      &costs[node->seed & 3], 0, (void *)(uintptr_t)drop_error, &error) == 0);
    found = *sum;
    cz_loop_end(context);
    return found;
}

static int32_t run_node(void *payload, void **error, int32_t how);

static struct node *node_of(void *frame)
{
    return payload_of(frame);
}

static struct handle start(const struct node *node, int64_t child, void **chain)
{
    void *frame = cz_fork_begin((void *)(uintptr_t)run_node, NULL, node->depth, chain);
    *node_of(frame) = (struct node){-1, node->seed * 5 + child, node->depth - 1, node->tree};
    return forked(frame);
}

/* What compiled code does. */
static int32_t finish(struct handle handle, int64_t *result, void **chain, void **error)
{
    int32_t status = joined(handle, run_node, chain, error);
    *result = node_of(handle.frame)->result;
    cz_fork_end(handle.frame);
    return status;
}

static int32_t leave_node(struct node *node, void *chain, int32_t status, void **error)
{
    void *unjoined = NULL;
    int32_t last = cz_fork_sync(chain, &unjoined, (void *)(uintptr_t)drop_error);
    if (last && status)
        drop_error(last, unjoined);
    else if (last)
        *error = unjoined;
    if (last || status)
        node->result = -1;
    return last || status;
}

static int32_t run_node(void *payload, void **error, int32_t how)
{
    struct node *node = payload;
    uint64_t x = mix(node->seed);
    int64_t sum = (int64_t)(x % 7), children = children_of(x, node->depth), each;
    struct handle handles[4];
    void *chain = NULL;
    (void)how;
    if (x % 4096 < FAILING) {
        atomic_fetch_add(&node->tree->raised, 1);
        *error = node->tree;
        return 1;
    }
    for (int64_t i = 1; i <= children; i++)
        handles[i] = start(node, i, &chain);
    if (node->tree->kind == ENDLESS && x >> 40 & 1)
        spin_for_ever();
    if (loop_of(x))
        sum += run_loop(node, loop_of(x));
    for (int64_t i = 1; i <= children; i++) {
        int64_t at = x & 1 << 10 ? i : children + 1 - i; /* in either order */
        if (is_unjoined(x, at))
            continue;
        if (finish(handles[at], &each, &chain, error))
            return leave_node(node, chain, 1, error);
        sum += each;
    }
    node->result = sum;
    return leave_node(node, chain, 0, error);
}

static int32_t run_tree(void *payload, void **error)
{
    struct call *call = payload;
    struct tree *tree = call->argument;
    struct node root = {-1, tree->seed, DEPTH, tree};
    int32_t status = run_node(&root, error, 0);
    if (tree->kind == ENDLESS)
        spin_for_ever();
    call->result = root.result;
    return status;
}

#endif
