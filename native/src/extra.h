/* extra.h: what few records have: a due time, a time limit, a watcher, a stop request.
 *
 * A record gets an extra when the first of these is asked for, and names it by number
 * (record->extra, valid while its state has CZ_EXTRA). A record without one pays nothing
 * but a test of its state word. Extras live in chunks that double in size, so their
 * addresses are stable. One mutex guards all of them, the timer heap, and which worker
 * is to be stopped; the mailbox is a stack that takes no lock.
 *
 * Timers: each extra has at most one, in a binary heap by due time. ENQUEUE puts the
 * record into its lane (a delay, a retry); LIMIT is the end of its time limit; STOP tries
 * to stop it and comes again until the record has ended.
 *
 * Mail: records that the language binding must look at, in order of posting: a watched
 * record ended, a record that diverts failures failed, a time limit passed that only
 * the binding can enforce.
 */
#ifndef CZ_EXTRA_H
#define CZ_EXTRA_H

#include <pthread.h>

#include "catzilla_jit.h"
#include "alloc.h"
#include "atomic.h"

enum { CZ__EXTRA_CHUNKS = 22, CZ__EXTRA_FIRST = 1024 };
enum cz__purpose { CZ__TIMER_NONE, CZ__TIMER_ENQUEUE, CZ__TIMER_LIMIT, CZ__TIMER_STOP };

struct cz__extra {
    /* guarded by extras->lock */
    struct cz_record *record;
    struct cz_lane *lane; /* where a timer puts it */
    uint64_t due;         /* ticks */
    uint64_t limit;       /* ticks of run time, 0: none */
    uint32_t heap_at;     /* position in the heap, from 1; 0: no timer */
    uint32_t attempts;    /* to stop it */
    enum cz__purpose purpose;
    uint32_t number; /* from 1; constant */

    _Atomic(uint32_t) reasons; /* for its being in the mailbox; 0: it is not */
    uint32_t below;            /* in the mailbox, or in the free list */
};

struct cz__extras {
    struct cz__depot *depot; /* constant */
    pthread_mutex_t lock;    /* guards all but the mailbox */
    struct cz__extra *chunks[CZ__EXTRA_CHUNKS];
    uint32_t cut, free; /* numbers given out so far; the first free one or 0 */
    uint32_t *heap;     /* numbers, heap[1] is due first */
    uint32_t timers, room;

    CZ_ALIGNED _Atomic(uint32_t) mail; /* number on top, 0: empty; posters and the taker */
    _Atomic(uint32_t) mail_sleeper;    /* the taker sleeps or is about to */
    _Atomic(uint32_t) mail_bell;       /* 1: rung; the taker sleeps on it and clears it */
    uint32_t taken;                    /* the taker's own: first of what it took, oldest first */
};

struct cz_pool;

void cz__extras_init(struct cz__extras *extras, struct cz__depot *depot);
void cz__extras_free(struct cz__extras *extras);
/* The record is being freed: its extra goes. */
void cz__extra_forget(struct cz_record *record);
/* Around a run: arm the time limit; no timer and no stop request may reach it any more. */
void cz__extra_run_begins(struct cz_record *record);
void cz__extra_run_ended(struct cz_record *record);
/* cz_record_stop for what is running, not before so many ns. */
int cz__record_stop_after(struct cz_record *record, uint32_t why, int64_t delay_ns);
/* Its timer, if it waits for one to be pushed, is due now. */
void cz__extra_hurry(struct cz_record *record);
/* cz_pool_delayed. */
uint64_t cz__extras_delayed(struct cz__extras *extras, void **owners, uint64_t room,
                            uint64_t *retrying);
/* Cancel what waits for its time to be pushed, and push it now; how many. */
uint64_t cz__extras_cancel_delayed(struct cz__extras *extras);
void cz__extra_post(struct cz_record *record, uint32_t reason);
/* The clock thread: do what is due. Ticks until the next timer, or UINT64_MAX. */
uint64_t cz__extras_fire(struct cz_pool *pool, uint64_t now);

#endif
