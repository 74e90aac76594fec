#include "allocated.h"

#include "record.h"
#include "stats.h"

/* A figure is one word, so that no reader sees halves of two: above, what tells its id from the
 * others of its place; below, the bytes and one, 0 where they are not known. */
enum { BITS = 40 };
static const uint64_t MOST = ((uint64_t)1 << BITS) - 1;

static uint64_t sign_of(uint64_t id)
{
    return id / CZ__FIGURES << BITS;
}

void cz__figure_store(_Atomic(uint64_t) *figures, uint64_t id, uint64_t bytes)
{
    cz__store_relaxed(&figures[id % CZ__FIGURES], sign_of(id) | (bytes < MOST ? bytes + 1 : 0));
}

uint64_t cz__figure_load(const _Atomic(uint64_t) *figures, uint64_t id)
{
    uint64_t figure = cz__load_relaxed(&figures[id % CZ__FIGURES]);
    return (figure & ~MOST) == sign_of(id) && figure & MOST ? (figure & MOST) - 1 : UINT64_MAX;
}

uint64_t cz__runs_leave(struct cz__runs *runs, const struct cz_record *record)
{
    uint32_t depth = runs->depth;
    if (depth > CZ__NESTED) {
        runs->depth--;
        return UINT64_MAX;
    }
    /* Those above it have been left without their end. */
    while (depth && runs->run[depth - 1].record != record)
        depth--;
    if (depth == 0)
        return UINT64_MAX;
    runs->depth = depth - 1;
    return runs->run[depth - 1].helped ? UINT64_MAX : runs->run[depth - 1].bytes;
}

uint64_t cz_record_allocated(const struct cz_record *record)
{
    const struct cz__stats *stats = record->type->stats;
    return stats && stats->figures ? cz__figure_load(stats->figures, record->id) : UINT64_MAX;
}
