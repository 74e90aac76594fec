/* check.h: what the C tests share. CHECK and RUN; gates, which order threads (no test
 * sleeps to do that); an allocator that counts and can fail; pools and calls made of it.
 */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "catzilla_jit.h"

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                \
        }                                                                           \
    } while (0)

#define RUN(test)       \
    do {                \
        puts(#test);    \
        fflush(stdout); \
        test();         \
    } while (0)

enum { SECOND_NS = 1000000000, MILLISECOND_NS = 1000000 };

/* --- order ------------------------------------------------------------------------- */

/* Lets through as many as it was opened for. */
struct gate {
    sem_t passes;
};

static inline void gate_init(struct gate *gate)
{
    CHECK(sem_init(&gate->passes, 0, 0) == 0);
}

static inline void gate_open(struct gate *gate, int passes)
{
    while (passes--)
        CHECK(sem_post(&gate->passes) == 0);
}

static inline void gate_pass(struct gate *gate)
{
    while (sem_wait(&gate->passes))
        CHECK(errno == EINTR);
}

#define YIELD_UNTIL(condition) \
    do {                       \
        while (!(condition))   \
            sched_yield();     \
    } while (0)

static inline pthread_t start_thread(void *(*main)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, main, argument) == 0);
    return thread;
}

/* Of one thread. */
static inline int64_t processor_ns(pthread_t thread)
{
    clockid_t clock;
    struct timespec time;
    CHECK(pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &time) == 0);
    return (int64_t)time.tv_sec * SECOND_NS + time.tv_nsec;
}

/* For as long as half a second takes. */
static inline int64_t processor_ns_of_half_a_second(pthread_t thread)
{
    int64_t before = processor_ns(thread);
    usleep(500000);
    return processor_ns(thread) - before;
}

static inline void join_thread(pthread_t thread)
{
    CHECK(pthread_join(thread, NULL) == 0);
}

/* An entry that stays inside until it is let go. */
static struct gate entered, leave;

static inline int32_t block(void *payload, void **error)
{
    (void)payload, (void)error;
    gate_open(&entered, 1);
    gate_pass(&leave);
    return 0;
}

/* xorshift64*: one state per thread. */
static inline uint64_t draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* --- memory ------------------------------------------------------------------------ */

static _Atomic(long) check_live;         /* allocations not yet released */
static _Atomic(long) check_count;        /* allocations asked for */
static _Atomic(long) check_fail_at = -1; /* the one that fails, counted from 0 */

static inline void *check_allocate(size_t alignment, size_t bytes)
{
    void *memory;
    if (atomic_fetch_add(&check_count, 1) == atomic_load(&check_fail_at))
        return NULL;
    memory = aligned_alloc(alignment, bytes);
    if (memory == NULL)
        return NULL;
    /* Nothing may rely on fresh memory being zero. */
    memset(memory, 0xa5, bytes);
    atomic_fetch_add(&check_live, 1);
    return memory;
}

static inline void check_release(void *memory)
{
    CHECK(memory != NULL);
    atomic_fetch_sub(&check_live, 1);
    free(memory);
}

/* --- pools and calls --------------------------------------------------------------- */

static inline struct cz_pool_options pool_options(uint32_t workers, uint64_t queue_size)
{
    return (struct cz_pool_options){.size = sizeof(struct cz_pool_options),
                                    .workers = workers,
                                    .guests = 4,
                                    .queue_size = queue_size,
                                    .stack_bytes = 256 * 1024,
                                    .allocate = check_allocate,
                                    .release = check_release};
}

static inline struct cz_pool *pool_start(uint32_t workers, uint64_t queue_size)
{
    struct cz_pool_options options = pool_options(workers, queue_size);
    struct cz_pool *pool;
    CHECK(cz_pool_create(&options, &pool) == 0);
    return pool;
}

/* With relief workers (native/src/relief.h). */
static inline struct cz_pool *pool_start_relieved(uint32_t workers, uint64_t queue_size)
{
    struct cz_pool_options options = pool_options(workers, queue_size);
    struct cz_pool *pool;
    options.relief = 1;
    CHECK(cz_pool_create(&options, &pool) == 0);
    return pool;
}

/* The caller has destroyed its caches and dropped its handles. */
static inline void pool_stop(struct cz_pool *pool)
{
    cz_pool_close(pool);
    CHECK(cz_pool_join(pool, -1) == 0);
    cz_pool_destroy(pool);
    CHECK(atomic_load(&check_live) == 0);
}

/* The payload of the tests' calls: the result, then one argument. */
struct call {
    int64_t result;
    void *argument;
};

static inline struct call *call_of(struct cz_record *record)
{
    return cz_payload(record);
}

static inline struct cz_type *call_type(struct cz_pool *pool, cz_entry entry)
{
    struct cz_type *type = cz_type_create(pool, entry, sizeof(struct call), NULL);
    CHECK(type != NULL);
    return type;
}

static inline struct cz_record *call_new(struct cz_cache *cache, const struct cz_type *type,
                                         void *argument)
{
    struct cz_record *record = cz_record_new(cache, type);
    CHECK(record != NULL);
    *call_of(record) = (struct call){0, argument};
    return record;
}

static inline struct cz_record *call_push(struct cz_lane *lane, struct cz_cache *cache,
                                          const struct cz_type *type, void *argument,
                                          uint32_t level)
{
    struct cz_record *record = call_new(cache, type, argument);
    CHECK(cz_lane_push(lane, record, level) == 0);
    return record;
}

static inline uint32_t phase_of(struct cz_record *record)
{
    return atomic_load(&record->state) & CZ_PHASE;
}

/* Counts its runs in the argument. */
static inline int32_t count_run(void *payload, void **error)
{
    (void)error;
    atomic_fetch_add((_Atomic(long) *)((struct call *)payload)->argument, 1);
    return 0;
}

#endif
