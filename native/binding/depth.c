/* depth.c: whether a thread has stack for one more call.
 *
 * A Python worker that waits for a queued task runs it on its own stack, so tasks that submit and
 * wait nest as deep as their waits do. CPython counts frames, and a program may allow any number
 * of them; each of these calls takes C stack besides. So does a direct call of a task.
 */
#include "binding.h"

#include <pthread.h>

/* This part of the stack stays free for what the call does before it waits again. */
enum { FREE_PART = 8 };

/* A call that begins at an address in between is too deep; both 1: unknown, so none is. */
static _Thread_local uintptr_t stack_low, stack_enough;

static void measure(void)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    stack_low = stack_enough = 1;
    if (pthread_getattr_np(pthread_self(), &attributes))
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        stack_low = (uintptr_t)low;
        stack_enough = (uintptr_t)low + size / FREE_PART;
    }
    pthread_attr_destroy(&attributes);
}

int is_too_deep(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (stack_enough == 0)
        measure();
    /* What runs on another stack (a coroutine of a C library) is not bounded. */
    return stack_low <= here && here < stack_enough;
}
