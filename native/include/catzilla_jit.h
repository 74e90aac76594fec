/* catzilla_jit.h: the whole C interface of libcatzilla_jit.so, hence its length.
 *
 * Glossary
 *   record   one submitted call: state word, times, and behind it the payload
 *   payload  result first, then the arguments, laid out by the compile stage
 *   type     what all calls of one compiled signature have in common
 *   lane     four level queues and the workers that serve them; a pool has two:
 *            the native lane (pthreads) and the Python lane (guest threads)
 *   guest    a thread of the caller's that serves a lane through cz_lane_next
 *   cache    free blocks owned by one user at a time; never shared
 *   arena    memory that is kept apart, and counted apart, by jemalloc
 *   batch    one call per index of a range, queued as tickets, run in chunks
 *   account  what statistics count together: the calls of one name in one lane
 *   ticks    the processor's time stamp counter where that is a reliable clock,
 *            nanoseconds otherwise; cz_ticks_ns converts
 *
 * The library knows nothing of Python. A function's comment is its contract; where
 * it says nothing about threads, any thread may call it. Functions that can fail
 * return 0 or a negative CZ_E... code. native/README.md holds the protocols.
 */
#ifndef CATZILLA_JIT_H
#define CATZILLA_JIT_H

#include <stddef.h>
#include <stdint.h>

#define CZ_ABI_VERSION 5
#define CZ_API __attribute__((visibility("default")))

#ifndef CZ_ATOMIC
#define CZ_ATOMIC(type) _Atomic(type)
#endif

/* One table of errors: name, value, sentence. */
#define CZ_ERRORS(X)                                   \
    X(CZ_ENOMEM, -1, "out of memory")                  \
    X(CZ_EFULL, -2, "the queue of this level is full") \
    X(CZ_ECLOSED, -3, "the pool is closed")            \
    X(CZ_ETIMEDOUT, -4, "timed out")                   \
    X(CZ_EINTR, -5, "interrupted by a signal")         \
    X(CZ_ETHREAD, -6, "a thread could not be created") \
    X(CZ_EINVAL, -7, "invalid argument")

#define CZ_ERROR_MEMBER(name, value, text) name = value,
enum cz_error { CZ_ERRORS(CZ_ERROR_MEMBER) };

enum { CZ_LEVELS = 4, CZ_CRITICAL = 0, CZ_HIGH = 1, CZ_NORMAL = 2, CZ_LOW = 3 };
enum { CZ_LANE_NATIVE = 0, CZ_LANE_PYTHON = 1 };

/* --- the state word of a record ---------------------------------------------------
 *
 *  bits 0-2  the phase. PENDING -> RUNNING -> COMPLETED | FAILED | CANCELLED,
 *            PENDING | RETRYING -> CANCELLED, RUNNING -> RETRYING -> PENDING.
 *            Whoever moves PENDING on by compare-and-swap owns the run: a worker, a
 *            helping waiter, a canceller. RUNNING is moved on by its runner, or by
 *            cz_record_abandon, after which the runner only lets go.
 *  SLEEPER   set by a waiter before it sleeps on the word, never cleared; the runner
 *            that sees it when it stores the final phase makes the wake call.
 *  HANDLE    held by the caller's handle (a TaskResult); cleared when that is dropped.
 *  POOL      held by the lane from push until the record has been popped and, if it
 *            ran, has ended.
 *  Whoever clears the last of HANDLE and POOL frees the block.
 *  EXTRA     record->extra is valid (a time limit, a watcher ...). Set once.
 *  WATCHED   the end is posted in the mailbox; the watcher keeps the handle until then.
 *  DIVERT    a failure is posted instead of ending the record: cz_record_retry or
 *            cz_record_conclude decides.
 *  RERUN     its run failed with the status of its type that asks for another way: it was
 *            posted as CZ_MAIL_RERUN, goes on as RUNNING, and is the taker's to conclude.
 *  STOP_...  somebody asked that it be stopped, and why. A record that is FAILED with
 *            STOP_TIMEOUT has run into its time limit.
 */
enum {
    CZ_PENDING = 0,
    CZ_RUNNING = 1,
    CZ_COMPLETED = 2,
    CZ_FAILED = 3,
    CZ_CANCELLED = 4,
    CZ_RETRYING = 5, /* waits for its next try */
    CZ_PHASE = 7,
    CZ_SLEEPER = 8,
    CZ_HANDLE = 16,
    CZ_POOL = 32,
    CZ_EXTRA = 64,
    CZ_WATCHED = 128,
    CZ_DIVERT = 256,
    CZ_STOP_CANCEL = 512,
    CZ_STOP_TIMEOUT = 1024,
    CZ_RERUN = 2048,
};

