/* bundle.h: records that are queued together, as one entry, and run as any others.
 *
 * The entry is a ticket. Who has popped it takes as many records as are believed to run for the
 * time of a short task, puts the ticket back to the end of its level if records are left, and runs
 * what it took. A lane owes a bundle until its last records were taken (native/README.md).
 */
#ifndef CZ_BUNDLE_H
#define CZ_BUNDLE_H

#include "record.h"
#include "worker.h"

struct cz__bundle {
    struct cz_record ticket;
    struct cz_type type; /* of the ticket; its mean is that of what is taken at a time */
    /* constant after create */
    struct cz_lane *lane;
    const struct cz_type *of; /* the records' */
    uint32_t cancels;         /* of the lane, at the submission */
    uint32_t length;
    /* of who holds the ticket */
    uint32_t next;
    _Atomic(uint32_t) holds; /* the ticket, and each worker that runs what it took */
    struct cz_record *records[];
};

/* The worker has popped this ticket. */
void cz__bundle_serve(struct cz__thread *thread, struct cz_record *ticket);
/* Run what is left of the records that the worker took: also after one of them was stopped. */
void cz__bundle_go_on(struct cz__thread *thread);
/* Cancel the records that were not taken yet; the caller has popped the ticket. Returns how many
 * this call has cancelled. */
uint64_t cz__bundle_abandon(struct cz_cache *cache, struct cz_record *ticket);

#endif
