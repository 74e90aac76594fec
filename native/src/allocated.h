/* allocated.h: what single runs have allocated, in a pool that counts memory (README,
 * "Statistics").
 *
 * A meter knows which runs are on its thread, one within the other where a waiter helps, and what
 * each has allocated so far; all of that is its thread's alone. When a run ends the figure goes to
 * the place of its record's id, where the next record of the same place takes it over: the figures
 * of the last CZ__FIGURES records are there, in half a megabyte.
 */
#ifndef CZ_ALLOCATED_H
#define CZ_ALLOCATED_H

#include "atomic.h"
#include "catzilla_jit.h"

enum {
    CZ__FIGURES = 1 << 16,
    CZ__NESTED = 8 /* runs within runs; nothing is known of what is deeper */
};

struct cz__runs {
    uint32_t depth; /* may be more than there is room for */
    struct {
        const struct cz_record *record;
        uint64_t bytes;
        bool helped; /* by other threads, whose part is not known */
    } run[CZ__NESTED];
};

static inline void cz__runs_enter(struct cz__runs *runs, const struct cz_record *record)
{
    uint32_t at = runs->depth++;
    if (at < CZ__NESTED) {
        runs->run[at].record = record;
        runs->run[at].bytes = 0;
        runs->run[at].helped = false;
    }
}

/* To the innermost run. */
static inline void cz__runs_grow(struct cz__runs *runs, uint64_t bytes)
{
    if (runs->depth - 1 < CZ__NESTED)
        runs->run[runs->depth - 1].bytes += bytes;
}

static inline void cz__runs_helped(struct cz__runs *runs)
{
    if (runs->depth - 1 < CZ__NESTED)
        runs->run[runs->depth - 1].helped = true;
}

/* The run of this record is over: what it has allocated, UINT64_MAX if that is not known. */
uint64_t cz__runs_leave(struct cz__runs *runs, const struct cz_record *record);

/* UINT64_MAX: no figure. */
void cz__figure_store(_Atomic(uint64_t) *figures, uint64_t id, uint64_t bytes);
uint64_t cz__figure_load(const _Atomic(uint64_t) *figures, uint64_t id);

#endif
