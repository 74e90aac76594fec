/* Trees of forked calls: C functions that call what compiled code calls. */
#include "forked.h"
#include "os.h"
#include "running.h"

/* The payload of a frame: result, then arguments. */
struct node {
    int64_t result, seed, depth;
};

static int32_t run_node(void *payload, void **error, int32_t how);
static _Atomic(int) ran;
static _Atomic(int) dropped;
static _Atomic(int) raised, heard, forgotten; /* errors */

static struct node *node_of(void *frame)
{
    return payload_of(frame);
}

static void drop_node(void *payload)
{
    CHECK(((struct node *)payload)->result >= 0);
    atomic_fetch_add(&dropped, 1);
}

static void drop_error(int32_t status, void *error)
{
    CHECK(status == 1 && error == &ran);
    atomic_fetch_add(&forgotten, 1);
}

static struct handle start(int64_t seed, int64_t depth, void **chain)
{
    void *frame =
        cz_fork_begin((void *)(uintptr_t)run_node, (void *)(uintptr_t)drop_node, depth, chain);
    *node_of(frame) = (struct node){-1, seed, depth};
    return forked(frame);
}

/* What compiled code does. */
static int32_t finish(struct handle handle, int64_t *result, void **chain, void **error)
{
    int32_t status = joined(handle, run_node, chain, error);
    *result = node_of(handle.frame)->result;
    cz_fork_end(handle.frame);
    CHECK(cz_fork_join(handle.frame, handle.serial, chain) == -1);
    return status;
}

static uint64_t mix(int64_t seed)
{
    uint64_t state = (uint64_t)seed * 2654435761u + 88172645463325252u;
    return draw(&state);
}

enum { FAILING = 5 }; /* of 4096 nodes */

/* What a tree gives when run in order; -1: it fails. */
static int64_t expected(int64_t seed, int64_t depth)
{
    uint64_t x = mix(seed);
    int64_t sum = (int64_t)(x % 7), each;
    if (x % 4096 < FAILING)
        return -1;
    for (int64_t i = 1; depth && i <= (int64_t)(x % 4); i++) {
        if ((each = expected(seed * 5 + i, depth - 1)) < 0)
            return -1;
        sum += (x >> 20) % 8 == (uint64_t)i ? 0 : each; /* one that is not joined */
    }
    return sum;
}

static int32_t run_tree(struct node *node, void **error)
{
    uint64_t x = mix(node->seed);
    int64_t sum = (int64_t)(x % 7), children = node->depth ? (int64_t)(x % 4) : 0, each;
    struct handle handles[4];
    void *chain = NULL, *unjoined = NULL;
    int32_t status = 0, last;
    atomic_fetch_add(&ran, 1);
    if (x % 4096 < FAILING) {
        *error = &ran;
        atomic_fetch_add(&raised, 1);
        return 1;
    }
    for (int64_t i = 1; i <= children; i++)
        handles[i] = start(node->seed * 5 + i, node->depth - 1, &chain);
    for (int64_t i = 1; i <= children; i++) {
        int64_t at = x & 1 << 10 ? i : children + 1 - i; /* in either order */
        if ((x >> 20) % 8 == (uint64_t)at)
            continue;
        if (finish(handles[at], &each, &chain, error)) {
            if (status)
                drop_error(status, *error);
            status = 1;
        }
        sum += each;
    }
    last = cz_fork_sync(chain, &unjoined, (void *)(uintptr_t)drop_error);
    CHECK(last == 0 || unjoined == &ran);
    if (last && status)
        drop_error(last, unjoined);
    if (last)
        *error = unjoined;
    if (last || status)
        return 1;
    node->result = sum;
    return 0;
}

static int32_t run_node(void *payload, void **error, int32_t how)
{
    (void)how;
    return run_tree(payload, error);
}

static int32_t root(void *payload, void **error)
{
    struct call *call = payload;
    struct node node = {-1, (int64_t)(intptr_t)call->argument, 9};
    int32_t status = run_tree(&node, error);
    call->result = node.result;
    atomic_fetch_add(&heard, status);
    return status;
}

static void check_trees(struct cz_type *type, int64_t first, int count)
{
    struct cz_record *records[32];
    for (int i = 0; i < count; i++)
        records[i] = call_push(lane, cache, type, (void *)(intptr_t)(first + i), CZ_NORMAL);
    for (int i = 0; i < count; i++) {
        int64_t wanted = expected(first + i, 9);
        CHECK(cz_record_wait(records[i], 60LL * SECOND_NS) == 0);
        CHECK(phase_of(records[i]) == (wanted < 0 ? CZ_FAILED : CZ_COMPLETED));
        CHECK(wanted < 0 ? records[i]->error == &ran : call_of(records[i])->result == wanted);
        cz_record_drop(cache, records[i]);
    }
}

