/* The deque of forked calls, and what relies on its memory orders, in Relacy's model of C11: a thread
 * reads any value that the model allows, schedules are drawn at random, and accesses without an order
 * between them are found. usage: deque [SCHEDULES]. The source is the library's own, src/deque.h,
 * each suite an argument of native/README.md ("Fork and join").
 */
#include <cstdlib>
#include <relacy/relacy.hpp>

#ifndef STORE /* weakened, something must be found */
#define STORE rl::mo_seq_cst
#endif

/* What src/atomic.h says, for Relacy. */
#define CZ_ATOMIC_H
#define CZ_ALIGNED
#define _Atomic(type) rl::atomic<type>
#define cz__load_relaxed(p) ((*(p))($).load(rl::mo_relaxed))
#define cz__load_acquire(p) ((*(p))($).load(rl::mo_acquire))
#define cz__load_seqcst(p) ((*(p))($).load(rl::mo_seq_cst))
#define cz__store_relaxed(p, v) ((*(p))($).store(v, rl::mo_relaxed))
#define cz__store_release(p, v) ((*(p))($).store(v, rl::mo_release))
#define cz__store_seqcst(p, v) ((*(p))($).store(v, STORE))
#define cz__cas_seqcst(p, expected, v) \
    ((*(p))($).compare_exchange_strong(*(expected), v, rl::mo_seq_cst, rl::mo_seq_cst))
#define CZ__DEQUE_ROOM 2
#include "../../src/deque.h"
/* What it holds is written before the push, and by whoever gets it. */
struct frame {
    rl::var<int> content;
    int taken = 0;
    void take()
    {
        RL_ASSERT(content($) == 7);
        content($) = 0;
        taken++;
    }
};

struct with_deque {
    cz__deque deque;
    with_deque() { deque.top($) = deque.bottom($) = 0; }

    void push(frame &each)
    {
        each.content($) = 7;
        if (!cz__deque_push(&deque, &each)) /* it is full */
            each.take();
    }

    bool pop()
    {
        void *each = cz__deque_pop(&deque);
        if (each)
            static_cast<frame *>(each)->take();
        return each;
    }
};

/* Each frame has one taker, who sees what was written before the push. */
struct taking : rl::test_suite<taking, 3>, with_deque {
    frame frames[4];
    void steal()
    {
        int64_t place;
        void *each = cz__deque_look(&deque, &place);
        if (each && cz__deque_take(&deque, place))
            static_cast<frame *>(each)->take();
    }

    void thread(unsigned index)
    {
        if (index) {
            steal();
            return steal();
        }
        push(frames[0]);
        push(frames[1]);
        pop();
        push(frames[2]);
        push(frames[3]);
        while (pop())
            ;
    }

    void after()
    {
        for (auto &each : frames)
            RL_ASSERT(each.taken == 1);
    }
};

/* A frame is pushed to an empty deque while a worker goes to sleep: either that one sees the frame,
 * or the owner sees it among the sleepers. */
struct sleeping : rl::test_suite<sleeping, 2>, with_deque {
    frame only;
    rl::atomic<int> sleepers;
    bool was_seen = false, was_woken = false;
    void before() { sleepers($) = 0; }

    void thread(unsigned index)
    {
        int64_t place;
        if (index == 0) {
            push(only);
            was_woken = cz__load_seqcst(&sleepers);
        } else {
            sleepers($).fetch_add(1, rl::mo_seq_cst);
            was_seen = cz__deque_look(&deque, &place);
        }
    }

    void after() { RL_ASSERT(was_seen || was_woken); }
};

/* A run is stopped: when `active` is 0 nobody is inside of a frame of it, and nobody will be. */
struct stopping : rl::test_suite<stopping, 2>, with_deque {
    frame only;
    rl::atomic<int> active, left;
    void before() { active($) = left($) = 0; }

    void thread(unsigned index)
    {
        int64_t place;
        if (index) {
            void *each = cz__deque_look(&deque, &place);
            active($).fetch_add(1, rl::mo_seq_cst);
            if (each && cz__load_seqcst(&left) == 0 && cz__deque_take(&deque, place))
                static_cast<frame *>(each)->take();
            active($).fetch_sub(1, rl::mo_seq_cst);
            return;
        }
        push(only);
        cz__store_seqcst(&left, 1);
        while (pop())
            ;
        for (rl::backoff wait; cz__load_seqcst(&active); wait.yield($))
            ;
        only.content($) = 1; /* its memory is used again */
        RL_ASSERT(only.taken <= 1);
    }
};

int main(int count, char **arguments)
{
    rl::test_params parameters;
    parameters.iteration_count = count > 1 ? strtoull(arguments[1], nullptr, 0) : 20000;
    bool good = rl::simulate<taking>(parameters);
    good = rl::simulate<sleeping>(parameters) && good;
    return rl::simulate<stopping>(parameters) && good ? 0 : 1;
}
