#include "extra.h"

#include <string.h>

#include "record.h"
#include "state.h"
#include "timer.h"

void cz__extras_init(struct cz__extras *extras, struct cz__depot *depot)
{
    memset(extras, 0, sizeof *extras);
    extras->depot = depot;
    pthread_mutex_init(&extras->lock, NULL);
}

void cz__extras_free(struct cz__extras *extras)
{
    for (unsigned i = 0; i < CZ__EXTRA_CHUNKS; i++)
        if (extras->chunks[i])
            extras->depot->release(extras->chunks[i]);
    pthread_mutex_destroy(&extras->lock);
}

struct cz__extras *cz__extras_of(const struct cz_record *record)
{
    return record->type->extras;
}

/* Chunk i holds FIRST << i extras, numbered on from the chunk before. */
struct cz__extra *cz__extra_numbered(struct cz__extras *extras, uint32_t number)
{
    uint32_t index = number - 1 + CZ__EXTRA_FIRST;
    unsigned top = 31 - (unsigned)__builtin_clz(index);
    unsigned chunk = top - 10; /* log2 of CZ__EXTRA_FIRST */
    return &extras->chunks[chunk][index - ((uint32_t)1 << top)];
}

struct cz__extra *cz__extra_of(const struct cz_record *record)
{
    return cz__extra_numbered(cz__extras_of(record), record->extra);
}

static bool make_room(struct cz__extras *extras)
{
    uint32_t index = extras->cut + CZ__EXTRA_FIRST;
    unsigned top = 31 - (unsigned)__builtin_clz(index);
    struct cz__extra **chunk = &extras->chunks[top - 10];
    if (top - 10 >= CZ__EXTRA_CHUNKS)
        return false;
    if (*chunk == NULL)
        *chunk = cz__zalloc(extras->depot, ((size_t)1 << top) * sizeof **chunk);
    return *chunk != NULL;
}

static struct cz__extra *new_extra(struct cz__extras *extras)
{
    struct cz__extra *extra;
    uint32_t number = extras->free;
    if (number) {
        extra = cz__extra_numbered(extras, number);
        extras->free = extra->below;
    } else {
        if (!make_room(extras))
            return NULL;
        number = ++extras->cut;
        extra = cz__extra_numbered(extras, number);
    }
    extra->number = number;
    extra->lane = NULL;
    extra->limit = 0;
    extra->attempts = extra->below = 0;
    extra->purpose = CZ__TIMER_NONE;
    cz__store_relaxed(&extra->reasons, 0);
    return extra;
}

void cz__extra_free(struct cz__extras *extras, struct cz__extra *extra)
{
    extra->below = extras->free;
    extras->free = extra->number;
}

bool cz__extra_ensure(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *extra;
    if (cz__load_acquire(&record->state) & CZ_EXTRA)
        return true;
    extra = new_extra(extras);
    if (extra == NULL)
        return false;
    extra->record = record;
    record->extra = extra->number;
    cz__or_acqrel(&record->state, CZ_EXTRA);
    return true;
}

bool cz__extra_ensure_running(struct cz_record *record, uint32_t flags)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *fresh = NULL;
    uint32_t state = cz__load_acquire(&record->state);
    while (cz__phase(state) == CZ_RUNNING) {
        if (!(state & CZ_EXTRA) && fresh == NULL) {
            if ((fresh = new_extra(extras)) == NULL)
                return false;
            fresh->record = record;
            record->extra = fresh->number;
        }
        if (cz__cas_acqrel(&record->state, &state, state | CZ_EXTRA | flags))
            return true;
    }
    if (fresh)
        cz__extra_free(extras, fresh);
    return false;
}

void cz__extra_forget(struct cz_record *record)
{
    struct cz__extras *extras = cz__extras_of(record);
    struct cz__extra *extra;
    pthread_mutex_lock(&extras->lock);
    extra = cz__extra_of(record);
    cz__timer_disarm(extras, extra);
    extra->record = NULL;
    if (cz__load_acquire(&extra->reasons) == 0) /* else whoever takes it from the mailbox does */
        cz__extra_free(extras, extra);
    pthread_mutex_unlock(&extras->lock);
}
