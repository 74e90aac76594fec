/* Tracing: events only while somebody asks, whole for whoever copies them, one per run. */
#include "running.h"

#include "os.h"

static void ask(uint64_t until)
{
    if (pool->stats->control)
        cz__store_relaxed(&pool->stats->control->until, until);
}

static void ask_now(void)
{
    ask(cz__ticks() + cz__ticks_of_ns(10LL * SECOND_NS));
}

static uint64_t written(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < pool->stats->meters_most; i++)
        sum += cz__load_acquire(&pool->stats->meters[i].ring->head);
    return sum;
}

static void run_some(struct cz_type *type, intptr_t calls)
{
    for (intptr_t i = 0; i < calls; i++) {
        struct cz_record *record = call_new(cache, type, (void *)(i % 3));
        record->id = (uint64_t)i + 1;
        CHECK(cz_lane_push(lane, record, CZ_HIGH) == 0);
        CHECK(cz_record_wait(record, -1) == 0);
        cz_record_drop(cache, record);
    }
}

static void test_nothing_is_written_unless_somebody_asks(void)
{
    struct cz_type *type;
    set_up(2, 4096);
    type = named_type(give_argument, "traced");
    run_some(type, 100);
    ask(cz__ticks()); /* over by the time of the first */
    run_some(type, 100);
    ask(cz__ticks() + 2 * CZ__TRACE_AHEAD);
    run_some(type, 100);
    ask(UINT64_MAX);
    run_some(type, 100);
    CHECK(written() == 0);
    tear_down();
}

/* Look at every event that is still there; each was written before. */
static void each_event(void (*look)(const _Atomic(uint64_t) *words))
{
    for (uint32_t i = 0; i < pool->stats->meters_most; i++) {
        struct cz__ring *ring = pool->stats->meters[i].ring;
        uint64_t head = cz__load_acquire(&ring->head);
        for (uint64_t n = head > CZ__EVENTS ? head - CZ__EVENTS : 0; n < head; n++)
            look(ring->words[n % CZ__EVENTS]);
    }
}

static uint64_t seen, seen_failed, seen_items;

static void look_at_run(const _Atomic(uint64_t) *words)
{
    uint64_t packed = cz__load_relaxed(&words[7]);
    CHECK(cz__load_relaxed(&words[1]) <= cz__load_relaxed(&words[2]));
    CHECK(cz__load_relaxed(&words[2]) <= cz__load_relaxed(&words[3]));
    CHECK((packed >> 16 & 15) == CZ__EVENT_RUN && (packed >> 20 & 15) == CZ_HIGH);
    CHECK((packed >> 24 & 255) ==
          ((cz__load_relaxed(&words[0]) - 1) % 3 ? CZ_COUNT_FAILED : CZ_COUNT_COMPLETED));
    CHECK(packed >> 32 != 0);
    seen++;
    seen_failed += (packed >> 24 & 255) == CZ_COUNT_FAILED;
}

static void test_every_run_is_an_event(void)
{
    struct cz_type *type;
    set_up(2, 4096);
    type = named_type(give_argument, "traced");
    ask_now();
    run_some(type, 3000);
    seen = seen_failed = 0;
    if (pool->stats->control) {
        CHECK(written() == 3000);
        each_event(look_at_run);
        CHECK(seen == 3000 && seen_failed == 2000);
    }
    tear_down();
}

static void *run_here(void *argument)
{
    struct cz_cache *own = cz_cache_create(pool);
    CHECK(own);
    for (int i = 0; i < 2000; i++) {
        struct cz_record *record = call_new(own, argument, NULL);
        record->id = 1;
        record->level = CZ_HIGH;
        CHECK(cz_record_start(record) == 1);
        cz_record_run(record);
        cz_record_drop(own, record);
    }
    cz_cache_destroy(own);
    return NULL;
}

static void test_threads_that_are_no_workers_share_a_ring(void)
{
    pthread_t threads[3];
    struct cz_type *type;
    set_up(1, 4096);
    type = named_type(give_argument, "traced");
    ask_now();
    for (int i = 0; i < 3; i++)
        threads[i] = start_thread(run_here, type);
    for (int i = 0; i < 3; i++)
        join_thread(threads[i]);
    seen = 0;
    if (pool->stats->control) {
        CHECK(written() == 6000);
        each_event(look_at_run);
        CHECK(seen == 6000);
    }
    tear_down();
}

static int32_t chunk(const struct cz_span *spans, int64_t inner, int64_t begin, int64_t end,
                     int64_t *failed, void **error)
{
    (void)spans, (void)inner, (void)begin, (void)end, (void)failed, (void)error;
    return 0;
}

