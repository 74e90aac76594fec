/* The frames, the thieves and the waits stand in one file, since each step is right only beside the
 * steps of the others (native/README.md, "Fork and join"): hence its length. */
#include "fork.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "os.h"
#include "pool.h"

enum {
    FRAMES_AT_ONCE = 64,
    SPINS = 200,               /* looks of a waiter before it gives way */
    WAKE_NS = 50000,           /* between two wake-ups by one worker, while one may be coming */
    HELPING_ROOM = 1024 * 1024 /* bytes of stack that a waiter may have used to run other frames */
};

enum { ALONE, QUEUED, ENDED, LEFT };
/* How a frame's function is called. */
enum { ON_NEW_STACK = 1, ON_TOP = 2 };

struct cz_frame {
    _Atomic(uint32_t) state;
    int32_t status; /* of a call that has ended */
    void *error;
    cz_forked run;
    void (*drop)(void *payload);
    struct cz_frame *below; /* in its function's chain, or in the list of free ones */
    uint64_t serial;        /* how often it was freed */
    _Atomic(struct cz__root *) root;
    int64_t depth; /* of the call, for its function */
    char payload[CZ_FRAME_ROOM];
};

static_assert(offsetof(struct cz_frame, status) == 4 && offsetof(struct cz_frame, error) == 8 &&
                  offsetof(struct cz_frame, drop) == 24 &&
                  offsetof(struct cz_frame, serial) == 40 &&
                  offsetof(struct cz_frame, payload) == CZ_FRAME_PAYLOAD &&
                  CZ_FRAME_PAYLOAD % CZ_CACHE_LINE == 0,
              "compiled code knows the layout");

struct cz__slab_of_frames {
    struct cz__slab_of_frames *next;
    CZ_ALIGNED struct cz_frame frames[FRAMES_AT_ONCE];
};

static _Thread_local struct cz__thread *this_thread;
static _Thread_local struct cz__forker *here; /* this_thread's, once it has forked or stolen */

void cz__fork_adopt(struct cz__thread *thread)
{
    this_thread = thread;
}

/* NULL on a thread that is no worker, or without memory. */
static struct cz__forker *forker(void)
{
    struct cz__forker *made;
    if (here || this_thread == NULL)
        return here;
    made = cz__zalloc(&this_thread->pool->depot, sizeof *made);
    if (made == NULL)
        return NULL;
    made->thread = this_thread;
    made->wake_ticks = cz__ticks_of_ns(WAKE_NS);
    here = made;
    cz__store_release(&this_thread->forker, made);
    return made;
}

/* --- frames: their owner's alone ---------------------------------------------------------------
 */

static void free_frame(struct cz_frame **list, struct cz_frame *frame)
{
    frame->serial++;
    frame->below = *list;
    *list = frame;
}

/* Those of a thread that is no worker. */
static _Thread_local struct cz_frame *loose;
static pthread_key_t loose_key;
static pthread_once_t loose_once = PTHREAD_ONCE_INIT;

static void free_loose(void *set)
{
    (void)set;
    while (loose) {
        struct cz_frame *frame = loose;
        loose = frame->below;
        free(frame);
    }
}

static void make_key(void)
{
    pthread_key_create(&loose_key, free_loose);
}

static struct cz_frame *take_loose(void)
{
    struct cz_frame *frame = loose;
    if (frame) {
        loose = frame->below;
        return frame;
    }
    pthread_once(&loose_once, make_key);
    pthread_setspecific(loose_key, &loose_key); /* so that the thread's end frees them */
    return calloc(1, sizeof *frame);
}

static bool make_frames(struct cz__forker *self)
{
    struct cz__slab_of_frames *slab = cz__zalloc(&self->thread->pool->depot, sizeof *slab);
    if (slab == NULL)
        return false;
    slab->next = self->slabs;
    self->slabs = slab;
    for (int i = 0; i < FRAMES_AT_ONCE; i++)
        free_frame(&self->free, &slab->frames[i]);
    return true;
}

static struct cz_frame *take_frame(struct cz__forker *self)
{
    struct cz_frame *frame;
    if (self == NULL)
        return take_loose();
    if (self->free == NULL && !make_frames(self))
        return NULL;
    frame = self->free;
    self->free = frame->below;
    return frame;
}

