/* batch.h: one call per index of a range, worked off in chunks.
 *
 * A batch stands in its level's queue as tickets, at most one per worker. A worker that
 * takes a ticket takes chunks off the batch's cursor until the range is handed out; if
 * anything else waits in the lane after a chunk, it puts the ticket back at the end of
 * its level, so single tasks and other batches of the level get their turn, and more
 * urgent ones wait for one chunk at most. The first ticket is pushed by the submitter, the
 * others by workers once the rest is known to be worth it.
 */
#ifndef CZ_BATCH_H
#define CZ_BATCH_H

#include <pthread.h>

#include "lane.h"
#include "record.h"

struct cz__thread;

struct cz__failure {
    int64_t index;
    void *error;
    int32_t status;
};

struct cz_batch {
    /* constant after submit */
    struct cz_lane *lane;
    cz_chunk chunk;
    struct cz_span *spans;
    int64_t inner, length, chunk_size;
    uint32_t tickets_most;
    uint32_t cancels; /* lane->cancels at submission */
    bool collect, again;
    uint32_t account;
    void (*release)(void *); /* a handle may outlive the lane */
    struct cz_type type;     /* of the tickets: type.batch is this batch */
    uint64_t chunk_ticks, floor_ticks;
    uint64_t queued_at;

    CZ_ALIGNED _Atomic(int64_t) cursor; /* workers: items handed out, or STOPPED + those */
    _Atomic(uint64_t) cost;             /* workers: ticks per item * COST_SCALE, 0 unknown */
    _Atomic(uint64_t) started_at;       /* the first worker */

    CZ_ALIGNED _Atomic(int64_t) ended; /* workers: items that have ended or never will run */
    _Atomic(int64_t) done;             /* workers: items that have ended */
    _Atomic(int64_t) first_torn; /* first item of the earliest chunk that was left in the middle */
    _Atomic(uint32_t) outcome;   /* OPEN, or what came first: a canceller or the end */
    _Atomic(uint32_t) listening; /* NO_LISTENER, or what came first: a listener or the end */
    _Atomic(uint32_t) tickets;   /* pushed so far */
    _Atomic(uint32_t) holds;     /* the handle and the live tickets; the last one frees */

    void *listener;         /* of cz_batch_watch; written before `listening` */
    bool left;              /* it has ended with items for the caller; before the final phase */
    struct cz_record state; /* its state word is the batch's; waiters sleep on it */

    pthread_mutex_t lock; /* guards the three below until the batch has ended */
    struct cz__failure *failures;
    uint64_t failed, room;

    struct cz_record ticket[]; /* tickets_most */
};

/* Whoever serves it, or cancels it, does this first. */
void cz__batch_begin(struct cz_batch *batch);
/* Hand out nothing more. The caller holds the batch alive. What a failure keeps from running counts
 * as nothing. */
void cz__batch_stop(struct cz_batch *batch, bool cancelled);
/* Note the failure of an item. False: it cannot be, so the batch must not go on. */
bool cz__batch_remember(struct cz_batch *batch, int64_t index, int32_t status, void *error);
/* Whether the batch goes on after an item that returned this status. */
bool cz__batch_goes_on(const struct cz_batch *batch, int32_t status);
/* So many items have ended, or never will run; the last of them end the batch. */
void cz__batch_add_ended(struct cz_batch *batch, int64_t items);
/* The handle, or a ticket that is used up. */
void cz__batch_let_go(struct cz_batch *batch);

/* A chunk of the ticket's batch was left in the middle (stop.h). */
void cz__batch_stopped(struct cz__thread *thread, struct cz_record *ticket);
/* The ticket was taken off the queue for good: stop the batch. */
void cz__batch_abandon(struct cz_record *ticket);

#endif
