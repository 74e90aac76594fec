/* record.h: types, and what a record is made of. How it ends: ending.h. */
#ifndef CZ_RECORD_H
#define CZ_RECORD_H

#include "catzilla_jit.h"
#include "alloc.h"
#include "arena.h"
#include "atomic.h"
#include "state.h"

struct cz__bell;
struct cz__extras;
struct cz_batch;
struct cz__bundle;
struct cz__stats;

struct cz_type {
    /* constant after create */
    void *owner;    /* first: cz_type_owner reads it */
    cz_entry entry; /* NULL: Python lane, or a ticket */
    unsigned class_index;
    struct cz__stats *stats; /* NULL: nothing is counted */
    uint32_t account;        /* constant after the first call */
    struct cz_pool *pool;
    struct cz_lane *lane;
    struct cz__extras *extras;
    struct cz__bell *bell; /* of the clock */
    bool interruptible;
    int32_t rerun;             /* the status that asks for another way; 0: none does */
    bool carrier;              /* its calls are not counted, only shown (cz_type_set_carrier) */
    struct cz_arena *arena;    /* NULL: none of its own; constant after the first call */
    struct cz_batch *batch;    /* not NULL: the record is a ticket of this batch */
    struct cz__bundle *bundle; /* not NULL: it is the ticket of this bundle */
    struct cz_type *next;      /* the pool's list */

    /* Mean run time of recent calls in ticks, 0 before the first; written by workers
     * when it has changed noticeably, so that its line stays shared while it has not. */
    CZ_ALIGNED _Atomic(uint64_t) mean;
};

void cz__type_measure(const struct cz_type *type, uint64_t ticks);
uint64_t cz__type_mean(const struct cz_type *type);
/* The arena that its runs allocate in, or CZ__NO_ARENA. */
static inline uint32_t cz__type_arena(const struct cz_type *type)
{
    return type->arena ? type->arena->depot.arena : CZ__NO_ARENA;
}

#endif