static inline int cz_is_final(uint32_t state)
{
    return (state & CZ_PHASE) - CZ_COMPLETED <= (uint32_t)(CZ_CANCELLED - CZ_COMPLETED);
}

/* Why a record is in the mailbox. */
enum {
    CZ_MAIL_ENDED = 1,  /* it is watched, and final */
    CZ_MAIL_FAILED = 2, /* it diverts failures, and the pool's hold is the taker's now */
    CZ_MAIL_RERUN = 8,  /* it is to be run in another way; the pool's hold is the taker's now */
    CZ_MAIL_STOP = 4,   /* its time is over, and to stop it is beyond the library's means */
};

struct cz_type;
struct cz_record {
    CZ_ATOMIC(uint32_t) state;
    int32_t status;             /* what the entry returned; valid when FAILED */
    const struct cz_type *type; /* constant after submission */
    void *error;                /* written by the entry; valid when FAILED */
    uint64_t id;                /* the submitter's number for this call */
    uint64_t queued_at;         /* ticks */
    uint64_t started_at;        /* ticks; 0 while it has not started */
    uint64_t finished_at;       /* ticks; valid in a final phase */
    uint16_t level;
    uint16_t retries; /* the submitter's: tries after the first */
    uint32_t extra;   /* number of its extra, valid with CZ_EXTRA */
};

/* A record lies this far inside its block: room for the header of a foreign object
 * and two words, so that a language binding can make the block its own object. */
enum { CZ_PREFIX = 32 };

typedef int32_t (*cz_entry)(void *payload, void **error);

struct cz_span {
    char *base;
    int64_t outer_stride; /* bytes */
    int64_t inner_stride; /* bytes */
};
/* Runs the items [begin, end): item i lies at base + i / inner * outer_stride +
 * i % inner * inner_stride of each span. 0, or the status of the item *failed. */
typedef int32_t (*cz_chunk)(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                            int64_t *failed, void **error);

struct cz_pool_options {
    size_t size;            /* sizeof(struct cz_pool_options) */
    uint32_t workers;       /* native workers, 1..1024 */
    uint32_t guests;        /* the most guest workers of the Python lane, 1..1024 */
    uint64_t queue_size;    /* entries per level and lane, 1..2^31 */
    uint64_t memory_limit;  /* bytes of record memory, 0 = no limit */
    uint64_t stack_bytes;   /* of a worker, 0 = 8 MiB */
    uint32_t without_stats; /* 1: count nothing, publish nothing */
    uint32_t count_memory;  /* 1: count what runs allocate, in a process on jemalloc */
    uint32_t relief;        /* 1: entries that wait too long get further workers */
    void *(*allocate)(size_t alignment, size_t bytes); /* NULL = the library's own ways */
    void (*release)(void *memory);                     /* NULL likewise */
};

struct cz_pool;
struct cz_arena;
struct cz_lane;
struct cz_cache;
struct cz_guest;
struct cz_batch;

/* --- library ----------------------------------------------------------------------- */

CZ_API uint32_t cz_abi_version(void);
/* The sentence for an error code; never NULL. */
CZ_API const char *cz_error_text(int code);
/* CLOCK_MONOTONIC nanoseconds of a tick count. May take a millisecond when called
 * within the first milliseconds of the process (it measures the counter's rate). */
CZ_API int64_t cz_ticks_ns(uint64_t ticks);
CZ_API uint64_t cz_ticks(void);

/* --- pool -------------------------------------------------------------------------- */

/* Start a pool: its native workers, the reserved CRITICAL worker and the clock thread.
 * CZ_ENOMEM, CZ_ETHREAD, CZ_EINVAL: nothing is left behind. */
CZ_API int cz_pool_create(const struct cz_pool_options *options, struct cz_pool **out);
CZ_API struct cz_lane *cz_pool_lane(struct cz_pool *pool, int kind);
/* Refuse further pushes. Queued records still run. Idempotent. */
CZ_API void cz_pool_close(struct cz_pool *pool);
/* After close: wait until the native threads have run everything and ended.
 * CZ_ETIMEDOUT (timeout_ns < 0 waits without limit), CZ_EINTR: call again. */
CZ_API int cz_pool_join(struct cz_pool *pool, int64_t timeout_ns);
/* After a successful join, when no guest is inside and no handle is left that could
 * be waited for: free everything but the record memory still held by handles. */
CZ_API void cz_pool_destroy(struct cz_pool *pool);
/* Cancel what is queued in the native lane and has not started, and what is delayed or waits
 * for its next try in either lane; batches hand out no further items. Returns how many
 * entries. (What is queued in the Python lane: cz_lane_take, after this.) */
