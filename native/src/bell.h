/* bell.h: what ends the clock thread's sleep, and what has to. native/README.md, "Sleeping and
 * waking".
 *
 * A timer that is due before all others rings. So does a push that relies on a look-out worker
 * while the clock dozes, and a worker that wakes while it dozes deeply.
 */
#ifndef CZ_BELL_H
#define CZ_BELL_H

#include <stdint.h>

#include "atomic.h"

/* Dozing, the lanes need no look. Deeply, nothing is at work either: no samples. */
enum cz__doze { CZ__AWAKE, CZ__DOZING, CZ__DOZING_DEEPLY };

struct cz__bell {
    CZ_ALIGNED _Atomic(uint32_t) dozing; /* enum cz__doze; whoever clears it rings */
    _Atomic(uint32_t) rings;             /* so far; the thread sleeps on it */
};

/* End its sleep. */
void cz__bell_ring(struct cz__bell *bell);
/* End its doze. */
void cz__bell_wake(struct cz__bell *bell);

/* A push relies on a worker that is on the look-out while others sleep. */
static inline void cz__bell_attend(struct cz__bell *bell)
{
    if (cz__load_seqcst(&bell->dozing))
        cz__bell_wake(bell);
}

/* A worker has been woken: there will be something to sample. */
static inline void cz__bell_stir(struct cz__bell *bell)
{
    if (cz__load_seqcst(&bell->dozing) == CZ__DOZING_DEEPLY)
        cz__bell_wake(bell);
}

#endif
