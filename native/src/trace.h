/* trace.h: what each worker ran, event by event, for as long as somebody wants to see it.
 *
 * Each meter has a ring of events in the segment (stats.h), written by the meter's thread;
 * the ring of the shared meter under stats->lock. A reader asks for events by writing a
 * time into the pool's control, a page that other processes of this user may write: events
 * are written until then. So a pool that nobody traces pays one load and one comparison
 * per task, and a reader that dies leaves nothing behind but a time that passes.
 *
 * What the control holds is anybody's: it is used for that comparison alone. The layout is
 * an interface between processes (stats/events.py). native/README.md, "Tracing".
 */
#ifndef CZ_TRACE_H
#define CZ_TRACE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catzilla_jit.h"
#include "atomic.h"

struct cz__meter;

enum { CZ__EVENTS = 8192, CZ__EVENT_WORDS = 8, CZ__CONTROL_BYTES = 4096 };
/* A time further ahead than this many ticks (some 20 to 70 s) does not count: whoever wants
 * events for longer says so again. */
#define CZ__TRACE_AHEAD ((uint64_t)1 << 36)

enum cz__event_kind {
    CZ__EVENT_RUN = 1,
    CZ__EVENT_CHUNK = 2,
    CZ__EVENT_COMPILATION = 3,
};

struct cz__event {
    uint64_t id;                     /* of the record, or of the map */
    uint64_t queued, started, ended; /* ticks; queued 0: it never was */
    uint64_t items;                  /* of a chunk; of a compilation 1: it came from the cache */
    uint64_t first;                  /* item of a chunk */
    uint64_t failed;                 /* items of a chunk */
    uint32_t account;
    enum cz__event_kind kind;
    uint32_t level;
    enum cz_count outcome; /* CZ_COUNT_RETRIED: a try that failed and may not be the last */
};

struct cz__ring {
    CZ_ALIGNED _Atomic(uint64_t) head; /* events written so far; event i at i % CZ__EVENTS */
    CZ_ALIGNED _Atomic(uint64_t) words[CZ__EVENTS][CZ__EVENT_WORDS];
};

struct cz__control {
    /* constant after create; not read by the pool */
    char magic[8];
    uint32_t version, spare;
    uint64_t pid, number; /* of the pool, as in the segment */

    CZ_ALIGNED _Atomic(uint64_t) until; /* ticks; written by others */
};

static_assert(offsetof(struct cz__ring, words) == 64, "events.py has these numbers");
static_assert(offsetof(struct cz__control, until) == 64, "events.py has these numbers");

static inline bool cz__wanted(const _Atomic(uint64_t) *until, uint64_t now)
{
    return cz__load_relaxed(until) - now < CZ__TRACE_AHEAD;
}

/* Any thread for the shared meter, else the meter's own. */
void cz__trace_write(struct cz__meter *meter, const struct cz__event *event);
/* A run has ended; end: what it was counted as, CZ_COUNTS if it was not the end of its call. */
void cz__trace_run(struct cz__meter *meter, const struct cz_record *record, enum cz_count end);

#endif
