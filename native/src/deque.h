/* deque.h: Chase and Lev's deque of pointers. Its owner pushes and pops at the bottom, anybody
 * steals at the top; of two who want the last one, one gets it. A full deque refuses.
 */
#ifndef CZ_DEQUE_H
#define CZ_DEQUE_H

#include <stddef.h>
#include <stdint.h>

#include "atomic.h"

#ifndef CZ__DEQUE_ROOM /* tests/model has a shorter one */
#define CZ__DEQUE_ROOM 1024
#endif

struct cz__deque {
    CZ_ALIGNED _Atomic(int64_t) top;    /* moved by who steals, and by the owner for the last one */
    CZ_ALIGNED _Atomic(int64_t) bottom; /* moved by the owner */
    _Atomic(void *) slots[CZ__DEQUE_ROOM];
};

/* By the owner. False: it is full. */
static inline bool cz__deque_push(struct cz__deque *deque, void *entry)
{
    int64_t bottom = cz__load_relaxed(&deque->bottom), top = cz__load_acquire(&deque->top);
    if (bottom - top >= CZ__DEQUE_ROOM)
        return false;
    cz__store_relaxed(&deque->slots[bottom % CZ__DEQUE_ROOM], entry);
    /* Pairs with the load in cz__deque_look. Of an empty deque seq_cst: the owner looks for
     * sleepers next, and who goes to sleep looks here when it has said so. */
    if (bottom == top)
        cz__store_seqcst(&deque->bottom, bottom + 1);
    else
        cz__store_release(&deque->bottom, bottom + 1);
    return true;
}

/* By the owner: the newest entry, or NULL. */
static inline void *cz__deque_pop(struct cz__deque *deque)
{
    int64_t bottom = cz__load_relaxed(&deque->bottom) - 1, top;
    void *entry;
    /* seq_cst, as the thief's two loads: either the thief sees the bottom, or we its top. */
    cz__store_seqcst(&deque->bottom, bottom);
    top = cz__load_seqcst(&deque->top);
    if (top > bottom) {
        cz__store_relaxed(&deque->bottom, bottom + 1);
        return NULL;
    }
    entry = cz__load_relaxed(&deque->slots[bottom % CZ__DEQUE_ROOM]);
    if (top < bottom)
        return entry;
    if (!cz__cas_seqcst(&deque->top, &top, top + 1))
        entry = NULL; /* a thief has the last one */
    cz__store_relaxed(&deque->bottom, bottom + 1);
    return entry;
}

/* By anybody: the oldest entry and its place, or NULL. It is the caller's only after
 * cz__deque_take of that place. */
static inline void *cz__deque_look(struct cz__deque *deque, int64_t *place)
{
    *place = cz__load_seqcst(&deque->top);
    if (*place >= cz__load_seqcst(&deque->bottom))
        return NULL;
    return cz__load_relaxed(&deque->slots[*place % CZ__DEQUE_ROOM]);
}

static inline bool cz__deque_take(struct cz__deque *deque, int64_t place)
{
    return cz__cas_seqcst(&deque->top, &place, place + 1);
}

#endif