static void look_at_chunk(const _Atomic(uint64_t) *words)
{
    CHECK((cz__load_relaxed(&words[7]) >> 16 & 15) == CZ__EVENT_CHUNK);
    seen_items += cz__load_relaxed(&words[4]);
}

static void test_a_map_is_its_chunks(void)
{
    struct cz_span span = {NULL, 0, 0};
    struct cz_batch *batch;
    set_up(2, 4096);
    ask_now();
    CHECK(cz_batch_submit(lane, chunk, &span, 1, 1, 1000, 7, CZ_NORMAL, 0,
                          cz_pool_account(pool, CZ_LANE_NATIVE, "c"), NULL, &batch) == 0);
    CHECK(cz_batch_wait(batch, -1) == 0);
    seen_items = 0;
    if (pool->stats->control) {
        each_event(look_at_chunk);
        CHECK(seen_items == 1000 && written() == 143);
    }
    cz_batch_drop(batch);
    tear_down();
}

/* --- a reader beside the writer ------------------------------------------------------ */

static _Atomic(int) over;

static void *write_many(void *argument)
{
    struct cz__meter *meter = argument;
    for (uint64_t i = 0; i < 20 * CZ__EVENTS; i++)
        cz__trace_write(meter, &(struct cz__event){
                                   .id = i,
                                   .queued = i + 1,
                                   .started = i + 2,
                                   .ended = i + 3,
                                   .items = i + 4,
                                   .first = i + 5,
                                   .failed = i + 6,
                                   .kind = CZ__EVENT_RUN,
                               });
    cz__store_release(&over, 1);
    return NULL;
}

static void test_a_copied_event_is_whole(void)
{
    static uint64_t copy[CZ__EVENTS][CZ__EVENT_WORDS];
    struct cz__ring *ring;
    struct cz__meter *meter;
    pthread_t writer;
    uint64_t next = 0, whole = 0, again;
    set_up(1, 4096);
    meter = &pool->stats->meters[5]; /* a guest's, who never comes */
    ring = meter->ring;
    cz__store_relaxed(&over, 0);
    writer = start_thread(write_many, meter);
    for (int last = 0; !last;) {
        uint64_t head, first;
        last = cz__load_acquire(&over);
        head = cz__load_acquire(&ring->head);
        first = head > CZ__EVENTS + next ? head - CZ__EVENTS : next;
        for (uint64_t n = first; n < head; n++)
            for (int i = 0; i < CZ__EVENT_WORDS; i++)
                copy[n % CZ__EVENTS][i] = cz__load_acquire(&ring->words[n % CZ__EVENTS][i]);
        again = cz__load_acquire(&ring->head);
        for (uint64_t n = first; n < head; n++) {
            if (n + CZ__EVENTS <= again)
                continue; /* it may have been overwritten */
            for (uint64_t i = 0; i < 7; i++)
                CHECK(copy[n % CZ__EVENTS][i] == n + i);
            whole++;
        }
        next = head;
    }
    join_thread(writer);
    CHECK(next == 20 * CZ__EVENTS && whole > 0);
    tear_down();
}

static void *scribble(void *argument)
{
    struct cz__control *control = argument;
    uint64_t rng = 7;
    while (!cz__load_relaxed(&over)) {
        uint64_t ahead = draw(&rng) >> draw(&rng) % 64;
        cz__store_relaxed(&control->until, draw(&rng) % 2 ? cz__ticks() + ahead : draw(&rng));
    }
    return NULL;
}

static void test_whatever_the_control_holds_calls_are_counted_once(void)
{
    struct cz_type *type;
    pthread_t scribbler;
    set_up(2, 4096);
    type = named_type(give_argument, "traced");
    if (pool->stats->control) {
        uint64_t done = 0;
        cz__store_relaxed(&over, 0);
        scribbler = start_thread(scribble, pool->stats->control);
        run_some(type, 3000);
        cz__store_relaxed(&over, 1);
        join_thread(scribbler);
        CHECK(written() <= 3000);
        for (uint32_t i = 0; i < pool->stats->meters_most; i++)
            done += cz__load_relaxed(&pool->stats->blocks[i].done);
        CHECK(done == 3000);
    }
    tear_down();
}

int main(void)
{
    RUN(test_nothing_is_written_unless_somebody_asks);
    RUN(test_every_run_is_an_event);
    RUN(test_threads_that_are_no_workers_share_a_ring);
    RUN(test_a_map_is_its_chunks);
    RUN(test_a_copied_event_is_whole);
    RUN(test_whatever_the_control_holds_calls_are_counted_once);
    return 0;
}
