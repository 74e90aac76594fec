/* forked.h: a forked call as compiled code makes and joins it. */
#ifndef FORKED_H
#define FORKED_H

#include "check.h"
#include "fork.h"

struct handle {
    void *frame;
    int64_t serial;
};

static inline void *payload_of(void *frame)
{
    return (char *)frame + CZ_FRAME_PAYLOAD;
}

/* Forks the call of a frame whose payload is filled in. */
static inline struct handle forked(void *frame)
{
    struct handle handle = {frame, *(int64_t *)(void *)((char *)frame + 40)};
    cz_fork_push(frame);
    return handle;
}

/* Joins it; runs it here if nobody has taken it. Its result is read before cz_fork_end(). */
static inline int32_t joined(struct handle handle, int32_t (*run)(void *, void **, int32_t),
                             void **chain, void **error)
{
    int32_t status, ended = cz_fork_join(handle.frame, handle.serial, chain);
    CHECK(ended >= 0);
    if (ended == 0)
        return run(payload_of(handle.frame), error, 0);
    status = *(int32_t *)(void *)((char *)handle.frame + 4);
    if (status)
        *error = *(void **)(void *)((char *)handle.frame + 8);
    return status;
}

#endif