CZ_API uint64_t cz_pool_cancel_pending(struct cz_pool *pool);
/* Stop what the native workers run, if its type or batch is interruptible; it ends as CANCELLED.
 * For a pool that is given up: from now on the pool stops whatever its workers are inside of at
 * each further call. What is not in code that may be left at that moment goes on, so call it
 * until it returns 0. Returns how many workers were inside a run. */
CZ_API uint32_t cz_pool_stop_running(struct cz_pool *pool);
/* How many records of both lanes are delayed or wait for their next try (those: *retrying), and
 * what the creators of their types gave as owner, of the first `room`. */
CZ_API uint64_t cz_pool_delayed(struct cz_pool *pool, void **owners, uint64_t room,
                                uint64_t *retrying);
CZ_API uint32_t cz_pool_workers(const struct cz_pool *pool);
/* Bytes of record memory that the pool holds, and blocks of it that are in use. */
CZ_API void cz_pool_memory(struct cz_pool *pool, uint64_t *bytes, uint64_t *blocks);

/* Bytes that runs which were stopped had allocated by malloc and not freed: nobody will.
 * UINT64_MAX where the allocator does not count by thread (all but jemalloc). */
CZ_API uint64_t cz_pool_left(const struct cz_pool *pool);

/* --- types and records ------------------------------------------------------------- */

/* Describe the calls of one compiled function. entry may be NULL for the Python lane.
 * NULL when out of memory or when the payload is over 1,952 bytes. Freed by the pool. */
CZ_API struct cz_type *cz_type_create(struct cz_pool *pool, cz_entry entry, uint64_t payload_size,
                                      void *owner);
/* What the creator gave as owner: a type begins with it. */
static inline void *cz_type_owner(const struct cz_type *type)
{
    return *(void *const *)type;
}
CZ_API void *cz_payload(struct cz_record *record);

/* Count the calls of this type under an account of its pool, or nowhere; before the first of
 * them. */
#define CZ_UNCOUNTED UINT32_MAX
CZ_API void cz_type_account(struct cz_type *type, uint32_t account);

/* Where the process runs on jemalloc, the records of a pool lie in an arena of its own. A type
 * may have one for itself: its records, and what its entry allocates by malloc, on a worker, a
 * waiter or (cz_arena_enter) a guest, lie there. What is freed by other threads goes back when
 * their caches do. */
#define CZ_NO_ARENA UINT32_MAX
/* The arena of this name, made on the first call. NULL: not on jemalloc, a pool with an
 * allocator of its own, or out of memory. Lives as long as the pool. */
CZ_API struct cz_arena *cz_pool_arena(struct cz_pool *pool, const char *name);
/* jemalloc's number of an arena, or (NULL) of the one of the pool's other records; CZ_NO_ARENA. */
CZ_API uint32_t cz_arena_number(struct cz_pool *pool, const struct cz_arena *arena);
/* Before the first of its calls; NULL: none. */
CZ_API void cz_type_arena(struct cz_type *type, struct cz_arena *arena);
/* malloc serves the calling thread from the type's arena until cz_arena_leave gets what this
 * returned. Nests. Costs a few microseconds if the type has one, else nothing. */
CZ_API uint32_t cz_arena_enter(const struct cz_type *type);
CZ_API void cz_arena_leave(uint32_t before);

/* A cache belongs to one user at a time: the caller serialises its uses. */
CZ_API struct cz_cache *cz_cache_create(struct cz_pool *pool);
/* Hand all its blocks back and free it. */
CZ_API void cz_cache_destroy(struct cz_cache *cache);

/* A block for one call of `type`: state PENDING|HANDLE|POOL, times 0, payload unset.
 * NULL when out of memory or at the memory limit. */
CZ_API struct cz_record *cz_record_new(struct cz_cache *cache, const struct cz_type *type);
/* Give back a record that no lane holds. */
CZ_API void cz_record_free(struct cz_cache *cache, struct cz_record *record);
/* Drop the handle; frees the block if the pool has let go of it. */
CZ_API void cz_record_drop(struct cz_cache *cache, struct cz_record *record);
/* Let go of the pool's hold on a record that cz_guest_next or cz_lane_take returned;
 * frees the block if the handle is gone. */
CZ_API void cz_record_release(struct cz_cache *cache, struct cz_record *record);
/* Claim a pending record: 1 if the caller now runs it (RUNNING), 0 if it moved on. */
CZ_API int cz_record_start(struct cz_record *record);
/* End a record that the caller claimed: final phase, wake sleepers. HANDLE and POOL stay. */
CZ_API void cz_record_finish(struct cz_record *record, uint32_t phase);
/* Cancel a pending record: 1 if this call did it. */
CZ_API int cz_record_cancel(struct cz_record *record);
/* Sleep until the phase is final. 0, CZ_ETIMEDOUT, CZ_EINTR (a signal came). Polls for
 * some microseconds first. timeout_ns < 0: no limit. The caller holds the handle. */
