/* queue.h: one bounded FIFO of records, any number of producers and consumers.
 *
 * A ring of cells after D. Vyukov's bounded queue
 * (https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue), with
 * two changes. Each cell carries a turn that starts at 0, so fresh pages of the ring
 * stay untouched: in lap n the turn is 2n while the cell is free and 2n + 1 while it
 * holds a record. And the top bit of the tail closes the queue, so that a push that
 * races with the close either comes before it or fails.
 *
 * Consumers never read the tail on the hot path: whether there is work is read off the
 * cell at the head, which they need anyway. Producers read a copy of the head and look
 * at the real one only when the copy makes the queue look full or deep.
 */
#ifndef CZ_QUEUE_H
#define CZ_QUEUE_H

#include <stdint.h>

#include "catzilla_jit.h"
#include "atomic.h"

struct cz__cell {
    _Atomic(uint64_t) turn;
    struct cz_record *record;
};

struct cz__queue {
    /* constant after create */
    struct cz__cell *cells;
    uint64_t mask;
    uint64_t capacity;
    unsigned shift; /* log2 of the ring's length */

    CZ_ALIGNED _Atomic(uint64_t) tail; /* producers, with CZ__QUEUE_CLOSED */
    _Atomic(uint64_t) head_copy;       /* producers; at or behind head */

    CZ_ALIGNED _Atomic(uint64_t) head; /* consumers */

    /* producers that wait for room, and the word they sleep on; consumers read it */
    CZ_ALIGNED _Atomic(uint32_t) waiting;
    _Atomic(uint32_t) room;
};

#define CZ__QUEUE_CLOSED ((uint64_t)1 << 63)

enum cz__push {
    CZ__PUSH_NEW,   /* within the capacity, while the queue is open */
    CZ__PUSH_GROWN, /* within the capacity, open or closed: for a batch's further tickets */
    CZ__PUSH_BACK,  /* anywhere in the ring, open or closed: what a worker took from here */
};

/* The ring has room for `slack` entries beyond the capacity, for CZ__PUSH_BACK. */
int cz__queue_init(struct cz__queue *queue, uint64_t capacity, uint64_t slack);
void cz__queue_free(struct cz__queue *queue);
/* 0, CZ_EFULL or CZ_ECLOSED. *depth: entries before this one, from the copy of the head,
 * so never too small. */
int cz__queue_push(struct cz__queue *queue, struct cz_record *record, enum cz__push how,
                   uint64_t *depth);
struct cz_record *cz__queue_pop(struct cz__queue *queue);
/* Whether the next pop is likely to succeed. */
bool cz__queue_ready(struct cz__queue *queue);
/* Entries, from fresh reads; seq_cst, for the sleep protocol. */
uint64_t cz__queue_depth(struct cz__queue *queue);
void cz__queue_close(struct cz__queue *queue);
bool cz__queue_closed(struct cz__queue *queue);
int cz__queue_wait_room(struct cz__queue *queue, int64_t timeout_ns);

#endif