/* All frames of this worker are free: of the run that it has left, nobody will join any. */
static void free_all_frames(struct cz__forker *self)
{
    self->free = NULL;
    for (struct cz__slab_of_frames *slab = self->slabs; slab; slab = slab->next)
        for (int i = 0; i < FRAMES_AT_ONCE; i++)
            free_frame(&self->free, &slab->frames[i]);
}

void cz__forks_free(struct cz_pool *pool)
{
    void (*release)(void *) = pool->depot.release;
    for (uint32_t i = 0; i < pool->threads_most; i++) {
        struct cz__forker *each = cz__load_acquire(&pool->threads[i].forker);
        if (each == NULL)
            continue;
        while (each->slabs) {
            struct cz__slab_of_frames *slab = each->slabs;
            each->slabs = slab->next;
            release(slab);
        }
        release(each);
    }
}

/* --- fork --------------------------------------------------------------------------------------
 */

/* The root of what this worker runs now; NULL: nothing of it may be taken by others. */
static struct cz__root *root_here(struct cz__forker *self)
{
    struct cz__thread *thread = self->thread;
    struct cz_record *inside = cz__load_relaxed(&thread->inside);
    if (self->stolen)
        return cz__load_relaxed(&self->stolen->root);
    if (inside == NULL || inside != thread->running || !inside->type->interruptible ||
        inside->type->arena)
        return NULL;
    if (cz__load_relaxed(&self->own.record) != inside)
        cz__store_relaxed(&self->own.record, inside);
    return &self->own;
}

static void run_here(struct cz_frame *frame, int32_t how)
{
    frame->error = NULL;
    frame->status = frame->run(frame->payload, &frame->error, how);
}

/* There is something to take. Who is on the look-out will see it; that one is there is a belief, so
 * it is trusted for a while only. */
static void wake_thief(struct cz__forker *self)
{
    struct cz__sleep *sleep = &self->thread->pool->native.sleep;
    uint32_t counts = cz__sleep_counts(sleep), own = !self->thread->in_long;
    uint64_t now;
    if (cz__sleepers(counts) == 0)
        return;
    now = cz__ticks();
    if (cz__lookouts(counts) > own && now - self->woken_at < self->wake_ticks)
        return;
    self->woken_at = now;
    cz__sleep_wake_one(sleep);
}

void *cz_fork_begin(void *run, void *drop, int64_t depth, void **chain)
{
    struct cz_frame *frame = take_frame(forker());
    if (frame == NULL)
        return NULL;
    frame->run = (cz_forked)(uintptr_t)run;
    frame->drop = (void (*)(void *))(uintptr_t)drop;
    frame->depth = depth;
    frame->below = *chain;
    *chain = frame;
    cz__store_relaxed(&frame->state, ALONE);
    return frame;
}

void cz_fork_push(void *memory)
{
    struct cz_frame *frame = memory;
    struct cz__forker *self = here;
    struct cz__root *root = self ? root_here(self) : NULL;
    if (root == NULL)
        return;
    cz__store_relaxed(&frame->root, root);
    cz__store_relaxed(&frame->state, QUEUED);
    if (cz__deque_push(&self->deque, frame)) {
        wake_thief(self);
    } else {
        run_here(frame, ON_TOP); /* as it would run if nobody could take it */
        cz__store_relaxed(&frame->state, ENDED);
    }
}

/* --- steal -------------------------------------------------------------------------------------
 */

static void begin_stealing(struct cz__root *root)
{
    /* seq_cst, as in give_up: either it sees us, or we its `left`. */
    cz__add_seqcst(&root->active, 1);
}

static void end_stealing(struct cz__root *root)
{
    cz__sub_seqcst(&root->active, 1);
}

/* `only`: a frame of this root; NULL: of any. The root's `active` counts the caller then. */
static struct cz_frame *steal_from(struct cz__forker *victim, struct cz__root *only)
{
    int64_t place;
    struct cz_frame *frame = cz__deque_look(&victim->deque, &place);
    struct cz__root *root = frame ? cz__load_relaxed(&frame->root) : NULL;
    if (root == NULL || (only && root != only))
        return NULL;
    begin_stealing(root);
    if (cz__load_seqcst(&root->left) == 0 && cz__deque_take(&victim->deque, place)) {
        cz__store_relaxed(&root->helped, 1); /* the frame's end tells it on */
        return frame;
    }
    end_stealing(root);
    return NULL;
}

