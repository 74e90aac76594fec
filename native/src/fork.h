/* fork.h: calls of compiled code that another worker may take, and who waits for them.
 *
 * A frame holds the arguments and the result of one call. The worker that forks pushes it to its
 * deque; the join pops it and runs it there, unless a worker without anything queued has stolen it.
 * A frame is allocated, joined and freed by one worker, in one run of one function; a thief writes
 * its result and nothing after that. All frames of a record's run have one root, and a worker is
 * engaged with one root at a time: what it runs above a wait is of the same.
 *
 * On a thread that is no worker of a pool, and in runs that cannot be stopped, nothing is stolen:
 * the join runs the call. The protocol is argued in native/README.md.
 */
#ifndef CZ_FORK_H
#define CZ_FORK_H

#include <stdbool.h>

#include "deque.h"
#include "worker.h"

/* Of the run of one record; a part of its worker, so it can be read at any time. */
struct cz__root {
    _Atomic(struct cz_record *) record; /* whose run it is */
    _Atomic(uint32_t) active;           /* thieves that have, or are about to take, a frame of it */
    _Atomic(uint32_t) left;             /* its run was stopped: nothing is stolen any more */
    _Atomic(uint32_t) runs;             /* those that were stopped, and are over */
    _Atomic(uint32_t) helped;           /* thieves had a part in it */
};

struct cz__forker {
    struct cz__deque deque;
    /* of its own thread */
    CZ_ALIGNED struct cz__thread *thread;
    struct cz_frame *stolen; /* what it runs as a thief, at the bottom of its stack */
    uint32_t helping;        /* stolen frames that it runs above its waits */
    struct cz_frame *free;
    struct cz__slab_of_frames *slabs;
    struct cz__loop *loops; /* those that it has begun, the newest first (loop.h) */
    uint64_t woken_at;      /* when it last woke a worker, ticks */
    uint64_t wake_ticks;    /* WAKE_NS; constant */
    CZ_ALIGNED struct cz__root own;
};

/* The calling thread is this worker from now on. */
void cz__fork_adopt(struct cz__thread *thread);
/* Take a frame of another worker and run it. False: there is none, or this worker steals nothing.
 */
bool cz__fork_steal(struct cz__thread *thread);
/* Whether there may be something to steal. */
bool cz__fork_ready(struct cz__thread *thread);
/* The worker has come out of a run that was stopped: give up all that the run has forked. Returns
 * once no thief runs a part of it. True: it was a thief's run, which has no record here. */
bool cz__fork_stopped(struct cz__thread *thread);
/* The calling worker; NULL on a thread that is none, or without memory. */
struct cz__forker *cz__forker_here(void);
/* Whether what it pushed next would be the oldest that others can take of it. If not, a worker that
 * sleeps is woken for what is. */
bool cz__fork_wanted(struct cz__forker *self);
/* Whether it runs as a thief while something is queued for it. */
bool cz__fork_is_called(struct cz__forker *self);
/* Whether others had a part in the run that this worker comes from; asked once, and after its
 * frames were joined or given up. */
bool cz__fork_was_helped(struct cz__thread *thread);
/* Leave the run if it is to be stopped: does not return then. */
void cz__fork_look(struct cz__forker *self);
/* No worker runs any more. */
void cz__forks_free(struct cz_pool *pool);

#endif
