/* planned.h: batches whose items do what a plan says: they block, fail, take long.
 */
#ifndef PLANNED_H
#define PLANNED_H

#include "check.h"

enum { MOST = 100000, CODE = 5 };

/* What the items of a test's batch do; it comes as the first span. */
struct plan {
    int64_t block_at;   /* this item opens `entered` and passes `leave`; -1: none */
    int64_t fail_every; /* items i with i % fail_every == fail_every - 1 fail; 0: none */
    int64_t spin;       /* how long an item takes */
    bool meet;          /* item 1 waits for item 2 to begin */
    struct gate entered, leave;
    _Atomic(int64_t) longest, chunks;
    _Atomic(int) seen[MOST];
};

static struct cz_pool *pool;
static struct cz_lane *lane;
static struct plan plan; /* of the test that runs */

static inline void set_up(uint32_t workers, uint64_t queue_size)
{
    pool = pool_start(workers, queue_size);
    lane = cz_pool_lane(pool, CZ_LANE_NATIVE);
    memset(&plan, 0, sizeof plan);
    plan.block_at = -1;
    gate_init(&plan.entered);
    gate_init(&plan.leave);
}

static inline bool run_item(struct plan *p, int64_t i)
{
    if (i == p->block_at) {
        gate_open(&p->entered, 1);
        gate_pass(&p->leave);
    }
    for (int64_t n = p->spin; n; n--)
        atomic_load_explicit(&p->longest, memory_order_relaxed);
    CHECK(atomic_fetch_add(&p->seen[i], 1) == 0);
    if (p->meet && i == 1)
        YIELD_UNTIL(atomic_load(&p->seen[2]));
    return p->fail_every == 0 || i % p->fail_every != p->fail_every - 1;
}

static inline int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                            int64_t *failed, void **error)
{
    struct plan *p = (struct plan *)(void *)spans[0].base;
    int64_t longest = atomic_load(&p->longest);
    CHECK(inner == 1 && begin < end);
    while (end - begin > longest &&
           !atomic_compare_exchange_weak(&p->longest, &longest, end - begin))
        continue;
    atomic_fetch_add(&p->chunks, 1);
    for (int64_t i = begin; i < end; i++)
        if (!run_item(p, i)) {
            *failed = i;
            *error = &p->seen[i];
            return CODE;
        }
    return 0;
}

static inline int submit(int64_t length, int64_t chunk_size, uint32_t level, int collect,
                         struct cz_batch **batch)
{
    struct cz_span span = {(char *)&plan, 0, 0};
    int result = cz_batch_submit(lane, chunk, &span, 1, 1, length, chunk_size, level, collect, 0,
                                 NULL, batch);
    span.base = NULL; /* it has been copied */
    return result;
}

static inline struct cz_batch *must_submit(int64_t length, int64_t chunk_size)
{
    struct cz_batch *batch;
    CHECK(submit(length, chunk_size, CZ_NORMAL, 0, &batch) == 0);
    return batch;
}

/* [0, until) ran and nothing else. */
static inline void check_ran(int64_t until)
{
    for (int64_t i = 0; i < MOST; i++)
        CHECK(atomic_load(&plan.seen[i]) == (i < until));
}

#endif
