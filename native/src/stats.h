/* stats.h: counters and histograms of a pool, readable by other processes.
 *
 * Glossary
 *   segment  one sealed memfd per pool, mapped shared; everything below lies in it
 *   account  what is counted together: the calls of one name in one lane
 *   meter    what one worker writes: its block and, per account, a ledger
 *   ledger     the counters and the two histograms of one account at one meter
 *   ring     the last events of one meter, while somebody wants them (trace.h)
 *
 * Every word of a meter has one writer, the worker itself, which adds with a relaxed
 * load and store. The last meter belongs to nobody: what threads without one count
 * (callers that run a task themselves, cancellers) is added there atomically. Readers
 * sum over the meters. What a task counts is stored before its final phase, so
 * whoever has seen its result sees it counted.
 *
 * publish.c makes the segment, meter.c hands out meters, accounts and ledgers, count.c adds,
 * sampler.c looks at what nobody counts, trace.c writes events, report.c takes what the caller
 * reports.
 *
 * The layout is an interface between processes (stats/segment.py reads it): a change
 * needs another CZ__STATS_VERSION. native/README.md, "Statistics", has the reasons.
 */
#ifndef CZ_STATS_H
#define CZ_STATS_H

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "catzilla_jit.h"
#include "allocated.h"
#include "atomic.h"
#include "trace.h"

enum {
    CZ__STATS_VERSION = 4,
    CZ__ACCOUNTS = 1024,
    CZ__ACCOUNT_NAME = 112, /* bytes, with the 0 at the end */
    CZ__LEDGERS = 2048,     /* besides the two that every meter has for sure */
    CZ__SAMPLES = 64,
    CZ__SAMPLE_NS = 125000000, /* from one sample to the next */

    CZ__BUCKET_BITS = 5, /* 32 buckets per power of two */
    CZ__TICK_BITS = 48,  /* longer times count as the longest */
    CZ__BUCKETS = (CZ__TICK_BITS - CZ__BUCKET_BITS + 1) << CZ__BUCKET_BITS,
};

enum cz__meter_kind {
    CZ__METER_FREE = 0, /* no worker has had it */
    CZ__METER_NATIVE = 1,
    CZ__METER_CRITICAL = 2,
    CZ__METER_PYTHON = 3,
    CZ__METER_SHARED = 4, /* of the threads that have none */
    CZ__METER_RELIEF = 5, /* numbered by lane and level: 4 * lane + level */
};

enum { CZ__METER_GONE = 0, CZ__METER_HERE = 1 };

typedef _Atomic(uint64_t) cz__count;

/* Times in ticks by size: exact up to 63, then 32 buckets per power of two, so the
 * middle of a bucket is at most 1/64 away from what was counted in it. */
struct cz__histogram {
    cz__count count[CZ__BUCKETS];
};

struct cz__ledger {
    CZ_ALIGNED cz__count counts[CZ_COUNTS];
    cz__count run_ticks, wait_ticks; /* summed over the calls that ran */
    struct cz__histogram run, wait;
    CZ_ALIGNED cz__count allocated; /* bytes, by runs, where that is counted */
};

/* Sums at the time of a sample. */
struct cz__sum {
    cz__count busy, done;
};

struct cz__block {
    /* written when a worker comes or goes */
    _Atomic(uint32_t) kind;
    _Atomic(uint32_t) number; /* among its kind */
    _Atomic(uint32_t) here;
    _Atomic(uint32_t) thread; /* the kernel's number of its thread */

    CZ_ALIGNED cz__count started; /* ticks; 0: it runs nothing */
    cz__count busy;               /* ticks inside tasks that have ended */
    cz__count done;               /* calls that have ended */
    _Atomic(uint32_t) account;    /* of what it runs, or ran last */
    cz__count allocated;          /* bytes, by its thread, where that is counted */