CZ_API int cz_record_wait(struct cz_record *record, int64_t timeout_ns);
/* Run a claimed record's entry on the calling thread, finish it, and let go of the pool's
 * hold. The caller keeps the handle. */
CZ_API void cz_record_run(struct cz_record *record);

/* --- what few records have ------------------------------------------------------------- */

/* Post the record's end in the mailbox. 1: it will be posted; 0: it is final already, and
 * will not; CZ_ENOMEM. The caller keeps the handle until it has taken the mail. */
CZ_API int cz_record_watch(struct cz_record *record);
/* Before submission: limit each run to so many ns (0: no limit); divert failures. 0 or
 * CZ_ENOMEM. */
CZ_API int cz_record_limit(struct cz_record *record, int64_t limit_ns, int divert);
/* Instead of a push: push it after so many ns, which a full queue prolongs. 0, CZ_ENOMEM,
 * CZ_ECLOSED. */
CZ_API int cz_record_delay(struct cz_lane *lane, struct cz_record *record, uint32_t level,
                           int64_t delay_ns);
/* The same while a promise of the lane is open, which a close does not refuse. */
CZ_API int cz_record_delay_promised(struct cz_lane *lane, struct cz_record *record, uint32_t level,
                                    int64_t delay_ns);
/* For a record taken as CZ_MAIL_FAILED: try again after so many ns. 0; 1: the same, and a push
 * that is still due from before, because a waiter ran the record meanwhile, stands for this
 * one; CZ_ECLOSED: it was asked to stop meanwhile, so conclude it. Needs no memory: what is
 * posted has its extra. */
CZ_API int cz_record_retry(struct cz_lane *lane, struct cz_record *record, int64_t delay_ns);
/* The end of a record taken as CZ_MAIL_FAILED (no further try) or CZ_MAIL_RERUN. Lets go of the
 * pool's hold. CZ_FAILED | CZ_STOP_TIMEOUT: its time was over. */
CZ_API void cz_record_conclude(struct cz_cache *cache, struct cz_record *record, uint32_t phase);
/* Cancel, or stop the run with `why` (CZ_STOP_CANCEL, CZ_STOP_TIMEOUT). 1: it ends as CANCELLED
 * or FAILED, soon, or by itself before; 2: its type is not interruptible, or the system allows no
 * stop (no free signal, no /proc), so it is only marked (no further try): abandon it; 0: it has
 * ended already (or there is no memory). */
CZ_API int cz_record_stop(struct cz_record *record, uint32_t why);
/* Give a running record its final phase although its run goes on. 1 if this call did. */
CZ_API int cz_record_abandon(struct cz_record *record, uint32_t phase);
/* The bytes that the last run of an ended record has asked malloc for on its thread; UINT64_MAX
 * where that is not known: nobody counts (cz_pool_options.count_memory), other threads had a part
 * in it or a thread without a meter ran it, or too many records have ended since. While the pool
 * lives. */
CZ_API uint64_t cz_record_allocated(const struct cz_record *record);
/* A run by the caller begins: arm the limit. For records started by cz_record_start. */
CZ_API void cz_record_begin(struct cz_record *record);
/* The record's memory, not from a cache, is about to be freed. */
CZ_API void cz_record_forget(struct cz_record *record);
/* The runs of this type may be stopped at any instruction of the code made at run time. */
CZ_API void cz_type_set_interruptible(struct cz_type *type);
/* A run of this type on a worker that fails with `status` (not 0) is to be run in another way: it
 * is posted as CZ_MAIL_RERUN. If its handle is gone, or it was asked to stop, or there is no
 * memory, it just ends. */
CZ_API void cz_type_set_rerun(struct cz_type *type, int32_t status);
/* The record whose run on a native worker, or in cz_record_run, the calling thread is inside of;
 * NULL if it is in none, or in a chunk. */
CZ_API const void *cz_record_here(void);
/* The time limit that was set, 0 for none. */
CZ_API int64_t cz_record_limit_ns(struct cz_record *record);

/* One thread takes mail. NULL when there is none. */
CZ_API struct cz_record *cz_mail_take(struct cz_pool *pool, uint32_t *reasons);
/* Sleep until there is mail, at most so long. 0, CZ_ETIMEDOUT, CZ_EINTR; may return early. */
CZ_API int cz_mail_wait(struct cz_pool *pool, int64_t timeout_ns);
/* End a sleep of the mail's taker. */
CZ_API void cz_mail_ring(struct cz_pool *pool);

/* The lane stays until each promise is kept: something will be pushed with
 * cz_lane_push_promised although the lane may be closed by then. 0 or CZ_ECLOSED. */
