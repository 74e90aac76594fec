/* sleep.h: who of a lane's workers sleeps, and who wakes whom.
 *
 * One word counts two kinds of workers: sleepers, and those on the look-out, that is
 * awake and sure to look at the queues again within microseconds (looking, polling, or
 * inside a task known to be short). Workers inside a task that may be long are neither.
 * Sleeping itself is a counting semaphore on a second word: whoever takes one off the
 * sleepers' count owes one ticket. The argument why no wake-up is lost is in
 * native/README.md.
 */
#ifndef CZ_SLEEP_H
#define CZ_SLEEP_H

#include "atomic.h"
#include <stdint.h>

struct cz__sleep {
    CZ_ALIGNED _Atomic(uint32_t) counts; /* sleepers << 16 | on the look-out */
    CZ_ALIGNED _Atomic(uint32_t) tickets;
};

enum { CZ__SLEEPER_ONE = 1 << 16, CZ__LOOKOUT_ONE = 1, CZ__LOOKOUT_MASK = 0xffff };

static inline uint32_t cz__sleepers(uint32_t counts)
{
    return counts >> 16;
}

static inline uint32_t cz__lookouts(uint32_t counts)
{
    return counts & CZ__LOOKOUT_MASK;
}

static inline uint32_t cz__sleep_counts(struct cz__sleep *sleep)
{
    return cz__load_seqcst(&sleep->counts);
}

/* Enter or leave the look-out: a worker that starts, ends, or has a long task. */
void cz__lookout_join(struct cz__sleep *sleep);
void cz__lookout_quit(struct cz__sleep *sleep);

/* From the look-out to sleeping. The caller must look at the queues after this and
 * before cz__sleep_wait. */
void cz__sleep_prepare(struct cz__sleep *sleep);
/* Back to the look-out without having slept. */
void cz__sleep_cancel(struct cz__sleep *sleep);
/* Sleep; on return the caller is on the look-out. 0 or CZ_ETIMEDOUT. */
int cz__sleep_wait(struct cz__sleep *sleep, int64_t timeout_ns);
/* Wake one sleeper: true if there was one. It counts as on the look-out from now. */
bool cz__sleep_wake_one(struct cz__sleep *sleep);
void cz__sleep_wake_all(struct cz__sleep *sleep);

#endif
