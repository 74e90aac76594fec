/* awaiting.h: coroutines of asyncio wait for results.
 *
 * `await result` makes one waiter (awaiting.c). Each event loop has one inbox (inbox.c). Whoever
 * sees a result end (the Python worker that ran it, who cancelled it, for all others the
 * dispatcher) puts its waiters there and rings the loop, once for all that end before the loop
 * comes to look. The loop's thread then runs what they are waited for with.
 *
 * A waiter holds its result and is held by what will end its wait: the result, the dispatcher, the
 * inbox. So it is in a cycle only until the result has ended, and needs no collection.
 */
#ifndef CZ_AWAITING_H
#define CZ_AWAITING_H

#include "binding.h"

enum waiting { NEW, LISTENING, CANCELLED };

struct inbox {
    PyObject_HEAD PyObject *loop;  /* weak reference */
    struct waiter *first, *newest; /* whose wait is over, in order; one reference each */
    int rung;                      /* the loop will come to look */
    int straight;                  /* awaits since the loop had a turn */
};

struct waiter {
    PyObject_HEAD PyObject *result;
    struct inbox *inbox;          /* NULL until the first look */
    PyObject *callback, *context; /* of the asyncio.Task, until it was called */
    PyObject *message;            /* of a cancellation, or NULL */
    struct waiter *beside;        /* the next one that waits for the same result */
    struct waiter *later;         /* the next one in the inbox */
    enum waiting state;
    char blocking; /* asyncio's mark of what is yielded by `await` */
    char posted;   /* it was put into the inbox */
    char told;     /* and the loop has come to look */
};

/* inbox.c */
extern PyObject *running_loop, *inbox_for; /* asyncio's; inbox_for(loop) finds or makes the inbox */
extern PyType_Spec inbox_spec;
/* New reference, NULL with an exception when no loop runs. */
struct inbox *inbox_here(void);
/* The wait is over, for whatever reason; it is rung for. An exception that comes meanwhile (Ctrl-C,
 * or one that is set already) stays set. */
void post(struct waiter *waiter);

#endif
