/* loop.h: loops of compiled code whose iterations idle workers take a share of.
 *
 * A walk goes over a range of iterations in chunks of about 50 us, measured as they run. Before a
 * chunk it offers the upper half of what is left as a forked call (fork.h), if nothing that it
 * offered before is still there to be taken; in the end it joins what it has offered, and walks
 * over what nobody took. So the counts, the stops and the waits are those of forked calls.
 *
 * A loop with a partial result is divided into blocks, by its length alone. Each has a partial
 * result of its own, to which its iterations are added in order; in the end these are merged in
 * order. So the result does not depend on who ran what.
 */
#ifndef CZ_LOOP_H
#define CZ_LOOP_H

#include "fork.h"

/* Of a worker whose run was left: nobody runs a part of them any more. */
void cz__loops_free(struct cz__forker *self);

#endif
