/* Random trees of forked calls and parallel loops, with failures, cancels and time limits, beside
 * urgent tasks and maps. usage: test_stress_fork [SEED [TREES]]
 *
 * Claims: a tree that ends by itself gives what it gives in order; one that is to be stopped ends,
 * at once or by itself; each urgent task and each item runs once; errors that lose are dropped;
 * nothing leaks.
 */
#include <time.h>

#include "running.h"
#include "trees.h"

enum { PRODUCERS = 2, AT_ONCE = 8 };

static uint64_t seed;
static int64_t trees_each = 1500;
static struct cz_type *tree_type, *urgent_type;
static _Atomic(int64_t) urgent_run, items_run, ends[KINDS][3];

static int32_t be_urgent(void *payload, void **error)
{
    (void)payload, (void)error;
    atomic_fetch_add(&urgent_run, 1);
    return 0;
}

static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    (void)spans, (void)inner, (void)failed, (void)error;
    atomic_fetch_add(&items_run, end - begin);
    return 0;
}

/* --- who submits ------------------------------------------------------------------------------ */

struct producer {
    struct cz_cache *cache;
    uint64_t rng;
    int64_t urgent, items;
    struct tree trees[AT_ONCE];
    struct cz_record *records[AT_ONCE];
};

static void submit_tree(struct producer *self, int i, int64_t number)
{
    struct tree *tree = &self->trees[i];
    uint64_t what = draw(&self->rng) % 256;
    memset(tree, 0, sizeof *tree);
    tree->seed = number;
    tree->kind = what == 0 ? ENDLESS : what < 32 ? LIMITED : what < 64 ? CANCELLED_SOMETIME : PLAIN;
    self->records[i] = call_new(self->cache, tree_type, tree);
    if (tree->kind == LIMITED) {
        int64_t limit = (int64_t)(draw(&self->rng) % (MILLISECOND_NS / 8)) + 1;
        CHECK(cz_record_limit(self->records[i], limit, 0) == 0);
    }
    CHECK(cz_lane_push(lane, self->records[i], (uint32_t)(draw(&self->rng) % CZ_LEVELS)) == 0);
}

static void stop(struct producer *self, int i)
{
    struct cz_record *record = self->records[i];
    if (self->trees[i].kind == ENDLESS && draw(&self->rng) % 4)
        YIELD_UNTIL(phase_of(record) == CZ_RUNNING);
    for (uint64_t n = draw(&self->rng) % 2000; n; n--)
        cz__pause();
    if (!cz_record_cancel(record))
        cz_record_stop(record, CZ_STOP_CANCEL);
}

static void check_tree(struct producer *self, int i)
{
    struct cz_record *record = self->records[i];
    struct tree *tree = &self->trees[i];
    int64_t wanted = expected(tree->seed, DEPTH);
    uint32_t phase;
    CHECK(cz_record_wait(record, 120LL * SECOND_NS) == 0);
    phase = phase_of(record);
    if (phase == CZ_CANCELLED || atomic_load(&record->state) & CZ_STOP_TIMEOUT) {
        CHECK(tree->kind == (phase == CZ_CANCELLED && tree->kind == ENDLESS ? ENDLESS
                             : phase == CZ_CANCELLED                        ? CANCELLED_SOMETIME
                                                                            : LIMITED));
        atomic_fetch_add(&ends[tree->kind][2], 1);
    } else {
        CHECK(phase == (wanted < 0 ? CZ_FAILED : CZ_COMPLETED) && tree->kind != ENDLESS);
        CHECK(wanted < 0 ? record->error == tree : call_of(record)->result == wanted);
        CHECK(atomic_load(&tree->raised) == atomic_load(&tree->dropped) + (wanted < 0));
        atomic_fetch_add(&ends[tree->kind][wanted < 0], 1);
    }
    cz_record_drop(self->cache, record);
}

static void submit_others(struct producer *self)
{
    static char nothing;
    struct cz_span span = {&nothing, 0, 0};
    struct cz_batch *batch;
    for (int i = 0; i < 3; i++, self->urgent++)
        cz_record_drop(self->cache,
                       call_push(lane, self->cache, urgent_type, NULL, (uint32_t)i % 2));
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 100, 5, (uint32_t)(draw(&self->rng) % 4), 0, 0,
                          NULL, &batch) == 0);
    self->items += 100;
    cz_batch_drop(batch);
}

static void *produce(void *argument)
{
    uint64_t me = (uint64_t)(uintptr_t)argument;
    struct producer self = {.rng = seed * (2 * me + 1) | 1};
    CHECK((self.cache = cz_cache_create(pool)));
    for (int64_t done = 0; done < trees_each; done += AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            submit_tree(&self, i, (int64_t)(draw(&self.rng) >> 20));
        submit_others(&self);
        for (int i = 0; i < AT_ONCE; i++)
            if (self.trees[i].kind >= CANCELLED_SOMETIME)
                stop(&self, i);
        for (int i = 0; i < AT_ONCE; i++)
            check_tree(&self, i);
    }
    cz_cache_destroy(self.cache);
    atomic_fetch_sub(&urgent_run, self.urgent);
    atomic_fetch_sub(&items_run, self.items);
    return NULL;
}

static void test_trees_end_as_they_should(void)
{
    static const char *const names[KINDS] = {"plain", "limited", "cancelled sometime", "endless"};
    pthread_t producers[PRODUCERS];
    set_up(3, 4096);
    tree_type = call_type(pool, run_tree);
    cz_type_set_interruptible(tree_type);
    urgent_type = call_type(pool, be_urgent);
    for (int i = 0; i < PRODUCERS; i++)
        producers[i] = start_thread(produce, (void *)(uintptr_t)i);
    for (int i = 0; i < PRODUCERS; i++)
        join_thread(producers[i]);
    tear_down();
    CHECK(atomic_load(&urgent_run) == 0 && atomic_load(&items_run) == 0);
    for (int i = 0; i < KINDS; i++)
        printf("  %s: %lld completed, %lld failed, %lld stopped\n", names[i],
               (long long)atomic_load(&ends[i][0]), (long long)atomic_load(&ends[i][1]),
               (long long)atomic_load(&ends[i][2]));
}

int main(int argc, char **argv)
{
    void *code = new_count_down();
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
    if (argc > 2)
        trees_each = (strtoll(argv[2], NULL, 0) + PRODUCERS - 1) / PRODUCERS;
    printf("seed %llu\n", (unsigned long long)seed);
    memcpy(&machine_code, &code, sizeof code);
    RUN(test_trees_end_as_they_should);
    return 0;
}
