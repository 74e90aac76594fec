/* open_loop.h: loops of threads that are no workers, and of native code that knows nothing of
 * tasks: Numba's threading layer.
 *
 * One pool is their home. A loop lies on its owner's stack and in a list; a worker without
 * anything queued takes pieces of it, and looks after each whether something is. The owner runs
 * pieces too, so a loop waits for nobody who has not begun; in the end it takes the loop off the
 * list and waits for those who are inside. Every piece has a slot, a number that no other piece
 * which runs at the same time has: 0 is the owner's.
 */
#ifndef CZ_OPEN_LOOP_H
#define CZ_OPEN_LOOP_H

#include "thread.h"

/* Whether this worker may find something in the list. */
bool cz__open_loop_ready(const struct cz__thread *thread);
/* Run pieces of a loop. False: there was none. */
bool cz__open_loop_help(struct cz__thread *thread);
/* The pool closes: its workers begin no more pieces of loops that come from now on. */
void cz__open_loops_leave(struct cz_pool *pool);

#endif
