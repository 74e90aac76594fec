/* python_workers.c: the loop of the threads that run Python tasks, and how many there are.
 *
 * Workers are ordinary Python threads inside bridge.serve(). They hold the GIL except inside
 * guest_wait. Workers are added when a call is queued and none of them sleeps or looks out.
 */
#include "binding.h"

/* A worker beyond the least number ends after so long without work. */
#define IDLE_NS ((int64_t)5 * 1000 * 1000 * 1000)

static _Thread_local int serving; /* this thread is inside bridge.serve() */

int on_python_worker(void)
{
    return serving;
}

static PyObject *start_thread(struct bridge *bridge, unsigned level)
{
    PyObject *thread = NULL;
    struct running shield;
    /* An interrupt of the task that submits must not hit the start of a thread halfway. */
    enter_running(&shield, NULL);
    if (bridge->owner)
        thread = PyObject_CallMethod(bridge->owner, "spawn_worker", "I", level);
    leave_running(&shield);
    return thread;
}

static void spawn(struct bridge *bridge)
{
    PyObject *thread;
    bridge->guests++;
    bridge->starting++;
    thread = start_thread(bridge, CZ_LEVELS);
    if (thread == NULL) {
        bridge->guests--;
        bridge->starting--;
        /* With a worker at hand the call will run, only later. */
        if (bridge->guests)
            PyErr_Clear();
    }
    Py_XDECREF(thread);
}

/* For speed, as scale_up(): without the thread the entries run later. */
void spawn_relief(struct bridge *bridge, uint32_t levels)
{
    for (unsigned level = 0; level < CZ_LEVELS; level++) {
        PyObject *thread;
        if (!(levels & ~bridge->relief & 1u << level) || bridge->guests == 0)
            continue;
        bridge->relief |= 1u << level;
        thread = start_thread(bridge, level);
        if (thread == NULL) {
            bridge->relief &= ~(1u << level);
            PyErr_Clear();
        }
        Py_XDECREF(thread);
    }
}

void maybe_spawn(struct bridge *bridge)
{
    if (bridge->guests < bridge->guests_least && bridge->starting == 0)
        spawn(bridge);
}

/* For who wants a worker per call, as ThreadPoolExecutor has them, rather than one on demand. */
PyObject *bridge_grow(PyObject *self, PyObject *wanted)
{
    struct bridge *bridge = (struct bridge *)self;
    unsigned long count = PyLong_AsUnsignedLong(wanted);
    if (PyErr_Occurred())
        return NULL;
    while (bridge->guests < count && bridge->guests < bridge->guests_least && !PyErr_Occurred())
        spawn(bridge);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* The workers there are block: half as many again. Not when there are none: then the lane is
 * finished, or its first worker is on its way out. A thread that cannot be had, as while the
 * interpreter exits, is no error: this was for speed. */
void scale_up(struct bridge *bridge)
{
    uint32_t more = bridge->guests ? bridge->guests / 2 + 1 : 0;
    while (more-- && bridge->guests && bridge->guests < bridge->guests_most)
        spawn(bridge);
    PyErr_Clear();
}

static void serve_one(struct bridge *bridge, struct cz_guest *guest, struct cz_record *record,
                      int alone)
{
    const struct cz_type *type = record->type;
    uint64_t ticks = 0;
    if (alone)
        maybe_spawn(bridge);
    if (cz->record_start(record)) {
        run_call(record);
        ticks = record->finished_at - record->started_at;
    }
    cz->guest_done(guest, type, ticks);
    Py_DECREF(result_of(record)); /* the queue's reference */
}

static int is_surplus(const struct bridge *bridge)
{
    return bridge->guests > bridge->guests_least;
}

/* A relief worker stays until the lane is closed. */
static PyObject *serve_relief(struct bridge *bridge, unsigned level)
{
    struct cz_guest *guest = cz->guest_enter(bridge->python, level);
    struct cz_record *record;
    int alone, waited = 0;
    if (guest == NULL)
        return PyErr_NoMemory();
    serving = 1;
    while (waited != CZ_ECLOSED) {
        while ((record = cz->guest_next(guest, &alone)))
            serve_one(bridge, guest, record, alone);
        Py_BEGIN_ALLOW_THREADS waited = cz->guest_wait(guest, -1);
        Py_END_ALLOW_THREADS
    }
    serving = 0;
    cz->guest_leave(guest);
    Py_RETURN_NONE;
}

PyObject *bridge_serve(PyObject *self, PyObject *args)
{
    struct bridge *bridge = (struct bridge *)self;
    struct cz_guest *guest;
    struct cz_record *record;
    unsigned level = CZ_LEVELS;
    int alone, waited = 0;
    if (!PyArg_ParseTuple(args, "|I:serve", &level))
        return NULL;
    if (level < CZ_LEVELS)
        return serve_relief(bridge, level);
    guest = cz->guest_enter(bridge->python, CZ_LEVELS);
    bridge->starting--;
    if (guest == NULL) {
        bridge->guests--;
        return PyErr_NoMemory();
    }
    serving = 1;
    while (waited != CZ_ECLOSED && !(waited == CZ_ETIMEDOUT && is_surplus(bridge))) {
        while ((record = cz->guest_next(guest, &alone)))
            serve_one(bridge, guest, record, alone);
        Py_BEGIN_ALLOW_THREADS waited = cz->guest_wait(guest, IDLE_NS);
        Py_END_ALLOW_THREADS
    }
    serving = 0;
    cz->guest_leave(guest);
    bridge->guests--;
    Py_RETURN_NONE;
}

PyObject *bridge_cancel_python(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct bridge *bridge = (struct bridge *)self;
    struct cz_record *record;
    long cancelled = 0;
    while ((record = cz->lane_take(bridge->python))) {
        cancelled += cancel_call(record); /* not if a waiter runs it already */
        Py_DECREF(result_of(record));
    }
    return PyErr_Occurred() ? NULL : PyLong_FromLong(cancelled);
}