    CZ_ALIGNED struct cz__sum sums[CZ__SAMPLES]; /* the sampler */
    /* per account: where its ledger lies in the segment, in cache lines; 0: it has none */
    _Atomic(uint32_t) ledgers[CZ__ACCOUNTS];
    struct cz__histogram wait[CZ_LEVELS];
};

struct cz__account {
    char name[CZ__ACCOUNT_NAME]; /* UTF-8 */
    uint32_t lane;
    uint32_t spare[3];
};

struct cz__segment {
    /* constant after create */
    char magic[8];
    uint32_t version;
    uint32_t byte_order; /* 0x01020304 */
    uint64_t bytes;
    uint64_t pid;
    uint64_t number;         /* of the pool in its process, from 1 */
    int64_t started_unix_ns; /* CLOCK_REALTIME */
    int64_t started_ns;      /* CLOCK_MONOTONIC */
    uint64_t started_ticks;
    uint32_t workers, guests, meters, accounts_most;
    uint32_t levels, bucket_bits, buckets, samples_most;
    uint64_t queue_size;
    uint64_t accounts_at, account_bytes; /* offsets and strides of the three arrays */
    uint64_t meters_at, meter_bytes;
    uint64_t ledgers_at, ledger_bytes;
    uint64_t rings_at, ring_bytes, ring_events; /* one per meter */

    CZ_ALIGNED _Atomic(uint32_t) accounts; /* in use; those below are constant */
    uint32_t counts_memory;                /* 1: `allocated` is counted; constant after create */

    /* the sampler */
    CZ_ALIGNED cz__count ticks_per_s; /* measured since the start */
    cz__count memory_bytes;           /* of records, held */
    cz__count memory_used;            /* of these, handed out */
    cz__count memory_blocks;          /* handed out */
    cz__count samples;                /* taken so far; sample i lies at i % CZ__SAMPLES */
    CZ_ALIGNED cz__count depth[2][CZ_LEVELS];
    CZ_ALIGNED cz__count sampled_at[CZ__SAMPLES]; /* ticks */
};

static_assert(offsetof(struct cz__segment, accounts) == 192, "segment.py has these numbers");
static_assert(offsetof(struct cz__segment, ticks_per_s) == 256, "segment.py has these numbers");
static_assert(offsetof(struct cz__segment, depth) == 320, "segment.py has these numbers");
static_assert(offsetof(struct cz__segment, sampled_at) == 384, "segment.py has these numbers");
static_assert(offsetof(struct cz__block, sums) == 128, "segment.py has these numbers");
static_assert(offsetof(struct cz__block, ledgers) == 1152, "segment.py has these numbers");
static_assert(offsetof(struct cz__block, wait) == 5248, "segment.py has these numbers");
static_assert(offsetof(struct cz__ledger, run) == 64, "counters are one cache line");
static_assert(sizeof(struct cz__account) == 128, "segment.py has these numbers");

struct cz__meter {
    struct cz__stats *stats;
    struct cz__block *block;
    char *base; /* of the segment */
    struct cz__ring *ring;
    const cz__count *until; /* the control's, or one that stays 0 */
    /* Of its own thread: where jemalloc counts what it allocates, NULL where nobody counts; and
     * that when it was last looked at. */
    const uint64_t *allocated;
    uint64_t allocated_before;
    struct cz__runs *runs; /* NULL where nobody counts; the shared meter's stay empty */
};

/* A pool's own, outside of the segment. */
struct cz__stats {
    /* constant after create */
    struct cz__segment *segment;
    char *base;
    struct cz__block *blocks;
    struct cz__meter *meters; /* the last is the shared one */
    uint32_t meters_most;
    uint64_t segment_bytes, ledgers_at;
    _Atomic(uint64_t) *figures; /* of single runs (allocated.h); NULL where nobody counts */
    uint64_t figures_bytes;
    struct cz__control *control; /* NULL: others cannot ask for events */
    struct cz_pool *pool;
    uint64_t period_ticks;
    /* the sampler */
    uint64_t next_sample;
    uint32_t quiet; /* samples in a row that showed nothing at work */
    /* guarded by lock */
    pthread_mutex_t lock;
    int fd, control_fd;     /* -1: other processes cannot see it */
    uint32_t ledgers;       /* handed out of CZ__LEDGERS */
    uint32_t guests;        /* numbered so far */
    struct cz__stats *next; /* all of the process; guarded by their own lock */
};

