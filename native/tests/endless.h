/* endless.h: tasks that run for ever, in code that can be left at any instruction.
 */
#ifndef ENDLESS_H
#define ENDLESS_H

#include "count_down.h"
#include "running.h"

#include <signal.h>

static struct cz_type *type; /* of count_down, interruptible */
static void *code;

static inline void set_up_code(uint32_t workers)
{
    cz_entry entry;
    set_up(workers, 8192);
    memcpy(&entry, &code, sizeof entry);
    type = call_type(pool, entry);
    cz_type_set_interruptible(type);
}

static inline struct cz_record *run_for_ever(uint32_t level)
{
    struct cz_record *record = call_push(lane, cache, type, NULL, level);
    YIELD_UNTIL(phase_of(record) == CZ_RUNNING);
    return record;
}

static inline void check_still_serves(uint32_t level)
{
    struct cz_record *record = call_push(lane, cache, type, (void *)1, level);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
}

/* As if the worker had been kept off its processor between the two gates. */
static inline int32_t hear_nothing(void *payload, void **error)
{
    sigset_t all, before;
    (void)payload;
    (void)error;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
    gate_open(&entered, 1);
    gate_pass(&leave);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return 0;
}

/* Runs that on a worker, which is inside it at the return. */
static inline struct cz_record *push_deaf(void)
{
    struct cz_record *record =
        call_push(lane, cache, call_type(pool, hear_nothing), NULL, CZ_NORMAL);
    gate_pass(&entered);
    return record;
}

static inline void end_deaf(struct cz_record *record)
{
    gate_open(&leave, 1);
    CHECK(cz_record_wait(record, 60LL * SECOND_NS) == 0 && phase_of(record) == CZ_COMPLETED);
    cz_record_drop(cache, record);
}

#endif