CZ_API int cz_lane_promise(struct cz_lane *lane);
CZ_API void cz_lane_promise_kept(struct cz_lane *lane);
/* One more promise by somebody who holds one: also of a closed lane. */
CZ_API void cz_lane_promise_more(struct cz_lane *lane);
/* A push that a close does not refuse: CZ_EFULL only. Does not keep the promise. */
CZ_API int cz_lane_push_promised(struct cz_lane *lane, struct cz_record *record, uint32_t level);

/* --- lanes ------------------------------------------------------------------------- */

/* Queue a record and wake a worker if one is needed. CZ_EFULL, CZ_ECLOSED: the record
 * stays the caller's. Never blocks. */
CZ_API int cz_lane_push(struct cz_lane *lane, struct cz_record *record, uint32_t level);
/* Queue n records of one type, at least one, as one entry; otherwise as n calls of cz_lane_push.
 * Also CZ_ENOMEM. */
CZ_API int cz_lane_push_bundle(struct cz_lane *lane, struct cz_record *const *records, uint32_t n,
                               uint32_t level);
/* Sleep until the level probably has room. 0, CZ_ETIMEDOUT, CZ_EINTR, CZ_ECLOSED. */
CZ_API int cz_lane_wait_space(struct cz_lane *lane, uint32_t level, int64_t timeout_ns);
/* Entries queued at a level, at some moment of the call. */
CZ_API uint64_t cz_lane_depth(struct cz_lane *lane, uint32_t level);

/* Join a lane as a guest worker; NULL when out of memory. One thread per guest. level: CZ_LEVELS,
 * or that of a relief worker, one at most per level: it sleeps in cz_guest_wait until entries of
 * this level have waited for too long; that of CRITICAL, until there are any. */
CZ_API struct cz_guest *cz_guest_enter(struct cz_lane *lane, uint32_t level);
/* The levels, as bits, that the clock misses a relief worker for since the last call; it rings the
 * mail's taker then. Python lane only. */
CZ_API int cz_lane_wants_relief(struct cz_lane *lane);
/* Leave; wakes another worker if work is left. */
CZ_API void cz_guest_leave(struct cz_guest *guest);
/* The next record, taken off the queue but not claimed, or NULL. Never blocks. *alone is
 * 1 when this record may take long, others are queued behind it and no worker
 * sleeps or looks out for them: the caller may add a worker. */
CZ_API struct cz_record *cz_guest_next(struct cz_guest *guest, int *alone);
/* The record of the last cz_guest_next, of this type, has been dealt with; it ran for
 * so many ticks (0: it did not run). */
CZ_API void cz_guest_done(struct cz_guest *guest, const struct cz_type *type, uint64_t ticks);
/* Sleep until there may be work. 0; CZ_ECLOSED when the lane is closed and empty;
 * CZ_ETIMEDOUT. */
CZ_API int cz_guest_wait(struct cz_guest *guest, int64_t timeout_ns);
/* Take a record off the queues of a lane without serving it; NULL when they are empty. */
CZ_API struct cz_record *cz_lane_take(struct cz_lane *lane);
/* 1 if anything is queued or a worker is awake. */
CZ_API int cz_lane_busy(struct cz_lane *lane);
/* Look out for guests that block while entries wait, and say so in cz_lane_wants_guest. */
CZ_API void cz_lane_scale(struct cz_lane *lane, int on);
/* 1, once, if the lane should get another guest. The mail's taker is woken when it should. */
CZ_API int cz_lane_wants_guest(struct cz_lane *lane);
/* 1 if a push now would find neither a sleeping nor a looking-out worker. */
CZ_API int cz_lane_unattended(const struct cz_lane *lane);

/* --- batches ----------------------------------------------------------------------- */

enum {
    CZ_BATCH_COLLECT = 1,       /* go on after a failing item and remember every failure */
    CZ_BATCH_INTERRUPTIBLE = 2, /* a cancel may leave a running chunk in the middle */
    CZ_BATCH_AGAIN = 4, /* CZ_LEFT is no failure: the mail's taker has such items computed */
};
/* The status of an item that compiled code has no answer to. */
#define CZ_LEFT 2
/* Queue chunk over [0, length). spans: nspans entries, copied. Stops at the first failing
 * item, unless flags say otherwise. The arrays must live until the batch has ended.
 * chunk_size: items per chunk, 0 = adapt. account: where the items are counted. arena: where
 * the chunks allocate, or NULL.
 * CZ_EFULL, CZ_ECLOSED, CZ_ENOMEM, CZ_EINVAL. */
CZ_API int cz_batch_submit(struct cz_lane *lane, cz_chunk chunk, const struct cz_span *spans,
                           uint32_t nspans, int64_t inner, int64_t length, int64_t chunk_size,
                           uint32_t level, int flags, uint32_t account, struct cz_arena *arena,
                           struct cz_batch **out);