struct cz__ran;

/* Set pool->stats, unless the options say to go without. 0 or CZ_ENOMEM. */
int cz__stats_create(const struct cz_pool_options *options, struct cz_pool *pool);
void cz__stats_destroy(struct cz__stats *stats);
/* The pool has ended: other processes must not take it for a running one. */
void cz__stats_unpublish(struct cz__stats *stats);

/* All names that are counted; one more, with the lock held or before anybody sees the pool. */
struct cz__account *cz__accounts_of(const struct cz__stats *stats);
void cz__account_add(struct cz__segment *segment, struct cz__account *accounts, uint32_t lane,
                     const char *name, size_t length);

/* A meter for a worker; NULL when stats is NULL or all are taken. number: UINT32_MAX for
 * a guest, which gets the next one. */
struct cz__meter *cz__meter_take(struct cz__stats *stats, enum cz__meter_kind kind,
                                 uint32_t number);
/* The calling thread is the worker of this meter. */
void cz__meter_here(struct cz__meter *meter);
void cz__meter_leave(struct cz__meter *meter);

/* The sampler, one thread of the pool: take a sample if it is time to. */
void cz__stats_sample(struct cz__stats *stats);
/* How many samples in a row showed nothing queued and nothing running. */
uint32_t cz__stats_quiet(const struct cz__stats *stats);
/* How long it may sleep after so many, in ns; -1: until a worker wakes. */
int64_t cz__stats_patience_ns(const struct cz__stats *stats, uint32_t quiet);
/* Any thread: bring what only the sampler writes up to date, but take no sample. */
void cz__stats_refresh(struct cz__stats *stats);

/* Any thread: add to a counter of an account. */
void cz__stats_add(struct cz__stats *stats, uint32_t account, enum cz_count what, uint64_t n);
/* The calling thread, perhaps a guest, is about to run the record; the guest's end of it
 * is cz_guest_done. What it runs inside of that, waiting, is not what it is busy with. */
void cz__stats_begin(const struct cz_record *record);
/* The calling thread has run the record. Counts at its own meter if it has one. */
void cz__stats_ran(const struct cz_record *record, enum cz_count end);
/* Other threads have a part in what the calling thread runs. */
void cz__stats_helped(void);
/* Count calls that the calling thread has run, at its own meter or else the shared one;
 * returns which. */
struct cz__meter *cz__stats_count(const struct cz__stats *stats, const struct cz__ran *ran);

/* For what runs once per task: a call, with its structure in memory, would cost as much as the
 * counting itself. */
#define CZ__INLINE static inline __attribute__((always_inline))

CZ__INLINE unsigned cz__bucket(uint64_t ticks)
{
    unsigned shift;
    if (ticks < 2 << CZ__BUCKET_BITS)
        return (unsigned)ticks;
    if (ticks >> CZ__TICK_BITS)
        return CZ__BUCKETS - 1;
    shift = 63 - CZ__BUCKET_BITS - (unsigned)__builtin_clzll(ticks);
    return (shift << CZ__BUCKET_BITS) + (unsigned)(ticks >> shift);
}

/* The smallest number of ticks in a bucket. */
static inline uint64_t cz__bucket_low(unsigned bucket)
{
    unsigned shift = bucket >> CZ__BUCKET_BITS;
    if (shift < 2)
        return bucket;
    return ((uint64_t)(bucket & ((1 << CZ__BUCKET_BITS) - 1)) + (1 << CZ__BUCKET_BITS))
           << (shift - 1);
}

