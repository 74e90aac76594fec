/* count_down.h: machine code that stands for a compiled task, in memory of no file: it can be left
 * at any instruction.
 */
#ifndef COUNT_DOWN_H
#define COUNT_DOWN_H

#include <sys/mman.h>

#include "check.h"

/* int32_t entry(void *payload, void **error): count the argument down to 0, return 0. An
 * argument of 0 takes for ever. */
#if defined(__x86_64__)
static const unsigned char count_down[] = {
    0x48, 0x8b, 0x4f, 0x08, /* mov rcx, [rdi + 8] */
    0x48, 0xff, 0xc9,       /* dec rcx */
    0x75, 0xfb,             /* jnz to the dec */
    0x31, 0xc0,             /* xor eax, eax */
    0xc3,                   /* ret */
};
#elif defined(__aarch64__)
static const uint32_t count_down[] = {
    0xf9400401, /* ldr x1, [x0, #8] */
    0xf1000421, /* subs x1, x1, #1 */
    0x54ffffe1, /* b.ne to the subs */
    0x52800000, /* mov w0, #0 */
    0xd65f03c0, /* ret */
};
#else
#error "write count_down for this processor"
#endif

static inline void *new_count_down(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    memcpy(page, count_down, sizeof count_down);
    CHECK(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
    __builtin___clear_cache(page, (char *)page + sizeof count_down);
    return page;
}

#endif
