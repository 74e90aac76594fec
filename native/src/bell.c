#include "bell.h"

#include "os.h"

void cz__bell_ring(struct cz__bell *bell)
{
    cz__add_seqcst(&bell->rings, 1);
    cz__futex_wake(&bell->rings, 1);
}

void cz__bell_wake(struct cz__bell *bell)
{
    if (cz__swap_acqrel(&bell->dozing, CZ__AWAKE))
        cz__bell_ring(bell);
}
