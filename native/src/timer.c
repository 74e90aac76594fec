#include "timer.h"

#include <stddef.h>

#include "bell.h"

struct cz__extra *cz__timer_first(const struct cz__extras *extras)
{
    struct cz__node *node = extras->timers.first;
    return node ? (struct cz__extra *)(void *)((char *)node - offsetof(struct cz__extra, timer))
                : NULL;
}

void cz__timer_disarm(struct cz__extras *extras, struct cz__extra *extra)
{
    if (extra->purpose != CZ__TIMER_NONE)
        cz__heap_remove(&extras->timers, &extra->timer);
    extra->purpose = CZ__TIMER_NONE;
}

void cz__timer_arm(struct cz__extras *extras, struct cz__extra *extra, enum cz__purpose purpose,
                   uint64_t due)
{
    cz__timer_disarm(extras, extra);
    extra->purpose = purpose;
    cz__heap_add(&extras->timers, &extra->timer, due);
}

void cz__timer_ring(struct cz__bell *bell, const struct cz__extras *extras,
                    const struct cz__extra *extra)
{
    if (extras->timers.first == &extra->timer)
        cz__bell_ring(bell);
}
