/* api.c: what the library says of itself. */
#include "catzilla_jit.h"
#include "os.h"

uint32_t cz_abi_version(void)
{
    return CZ_ABI_VERSION;
}

const char *cz_error_text(int code)
{
#define CASE(name, value, text) \
    case name:                  \
        return text;
    switch (code) {
        CZ_ERRORS(CASE)
    default:
        return code ? "unknown error" : "no error";
    }
}

const struct cz_api *cz_api_table(void)
{
    static const struct cz_api table = {
        .size = sizeof table,
        .abi_version = CZ_ABI_VERSION,
        .record_new = cz_record_new,
        .record_drop = cz_record_drop,
        .record_release = cz_record_release,
        .record_start = cz_record_start,
        .record_finish = cz_record_finish,
        .record_cancel = cz_record_cancel,
        .record_wait = cz_record_wait,
        .record_run = cz_record_run,
        .ticks_ns = cz_ticks_ns,
        .lane_push = cz_lane_push,
        .lane_wait_space = cz_lane_wait_space,
        .lane_unattended = cz_lane_unattended,
        .lane_take = cz_lane_take,
        .guest_enter = cz_guest_enter,
        .guest_leave = cz_guest_leave,
        .guest_next = cz_guest_next,
        .guest_done = cz_guest_done,
        .guest_wait = cz_guest_wait,
        .ticks = cz_ticks,
        .record_watch = cz_record_watch,
        .record_limit = cz_record_limit,
        .record_limit_ns = cz_record_limit_ns,
        .record_delay = cz_record_delay,
        .record_delay_promised = cz_record_delay_promised,
        .record_retry = cz_record_retry,
        .record_conclude = cz_record_conclude,
        .record_stop = cz_record_stop,
        .record_abandon = cz_record_abandon,
        .record_begin = cz_record_begin,
        .record_forget = cz_record_forget,
        .mail_take = cz_mail_take,
        .mail_wait = cz_mail_wait,
        .mail_ring = cz_mail_ring,
        .lane_busy = cz_lane_busy,
        .lane_wants_guest = cz_lane_wants_guest,
        .lane_wants_relief = cz_lane_wants_relief,
        .lane_promise = cz_lane_promise,
        .lane_promise_kept = cz_lane_promise_kept,
        .lane_promise_more = cz_lane_promise_more,
        .lane_push_promised = cz_lane_push_promised,
        .cache_destroy = cz_cache_destroy,
        .pool_destroy = cz_pool_destroy,
        .type_count = cz_type_count,
        .batch_watch = cz_batch_watch,
        .batch_told = cz_batch_told,
        .batch_released = cz_batch_released,
        .batch_drop = cz_batch_drop,
        .arena_enter = cz_arena_enter,
        .arena_leave = cz_arena_leave,
        .lane_push_bundle = cz_lane_push_bundle,
        .record_allocated = cz_record_allocated,
    };
    return &table;
}