static struct cz_frame *steal(struct cz__thread *thread, struct cz__root *only)
{
    struct cz_pool *pool = thread->pool;
    uint32_t count = pool->threads_most, first = (uint32_t)(thread - pool->threads);
    for (uint32_t i = 1; i < count; i++) {
        struct cz__thread *other = &pool->threads[(first + i) % count];
        struct cz__forker *victim = cz__load_acquire(&other->forker);
        struct cz_frame *frame = victim ? steal_from(victim, only) : NULL;
        if (frame)
            return frame;
    }
    return NULL;
}

bool cz__fork_ready(struct cz__thread *thread)
{
    struct cz_pool *pool = thread->pool;
    for (uint32_t i = 0; !thread->apart && i < pool->threads_most; i++) {
        struct cz__forker *victim = cz__load_acquire(&pool->threads[i].forker);
        int64_t place;
        if (victim && &pool->threads[i] != thread && cz__deque_look(&victim->deque, &place))
            return true;
    }
    return false;
}

bool cz__fork_was_helped(struct cz__thread *thread)
{
    struct cz__forker *self = cz__load_relaxed(&thread->forker);
    if (self == NULL || cz__load_relaxed(&self->own.helped) == 0)
        return false;
    cz__store_relaxed(&self->own.helped, 0);
    return true;
}

/* From here on the frame is its joiner's. */
static void tell_end(struct cz_frame *frame, struct cz__root *root, uint32_t state)
{
    cz__store_release(&frame->state, state); /* pairs with the joiner's load */
    end_stealing(root);
}

bool cz__fork_steal(struct cz__thread *thread)
{
    struct cz__forker *self;
    struct cz_frame *frame;
    struct cz__root *root;
    struct cz_record *record;
    uint64_t start;
    if (!cz__fork_ready(thread) || (self = forker()) == NULL)
        return false;
    frame = steal(thread, NULL);
    if (frame == NULL)
        return false;
    root = cz__load_relaxed(&frame->root);
    record = cz__load_relaxed(&root->record); /* it cannot end before this frame */
    self->stolen = frame;
    thread->in_long = true;
    cz__lane_enter_long(thread->worker.lane);
    if (cz__fork_ready(thread))
        wake_thief(self); /* each that comes calls the next one */
    start = cz__ticks();
    cz__meter_begin(thread->worker.meter, record->type->account, NULL, start);
    thread->held_before = cz__held(thread);
    cz__store_release(&thread->inside, record);
    run_here(frame, ON_NEW_STACK);
    cz__store_release(&thread->inside, NULL); /* before the record can end */
    self->stolen = NULL;
    cz__meter_end(thread->worker.meter, cz__ticks() - start);
    if (thread->worker.meter && thread->worker.meter->allocated)
        cz__meter_allocated(thread->worker.meter, record->type->account);
    tell_end(frame, root, ENDED);
    cz__lane_leave_long(thread->worker.lane);
    return true;
}

/* --- stops -------------------------------------------------------------------------------------
 */

bool cz__fork_stopped(struct cz__thread *thread)
{
    struct cz__forker *self = cz__load_relaxed(&thread->forker);
    struct cz_frame *stolen = self ? self->stolen : NULL;
    struct cz__root *root;
    uint32_t runs, turns = 0;
    if (self == NULL)
        return false;
    root = stolen ? cz__load_relaxed(&stolen->root) : &self->own;
    runs = cz__load_acquire(&root->runs); /* it does not move on while `active` counts us */
    cz__store_seqcst(&root->left, 1);
    while (cz__deque_pop(&self->deque))
        ;
    /* Who waits for one of those sees `left`. */
    cz__sub_seqcst(&root->active, self->helping);
    self->helping = 0;
    if (stolen) {
        cz__meter_end(thread->worker.meter, 0);
        self->stolen = NULL;
        tell_end(stolen, root, LEFT);
    }
    while (cz__load_seqcst(&root->active) && cz__load_acquire(&root->runs) == runs)
        cz__give_way(&turns);
    free_all_frames(self);
    cz__loops_free(self);
    if (stolen)
        return true;
    cz__store_seqcst(&root->left, 0);
    cz__add_acqrel(&root->runs, 1);
    return false;
}

