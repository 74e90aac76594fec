/* extra.h: what few records have: a due time, a time limit, a watcher, a stop request.
 *
 * A record gets an extra when the first of these is asked for, and names it by number
 * (record->extra, valid while its state has CZ_EXTRA). A record without one pays nothing
 * but a test of its state word. Extras live in chunks that double in size, so their
 * addresses are stable. One mutex guards all of them, the timer heap, and which worker
 * is to be stopped; the mailbox is a stack that takes no lock.
 *
 * What is done with them: timer.h (the heap), delay.h, limit.h, mail.h.
 */
#ifndef CZ_EXTRA_H
#define CZ_EXTRA_H

#include <pthread.h>

#include "catzilla_jit.h"
#include "alloc.h"
#include "atomic.h"
#include "heap.h"

enum { CZ__EXTRA_CHUNKS = 22, CZ__EXTRA_FIRST = 1024 };
enum cz__purpose { CZ__TIMER_NONE, CZ__TIMER_ENQUEUE, CZ__TIMER_LIMIT, CZ__TIMER_STOP };

struct cz__extra {
    /* guarded by extras->lock */
    struct cz_record *record;
    struct cz_lane *lane;  /* where a timer puts it */
    uint64_t limit;        /* ticks of run time, 0: none */
    struct cz__node timer; /* in the heap while purpose is not NONE; due in ticks */
    uint32_t attempts;     /* to stop it */
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
    struct cz__heap timers;

    CZ_ALIGNED _Atomic(uint32_t) mail; /* number on top, 0: empty; posters and the taker */
    _Atomic(uint32_t) mail_sleeper;    /* the taker sleeps or is about to */
    _Atomic(uint32_t) mail_bell;       /* 1: rung; the taker sleeps on it and clears it */
    uint32_t taken;                    /* the taker's own: first of what it took, oldest first */
};

void cz__extras_init(struct cz__extras *extras, struct cz__depot *depot);
void cz__extras_free(struct cz__extras *extras);
struct cz__extras *cz__extras_of(const struct cz_record *record);
struct cz__extra *cz__extra_numbered(struct cz__extras *extras, uint32_t number);
/* Its state has CZ_EXTRA. */
struct cz__extra *cz__extra_of(const struct cz_record *record);
/* The record is being freed: its extra goes. */
void cz__extra_forget(struct cz_record *record);

/* With extras->lock held: */
void cz__extra_free(struct cz__extras *extras, struct cz__extra *extra);
/* Give the record its extra; false when out of memory. */
bool cz__extra_ensure(struct cz_record *record);
/* The same for a record that runs, and set `flags`, in one step: a run that ends before sees
 * none of it, and one that ends after takes the lock and finds the extra. */
bool cz__extra_ensure_running(struct cz_record *record, uint32_t flags);

#endif
