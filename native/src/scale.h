/* scale.h: when a lane of guests should get another one.
 *
 * Guests hold a lock of their language while they compute (the GIL), so another one helps only
 * when those there are block. The clock thread decides, each millisecond while entries
 * wait and no guest sleeps: if the process, without its native workers, used less than
 * half a processor since the last look, nobody computes. It then sets `wanted` and rings
 * the mailbox, whose taker adds the worker.
 */
#ifndef CZ_SCALE_H
#define CZ_SCALE_H

#include <stdint.h>

#include "atomic.h"

struct cz_lane;

struct cz__scale {
    _Atomic(uint32_t) on;     /* set by the embedder */
    _Atomic(uint32_t) wanted; /* by the clock; taken by cz_lane_wants_guest */
    /* the clock thread only */
    int64_t looked_at, used; /* ns: when, and what the process had used by then */
};

/* The clock thread: entries wait in the lane and none of its workers sleeps. */
void cz__scale_look(struct cz_lane *lane);
/* The clock thread: nothing waits; the next look begins anew. */
void cz__scale_rest(struct cz_lane *lane);

#endif