/* Somebody else was stopped, or this run is to be: nothing will come of the wait. */
static bool is_over(struct cz__thread *thread, struct cz__root *root)
{
    struct cz_record *record = cz__load_relaxed(&root->record);
    return cz__load_acquire(&root->left) || cz__load_acquire(&thread->pool->stops_all) ||
           cz__load_acquire(&record->state) & (CZ_STOP_CANCEL | CZ_STOP_TIMEOUT);
}

/* As the stop handler leaves (stop.c); here no lock is held either. */
static void leave_run(struct cz__thread *thread)
{
    cz__store_relaxed(&thread->inside, NULL);
    siglongjmp(thread->landing, 1);
}

struct cz__forker *cz__forker_here(void)
{
    return forker();
}

bool cz__fork_wanted(struct cz__forker *self)
{
    int64_t place;
    if (root_here(self) == NULL)
        return false;
    if (cz__deque_look(&self->deque, &place) == NULL)
        return true;
    wake_thief(self); /* who was on the look-out then may be elsewhere by now */
    return false;
}

bool cz__fork_is_called(struct cz__forker *self)
{
    struct cz__worker *worker = &self->thread->worker;
    return self->stolen && cz__lane_ready(worker->lane, worker->levels);
}

void cz__fork_look(struct cz__forker *self)
{
    struct cz__root *root = root_here(self);
    if (root && is_over(self->thread, root))
        leave_run(self->thread);
}

/* --- join --------------------------------------------------------------------------------------
 */

static bool has_room(const struct cz__thread *thread)
{
    char mark;
    uintptr_t now = (uintptr_t)&mark, base = thread->stack_base;
    return (now < base ? base - now : now - base) < HELPING_ROOM;
}

static void await_end(struct cz__forker *self, struct cz_frame *frame)
{
    struct cz__thread *thread = self->thread;
    struct cz__root *root = cz__load_relaxed(&frame->root);
    uint32_t state, turns = 0, spins = 0;
    while ((state = cz__load_acquire(&frame->state)) == QUEUED) {
        struct cz_frame *other;
        if (is_over(thread, root))
            leave_run(thread);
        if (has_room(thread) && (other = steal(thread, root))) {
            self->helping++;
            run_here(other, ON_TOP);
            self->helping--;
            tell_end(other, root, ENDED);
            turns = spins = 0;
        } else if (spins++ < SPINS) {
            cz__pause();
        } else {
            cz__give_way(&turns);
        }
    }
    if (state == LEFT)
        leave_run(thread);
}

static void unlink_frame(struct cz_frame *frame, void **chain)
{
    struct cz_frame *above = *chain;
    if (above == frame) {
        *chain = frame->below;
        return;
    }
    while (above->below != frame)
        above = above->below;
    above->below = frame->below;
}

/* 1: the call is the caller's to run; 0: it has ended. */
static int claim(struct cz_frame *frame)
{
    struct cz__forker *self = here;
    struct cz_frame *newer;
    uint32_t state = cz__load_acquire(&frame->state);
    if (state == ALONE)
        return 1;
    if (state == ENDED)
        return 0;
    /* What is newer than a frame in its deque was forked by the same run of the function. */
    while ((newer = cz__deque_pop(&self->deque))) {
        if (newer == frame)
            return 1;
        run_here(newer, ON_TOP);
        cz__store_relaxed(&newer->state, ENDED);
    }
    await_end(self, frame);
    return 0;
}

int32_t cz_fork_join(void *memory, int64_t serial, void **chain)
{
    struct cz_frame *frame = memory;
    if (frame->serial != (uint64_t)serial)
        return -1;
    unlink_frame(frame, chain);
    return !claim(frame);
}

void cz_fork_end(void *memory)
{
    free_frame(here ? &here->free : &loose, memory);
}

int32_t cz_fork_sync(void *chain, void **error, void *drop)
{
    cz_error_drop drop_error = (cz_error_drop)(uintptr_t)drop;
    struct cz_frame *frame = chain;
    int32_t status = 0;
    while (frame) {
        struct cz_frame *below = frame->below;
        if (claim(frame))
            run_here(frame, ON_TOP);
        if (frame->status) {
            if (status && drop_error)
                drop_error(status, *error);
            status = frame->status;
            *error = frame->error;
        } else if (frame->drop) {
            frame->drop(frame->payload);
        }
        cz_fork_end(frame);
        frame = below;
    }
    return status;
}