CZ_API int cz_batch_wait(struct cz_batch *batch, int64_t timeout_ns);
/* The phase now (CZ_PENDING ... CZ_CANCELLED). */
CZ_API uint32_t cz_batch_phase(const struct cz_batch *batch);
/* Items that have ended, without those of CZ_BATCH_AGAIN. */
CZ_API int64_t cz_batch_done(const struct cz_batch *batch);
/* Items before this index were handed out to workers. When the batch has ended by cancel
 * or failure, each of them has run, and none at or after it can be relied on. */
CZ_API int64_t cz_batch_handed_out(const struct cz_batch *batch);
/* Hand out no further items; running chunks end. 1 if the batch was not ended yet. */
CZ_API int cz_batch_cancel(struct cz_batch *batch);
/* 1: the mailbox gets CZ_MAIL_ENDED when it has ended, for which cz_batch_told returns `listener`
 * (not NULL); 2: that of an earlier call will; 0: it has ended already; CZ_ENOMEM. One
 * thread at a time. The handle must live until the mail was taken. */
CZ_API int cz_batch_watch(struct cz_batch *batch, void *listener);
/* Of a record from the mailbox, once: the listener if it is that of a batch, which may be dropped
 * from then on; else NULL. */
CZ_API void *cz_batch_told(struct cz_record *record);
/* Failure number i in order of index, after the end. Returns the number of failures
 * known; fills the three when i is below it. */
CZ_API uint64_t cz_batch_failure(struct cz_batch *batch, uint64_t i, int64_t *index,
                                 int32_t *status, void **error);
/* 1: with CZ_BATCH_AGAIN, it has ended with such items and was not cancelled. The mail's taker was
 * woken, and the promise of the lane is the taker's: cz_lane_promise_kept once the items are
 * queued in some way. */
CZ_API int cz_batch_left(const struct cz_batch *batch);
/* Add to a counter (enum cz_count) of the account of its items. */
CZ_API void cz_batch_count(struct cz_batch *batch, uint32_t what, uint64_t n);
/* 1 once no worker will touch the batch or its arrays again. */
CZ_API int cz_batch_released(const struct cz_batch *batch);
/* Queued, started, finished, in ticks; 0 for what has not happened. */
CZ_API void cz_batch_times(const struct cz_batch *batch, uint64_t *queued, uint64_t *started,
                           uint64_t *finished);
/* Drop the handle. */
CZ_API void cz_batch_drop(struct cz_batch *batch);

/* --- fork and join: called by compiled code -------------------------------------------- */

/* A frame is one call that another worker may take. From CZ_FRAME_PAYLOAD on it has room for the
 * result and the arguments; before that, at bytes 4, 8, 24, 40 and 56: the status and the error of
 * a call that has ended, `drop`, a serial number that is another one once it was freed, `depth`.
 * A function that forks has a chain, NULL at first, and calls these on one thread. */
enum { CZ_FRAME_PAYLOAD = 64, CZ_FRAME_ROOM = 448 };
/* Runs the call. how: 0 for its joiner, 1 at the bottom of a thread's stack, 2 on top of other
 * calls, whose depth of recursion it must not take for its own. 0, or a status and *error. */
typedef int32_t (*cz_forked)(void *payload, void **error, int32_t how);
/* A frame for a call of `run`, a cz_forked. drop: a function that lets go of a result which nobody
 * joined, or NULL. NULL when out of memory. */
CZ_API void *cz_fork_begin(void *run, void *drop, int64_t depth, void **chain);
/* The arguments are in: others may take it. */
CZ_API void cz_fork_push(void *frame);
/* 0: the caller is to run the call now; 1: it has ended; -1: it was joined before. Waits, and runs
 * other calls meanwhile. Does not return if the run is stopped. */
CZ_API int32_t cz_fork_join(void *frame, int64_t serial, void **chain);
/* After the join, when the result was read. */
CZ_API void cz_fork_end(void *frame);
/* Lets go of what an error owns that nobody will hear of. */
typedef void (*cz_error_drop)(int32_t status, void *error);
/* End all calls of a chain. The status and the error of the first that failed, or 0. drop: a
 * cz_error_drop, which is given the other errors. */
CZ_API int32_t cz_fork_sync(void *chain, void **error, void *drop);

/* --- parallel loops: called by compiled code ------------------------------------------- */

/* Run iterations begin to end - 1 of a loop. context: what cz_loop_begin returned. partial: of a
 * loop with a width, the partial result that these iterations are added to. how: as of cz_forked.
 * 0, or a status and *error. */
typedef int32_t (*cz_loop_body)(void *context, int64_t begin, int64_t end, void *partial,
                                void **error, int32_t how);
