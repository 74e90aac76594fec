/* os_memfd.c: memory that other processes of the same user may read, on Linux.
 *
 * A memfd has no name in any file system; they find it as /proc/PID/fd/N. It is sparse:
 * pages come with the first write. The seals keep its size (a reader's map cannot be cut
 * off under it, nor the pool's own) and, of a segment and where the kernel has it (5.1), any
 * other writer away.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static void *map(void *at, uint64_t bytes, int flags, int fd)
{
    void *memory = mmap(at, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* A memfd of so many bytes whose size is settled, or -1. */
static int sealed_file(const char *name, uint64_t bytes)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)bytes) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)) {
        close(fd);
        return -1;
    }
    return fd;
}

void *cz__segment_map(const char *name, uint64_t bytes, int *fd)
{
    void *memory;
    *fd = sealed_file(name, bytes);
    if (*fd >= 0 && (memory = map(NULL, bytes, MAP_SHARED | MAP_NORESERVE, *fd))) {
        if (fcntl(*fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
            fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL);
        return memory;
    }
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return map(NULL, bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

void *cz__control_map(const char *name, uint64_t bytes, int *fd)
{
    void *memory = NULL;
    *fd = sealed_file(name, bytes);
    if (*fd >= 0 && fcntl(*fd, F_ADD_SEALS, F_SEAL_SEAL) == 0)
        memory = map(NULL, bytes, MAP_SHARED, *fd);
    if (memory == NULL && *fd >= 0) {
        close(*fd);
        *fd = -1;
    }
    return memory;
}

void cz__segment_detach(void *memory, uint64_t bytes, int *fd)
{
    map(memory, bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1);
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

uint32_t cz__thread_id(void)
{
    return (uint32_t)syscall(SYS_gettid);
}