/* The only writer adds. */
static inline void cz__bump(cz__count *count, uint64_t n)
{
    cz__store_relaxed(count, cz__load_relaxed(count) + n);
}

static inline struct cz__meter *cz__shared_meter(const struct cz__stats *stats)
{
    return &stats->meters[stats->meters_most - 1];
}

struct cz__ledger *cz__ledger_make(struct cz__meter *meter, uint32_t account);

static inline struct cz__ledger *cz__ledger_of(struct cz__meter *meter, uint32_t account)
{
    /* Acquire: the shared meter's ledgers are made by any thread. */
    uint32_t line = cz__load_acquire(&meter->block->ledgers[account]);
    if (line == 0)
        return cz__ledger_make(meter, account);
    return (struct cz__ledger *)(void *)(meter->base + (uint64_t)line * CZ_CACHE_LINE);
}

/* The worker of a meter begins and ends what it runs; started is the begin's. record: whose run
 * it is; NULL if it is a part of something else. */
static inline void cz__meter_begin(struct cz__meter *meter, uint32_t account,
                                   const struct cz_record *record, uint64_t now)
{
    if (meter == NULL)
        return;
    if (meter->allocated) {
        meter->allocated_before = *meter->allocated;
        if (meter->runs) {
            meter->runs->depth = 0;
            if (record)
                cz__runs_enter(meter->runs, record);
        }
    }
    cz__store_relaxed(&meter->block->account, account);
    cz__store_relaxed(&meter->block->started, now);
}

static inline void cz__meter_end(struct cz__meter *meter, uint64_t ticks) /* 0: not run */
{
    if (meter == NULL)
        return;
    cz__store_relaxed(&meter->block->started, 0);
    cz__bump(&meter->block->busy, ticks);
}

struct cz__ran {
    uint32_t account, level;
    uint64_t waited, ran;   /* ticks of one call */
    uint64_t total;         /* ticks that all of them ran */
    uint64_t calls, failed; /* how many ran so long, and how many of them failed */
    enum cz_count end;      /* of the others; CZ_COUNTS: they have not ended yet */
};

static inline uint64_t cz__ticks_between(uint64_t from, uint64_t to)
{
    /* The counters of two processors may be a hair apart. */
    return (int64_t)(to - from) < 0 ? 0 : to - from;
}

/* What the meter's thread has allocated since it was last asked is that account's. */
static inline void cz__meter_allocated(struct cz__meter *meter, uint32_t account)
{
    uint64_t now = *meter->allocated;
    cz__bump(&cz__ledger_of(meter, account)->allocated, now - meter->allocated_before);
    if (meter->runs)
        cz__runs_grow(meter->runs, now - meter->allocated_before);
    cz__store_relaxed(&meter->block->allocated, now);
    meter->allocated_before = now;
}

/* The worker of a meter counts calls that it has run. */
CZ__INLINE void cz__meter_count(struct cz__meter *meter, const struct cz__ran *ran)
{
    struct cz__ledger *ledger;
    unsigned waited;
    if (meter == NULL)
        return;
    ledger = cz__ledger_of(meter, ran->account);
    waited = cz__bucket(ran->waited);
    cz__bump(&meter->block->done, ran->calls);
    cz__bump(&meter->block->wait[ran->level].count[waited], ran->calls);
    cz__bump(&ledger->wait.count[waited], ran->calls);
    cz__bump(&ledger->run.count[cz__bucket(ran->ran)], ran->calls);
    if (ran->end < CZ_COUNTS)
        cz__bump(&ledger->counts[ran->end], ran->calls - ran->failed);
    if (ran->failed)
        cz__bump(&ledger->counts[CZ_COUNT_FAILED], ran->failed);
    cz__bump(&ledger->wait_ticks, ran->waited * ran->calls);
    cz__bump(&ledger->run_ticks, ran->total);
    if (meter->allocated)
        cz__meter_allocated(meter, ran->account);
}

#endif