/* Add a partial result to one of earlier iterations. 0, or a status and *error. */
typedef int32_t (*cz_loop_merge)(void *into, const void *partial, void **error);
/* Memory for a loop of `length` iterations: `room` bytes for what the body reads, then from the
 * next multiple of 64 on `width` bytes for the partial result of no iterations. It lives until
 * cz_loop_end, or until the run is stopped. NULL when out of memory. */
CZ_API void *cz_loop_begin(int64_t length, int64_t room, int64_t width);
/* Run the loop: body and merge are a cz_loop_body and a cz_loop_merge, the latter NULL without a
 * width. Idle workers help. cost: what the iterations of this loop take, 0 at first; kept from run
 * to run. whole: the iterations of one partial result are run by one call. 0, and the result in
 * the place of the partial result of no iterations; or the status and *error of the first iteration
 * that fails. All iterations before that one were run, and maybe some behind it. drop: a
 * cz_error_drop, which is given the other errors. Does not return if the run is stopped. */
CZ_API int32_t cz_loop_run(void *context, void *body, void *merge, int64_t *cost, int32_t whole,
                           void *drop, void **error);
CZ_API void cz_loop_end(void *context);

/* --- arrays: called by compiled code ---------------------------------------------------- */

/* From now on cz_array_new serves. interface: Numba's NRT_api_functions. alloc_aligned: its
 * NRT_MemInfo_alloc_aligned, which serves small arrays, and all of them in a process on jemalloc or
 * while there is no pool. Whether memory of arrays is ever kept. */
CZ_API int cz_array_memory(void *interface, void *alloc_aligned);
/* As NRT_MemInfo_alloc_aligned. */
CZ_API void *cz_array_new(size_t bytes, uint32_t alignment);
/* Bytes that are kept for the next arrays. */
CZ_API uint64_t cz_array_spare(void);

/* --- open loops: Numba's threading layer ------------------------------------------------- */

/* From now on idle native workers of this pool help in open loops, until it closes. threads: how
 * many take part in a loop unless told otherwise. interrupted: an `int f(void)`, called on the
 * owner of a loop now and then; not 0: the rest of the loop is given up. NULL: nobody is asked. */
CZ_API void cz_open_loops_home(struct cz_pool *pool, int64_t threads, void *interrupted);
/* Run a loop: `function` is called as NumPy calls a generalized ufunc, with some of the
 * dimensions[0] iterations each time, on at most so many threads, the caller among them. inner: how
 * many dimensions follow. arrays: how many arguments. Any thread; calls may be nested. */
CZ_API void cz_open_loop_run(void *function, char **arguments, size_t *dimensions, size_t *steps,
                             void *data, size_t inner, size_t arrays, int64_t threads);
/* Of the calling thread: how many threads its loops run on; which of these it is, from 0; how many
 * iterations are scheduled together, 0: the library's choice (the set function returns the
 * number before). */
CZ_API int64_t cz_open_loop_threads(void);
CZ_API void cz_open_loop_set_threads(int32_t threads);
CZ_API int64_t cz_open_loop_slot(void);
CZ_API uint64_t cz_open_loop_chunk(void);
CZ_API uint64_t cz_open_loop_set_chunk(uint32_t iterations);
/* How many parts a loop over so many ranges, their ends included, is to be divided into. */
CZ_API uint64_t cz_open_loop_divisions(uint64_t threads, uint64_t count, const int64_t *first,
                                       const int64_t *last);

/* --- statistics -------------------------------------------------------------------- */

/* What is counted per account. The first four are ends, one per call. */
enum cz_count {
    CZ_COUNT_COMPLETED,
    CZ_COUNT_FAILED,
    CZ_COUNT_CANCELLED, /* before they ran, or while */
    CZ_COUNT_TIMED_OUT,
    CZ_COUNT_RETRIED, /* further tries */
    CZ_COUNT_RERUN,   /* of those that failed: run in another way, which gave a value */
    CZ_COUNTS,
};

/* The account of this name (UTF-8; the first 111 bytes count) in a lane, made on the
 * first call. 0 (native lane) or 1 (Python lane) when there are no more, or no
 * statistics: what has no account of its own is counted there. */
CZ_API uint32_t cz_pool_account(struct cz_pool *pool, int lane, const char *name);
/* Add to a counter (enum cz_count) of the type's account; what the library sees it counts
 * by itself. */
CZ_API void cz_type_count(const struct cz_type *type, uint32_t what, uint64_t n);
/* The calls of this type are not counted, only shown as what their worker is inside of: they run
 * items of a map, told by cz_type_ran, or stand for calls that are counted. Before the first of
 * them. */
