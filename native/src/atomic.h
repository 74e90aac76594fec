/* atomic.h: every atomic operation of the library, with its memory order in the name.
 *
 * One grep for a name audits all its uses. No stand-alone fences: ThreadSanitizer does
 * not model them. "seqcst" appears only in the protocols of sleep, of back-pressure and of
 * the stopper's ranges, whose argument is in native/README.md; everything else publishes
 * with release and reads with acquire.
 */
#ifndef CZ_ATOMIC_H
#define CZ_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>

#define cz__load_relaxed(p) atomic_load_explicit((p), memory_order_relaxed)
#define cz__load_acquire(p) atomic_load_explicit((p), memory_order_acquire)
#define cz__load_seqcst(p) atomic_load_explicit((p), memory_order_seq_cst)
#define cz__store_relaxed(p, v) atomic_store_explicit((p), (v), memory_order_relaxed)
#define cz__store_release(p, v) atomic_store_explicit((p), (v), memory_order_release)
#define cz__store_seqcst(p, v) atomic_store_explicit((p), (v), memory_order_seq_cst)
#define cz__add_relaxed(p, v) atomic_fetch_add_explicit((p), (v), memory_order_relaxed)
#define cz__add_acqrel(p, v) atomic_fetch_add_explicit((p), (v), memory_order_acq_rel)
#define cz__add_seqcst(p, v) atomic_fetch_add_explicit((p), (v), memory_order_seq_cst)
#define cz__sub_acqrel(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_acq_rel)
#define cz__sub_seqcst(p, v) atomic_fetch_sub_explicit((p), (v), memory_order_seq_cst)
#define cz__or_acqrel(p, v) atomic_fetch_or_explicit((p), (v), memory_order_acq_rel)
#define cz__or_seqcst(p, v) atomic_fetch_or_explicit((p), (v), memory_order_seq_cst)
#define cz__and_acqrel(p, v) atomic_fetch_and_explicit((p), (v), memory_order_acq_rel)
#define cz__swap_acqrel(p, v) atomic_exchange_explicit((p), (v), memory_order_acq_rel)
/* On failure *expected is reloaded. */
#define cz__cas_acqrel(p, expected, v)                                                  \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_acq_rel, \
                                            memory_order_acquire)
#define cz__cas_seqcst(p, expected, v)                                                  \
    atomic_compare_exchange_strong_explicit((p), (expected), (v), memory_order_seq_cst, \
                                            memory_order_seq_cst)

#if defined(__x86_64__) || defined(__i386__)
#define cz__pause() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define cz__pause() __asm__ __volatile__("yield")
#else
#define cz__pause() ((void)0)
#endif

enum { CZ_CACHE_LINE = 64 };
#define CZ_ALIGNED _Alignas(CZ_CACHE_LINE)

#endif