static void test_trees_give_what_they_give_in_order(void)
{
    struct cz_type *type;
    set_up(3, 64);
    type = call_type(pool, root);
    cz_type_set_interruptible(type); /* else nothing is stolen */
    for (int64_t first = 1; first < 1500; first += 11)
        check_trees(type, first, first % 3 ? 1 : 11); /* alone, and many at a time */
    tear_down();
}

static void test_unstoppable_runs_keep_their_calls(void)
{
    set_up(2, 64);
    check_trees(call_type(pool, root), 5, 20);
    tear_down();
}

static void test_threads_that_are_no_workers_run_their_calls(void)
{
    for (int64_t seed = 1; seed < 200; seed++) {
        struct node node = {-1, seed, 9};
        void *error = NULL;
        int32_t status = run_tree(&node, &error);
        atomic_fetch_add(&heard, status);
        CHECK(status == (expected(seed, 9) < 0) && (status || node.result == expected(seed, 9)));
    }
}

/* Another worker takes a call while its parent is at something else. */
static _Atomic(int) was_stolen;

static int32_t note_thief(void *payload, void **error, int32_t how)
{
    (void)payload, (void)error;
    atomic_store(&was_stolen, how);
    return 0;
}

static int32_t parent(void *payload, void **error)
{
    void *chain = NULL, *frame;
    (void)payload;
    frame = cz_fork_begin((void *)(uintptr_t)note_thief, NULL, 0, &chain);
    cz_fork_push(frame);
    YIELD_UNTIL(atomic_load(&was_stolen));
    return cz_fork_sync(chain, error, NULL);
}

static void test_idle_worker_takes_a_call(void)
{
    struct cz_type *type;
    struct cz_record *record;
    set_up(2, 64);
    type = call_type(pool, parent);
    cz_type_set_interruptible(type);
    record = call_push(lane, cache, type, NULL, CZ_NORMAL);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
    CHECK(phase_of(record) == CZ_COMPLETED && atomic_load(&was_stolen) == 1);
    cz_record_drop(cache, record);
    tear_down();
}

/* Calls that are forked at once, each of which waits for all of them. */
enum { AT_ONCE = 3 };
static _Atomic(int) begun;

static int32_t await_all(void *payload, void **error, int32_t how)
{
    int64_t until = cz__monotonic_ns() + 20LL * SECOND_NS;
    (void)payload, (void)error, (void)how;
    atomic_fetch_add(&begun, 1);
    YIELD_UNTIL(atomic_load(&begun) == AT_ONCE || cz__monotonic_ns() > until);
    return 0;
}

static int32_t fork_all(void *payload, void **error)
{
    int64_t until = cz__monotonic_ns() + 20LL * SECOND_NS;
    void *chain = NULL;
    (void)payload;
    YIELD_UNTIL(cz__sleepers(cz__sleep_counts(&pool->native.sleep)) == AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++)
        cz_fork_push(cz_fork_begin((void *)(uintptr_t)await_all, NULL, 0, &chain));
    YIELD_UNTIL(atomic_load(&begun) == AT_ONCE || cz__monotonic_ns() > until);
    CHECK(atomic_load(&begun) == AT_ONCE);
    return cz_fork_sync(chain, error, NULL);
}

static void test_calls_forked_at_once_wake_a_worker_each(void)
{
    set_up(AT_ONCE + 1, 64);
    for (int round = 0; round < 50; round++) {
        struct cz_type *type = call_type(pool, fork_all);
        struct cz_record *record;
        cz_type_set_interruptible(type);
        atomic_store(&begun, 0);
        record = call_push(lane, cache, type, NULL, CZ_NORMAL);
        CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0);
        cz_record_drop(cache, record);
    }
    tear_down();
}

int main(void)
{
    RUN(test_threads_that_are_no_workers_run_their_calls);
    RUN(test_trees_give_what_they_give_in_order);
    RUN(test_idle_worker_takes_a_call);
    RUN(test_unstoppable_runs_keep_their_calls);
    RUN(test_calls_forked_at_once_wake_a_worker_each);
    CHECK(atomic_load(&ran) > 0 && atomic_load(&dropped) > 0);
    CHECK(atomic_load(&raised) == atomic_load(&heard) + atomic_load(&forgotten));
    return 0;
}