CZ_API void cz_type_set_carrier(struct cz_type *type);
/* Some items of a map that the calling thread has run; times of CLOCK_MONOTONIC. */
struct cz_items {
    int64_t queued_ns;
    int64_t started_ns;
    int64_t ended_ns;
    uint64_t map; /* a number for the map */
    uint64_t first;
    uint64_t items;
    uint64_t failed;
    uint64_t cancelled; /* items that will not run */
    uint32_t level;
};
/* Count them as calls of the type: each ran for their mean time. */
CZ_API void cz_type_ran(const struct cz_type *type, const struct cz_items *items);
/* Something was compiled, or refused, from one time of CLOCK_MONOTONIC to another: an event
 * for whoever traces the pool. */
CZ_API void cz_pool_compiled(struct cz_pool *pool, const char *name, int64_t began_ns,
                             int64_t ended_ns, int refused, int from_cache);
/* The segment that holds everything (native/src/stats.h), with the numbers that are
 * sampled brought up to date. 1; 0 when the pool goes without. Lives as long as the pool. */
CZ_API int cz_pool_stats(struct cz_pool *pool, const void **segment, uint64_t *bytes);

/* --- the table for the language binding ---------------------------------------------- */

/* The functions that run once per task, as pointers, so that the binding links
 * against nothing. */
struct cz_api {
    size_t size;
    uint32_t abi_version;
    struct cz_record *(*record_new)(struct cz_cache *, const struct cz_type *);
    void (*record_drop)(struct cz_cache *, struct cz_record *);
    void (*record_release)(struct cz_cache *, struct cz_record *);
    int (*record_start)(struct cz_record *);
    void (*record_finish)(struct cz_record *, uint32_t);
    int (*record_cancel)(struct cz_record *);
    int (*record_wait)(struct cz_record *, int64_t);
    void (*record_run)(struct cz_record *);
    int64_t (*ticks_ns)(uint64_t);
    int (*lane_push)(struct cz_lane *, struct cz_record *, uint32_t);
    int (*lane_wait_space)(struct cz_lane *, uint32_t, int64_t);
    int (*lane_unattended)(const struct cz_lane *);
    struct cz_record *(*lane_take)(struct cz_lane *);
    struct cz_guest *(*guest_enter)(struct cz_lane *, uint32_t);
    void (*guest_leave)(struct cz_guest *);
    struct cz_record *(*guest_next)(struct cz_guest *, int *);
    void (*guest_done)(struct cz_guest *, const struct cz_type *, uint64_t);
    int (*guest_wait)(struct cz_guest *, int64_t);
    uint64_t (*ticks)(void);
    int (*record_watch)(struct cz_record *);
    int (*record_limit)(struct cz_record *, int64_t, int);
    int64_t (*record_limit_ns)(struct cz_record *);
    int (*record_delay)(struct cz_lane *, struct cz_record *, uint32_t, int64_t);
    int (*record_delay_promised)(struct cz_lane *, struct cz_record *, uint32_t, int64_t);
    int (*record_retry)(struct cz_lane *, struct cz_record *, int64_t);
    void (*record_conclude)(struct cz_cache *, struct cz_record *, uint32_t);
    int (*record_stop)(struct cz_record *, uint32_t);
    int (*record_abandon)(struct cz_record *, uint32_t);
    void (*record_begin)(struct cz_record *);
    void (*record_forget)(struct cz_record *);
    struct cz_record *(*mail_take)(struct cz_pool *, uint32_t *);
    int (*mail_wait)(struct cz_pool *, int64_t);
    void (*mail_ring)(struct cz_pool *);
    int (*lane_busy)(struct cz_lane *);
    int (*lane_wants_guest)(struct cz_lane *);
    int (*lane_wants_relief)(struct cz_lane *);
    int (*lane_promise)(struct cz_lane *);
    void (*lane_promise_kept)(struct cz_lane *);
    void (*lane_promise_more)(struct cz_lane *);
    int (*lane_push_promised)(struct cz_lane *, struct cz_record *, uint32_t);
    void (*cache_destroy)(struct cz_cache *);
    void (*pool_destroy)(struct cz_pool *);
    void (*type_count)(const struct cz_type *, uint32_t, uint64_t);
    int (*batch_watch)(struct cz_batch *, void *);
    void *(*batch_told)(struct cz_record *);
    int (*batch_released)(const struct cz_batch *);
    void (*batch_drop)(struct cz_batch *);
    uint32_t (*arena_enter)(const struct cz_type *);
    void (*arena_leave)(uint32_t);
    int (*lane_push_bundle)(struct cz_lane *, struct cz_record *const *, uint32_t, uint32_t);
    uint64_t (*record_allocated)(const struct cz_record *);
};
CZ_API const struct cz_api *cz_api_table(void);

#endif
