/* result.c: the object a submission returns.
 *
 * A compiled task's result lives inside its record's block: the block begins with the
 * object header, and the record's HANDLE bit stands for the object. When Python drops
 * the last reference while the call is still queued or running, the block outlives the
 * object and the worker frees it. Such an object holds no references to Python
 * objects but its type and its bridge, so it needs no garbage collection. It can be referred to
 * weakly; its death clears those references first, whatever becomes of the block.
 *
 * A Python task's result is an ordinary collected object with the record inside; the
 * queue holds a reference to it. It is tracked once it holds a value that could close
 * a cycle. Cold methods are Python: runtime/result.py adds them to this type. (A subclass
 * written in Python would do, but its instances are always collected ones.)
 */
#include "binding.h"

#include <structmember.h>
#include <time.h>

#define MEMORY_LOOK_NS 1000000

struct cz_record *record_of(PyObject *self)
{
    return &((struct result *)self)->record;
}

uint32_t phase_of(struct cz_record *record)
{
    return atomic_load_explicit(&record->state, memory_order_acquire) & CZ_PHASE;
}

int is_final(struct cz_record *record)
{
    return cz_is_final(phase_of(record));
}

/* The memory pool is at its limit. Calls that end may free some, but results that their
 * owner holds do not: with nothing queued any more there is nothing to wait for. */
static struct cz_record *await_memory(struct kind *kind)
{
    struct bridge *bridge = kind->bridge;
    struct cz_record *record = NULL;
    int busy = bridge->full != FULL_RAISE;
    if (!bridge->limited) {
        PyErr_NoMemory();
        return NULL;
    }
    while (busy && record == NULL) {
        busy = cz->lane_busy(bridge->native);
        Py_BEGIN_ALLOW_THREADS nanosleep(&(struct timespec){.tv_nsec = MEMORY_LOOK_NS}, NULL);
        Py_END_ALLOW_THREADS if (PyErr_CheckSignals() || raise_through_shields()) return NULL;
        record = cz->record_new(bridge->cache, kind->type);
    }
    if (record == NULL)
        PyErr_Format(error_queue_full,
                     "task %U: the runtime's memory_pool_mb is full of results that are held; "
                     "drop some, or make the pool larger",
                     kind->name);
    return record;
}

PyObject *new_result(struct kind *kind)
{
    struct bridge *bridge = kind->bridge;
    struct cz_record *record = cz->record_new(bridge->cache, kind->type);
    if (record == NULL && (record = await_memory(kind)) == NULL)
        return NULL;
    record->id = ++bridge->next_id;
    result_of(record)->weak = NULL;
    result_of(record)->parent = run_number();
    Py_INCREF(bridge);
    return PyObject_Init((PyObject *)result_of(record), result_type);
}

void forgo_queue(PyObject *self)
{
    struct cz_record *record = record_of(self);
    if (!is_python(kind_of(record)))
        cz->record_release(kind_of(record)->bridge->cache, record);
}

int refuse_foreign(struct cz_record *record)
{
    struct kind *kind = kind_of(record);
    if (kind->bridge->generation == generation)
        return 0;
    PyErr_Format(error_closed,
                 "task %U: this result belongs to the process that this one was forked from; "
                 "submit the task again here",
                 kind->name);
    return -1;
}

/* Python has dropped the last reference to a boxed result that has not ended: its
 * arguments must live on. Its end comes by mail, and bury() makes it an object again. */
static int linger(struct cz_record *record)
{
    uint32_t state = atomic_load_explicit(&record->state, memory_order_acquire);
    /* What the pool has not, or not any more, will never end: it was given up. */
    return kind_of(record)->boxed && state & CZ_POOL && !cz_is_final(state) &&
           cz->record_watch(record) == 1;
}

static void drop_objects(struct cz_record *record)
{
    struct kind *kind = kind_of(record);
    if (phase_of(record) == CZ_FAILED && is_settled(record))
        Py_DECREF((PyObject *)record->error);
    if (!kind->boxed)
        return;
    release_arguments(kind, (char *)(record + 1));
    if (phase_of(record) == CZ_COMPLETED)
        release_result(kind, (char *)(record + 1));
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    struct cz_record *record = record_of(self);
    struct bridge *bridge = kind_of(record)->bridge;
    /* Before it can linger: from here on nobody makes an object of it but bury(), which brings
     * it back here with an empty list. */
    if (result_of(record)->weak)
        PyObject_ClearWeakRefs(self);
    /* In a child of fork the parent's depot may be locked for ever: let the block be. */
    if (bridge->generation == generation) {
        if (linger(record)) {
            Py_DECREF(type);
            return;
        }
        drop_objects(record);
        cz->record_drop(bridge->cache, record);
    }
    Py_DECREF(bridge);
    Py_DECREF(type);
}

int bury(struct cz_record *record)
{
    PyObject *self = (PyObject *)result_of(record);
    if (is_python(kind_of(record)) || Py_REFCNT(self) != 0)
        return 0;
    Py_DECREF(PyObject_Init(self, result_type));
    return 1;
}

static PyObject *get_result(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames)
{
    if (finish_waiting(self, args, nargs, kwnames, "result") < 0)
        return NULL;
    return value_of(record_of(self));
}

static PyObject *get_exception(PyObject *self, PyObject *const *args, Py_ssize_t nargs,
                               PyObject *kwnames)
{
    struct cz_record *record = record_of(self);
    if (finish_waiting(self, args, nargs, kwnames, "exception") < 0)
        return NULL;
    switch (outcome(record)) {
    case CZ_COMPLETED:
        Py_RETURN_NONE;
    case CZ_FAILED:
        return failure_of(record);
    default: /* cancelled, or an exception is set */
        return value_of(record);
    }
}

static PyObject *get_done(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return refuse_foreign(record_of(self)) ? NULL : PyBool_FromLong(is_final(record_of(self)));
}

static PyObject *get_phase(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int now = refuse_foreign(record_of(self)) ? -1 : outcome(record_of(self));
    return now < 0 ? NULL : PyLong_FromLong(now);
}

/* The dispatcher repeats interrupts that were lost. Without one, as while the interpreter
 * exits, each comes once. */
static void expect_repeats(struct bridge *bridge)
{
    struct running shield;
    PyObject *done = NULL;
    enter_running(&shield, NULL);
    if (bridge->owner)
        done = PyObject_CallMethod(bridge->owner, "start_dispatcher", NULL);
    leave_running(&shield);
    if (done == NULL)
        PyErr_Clear();
    Py_XDECREF(done);
}

/* What the library cannot stop ends for its waiters here and now: a Python call is interrupted,
 * a compiled one that calls Python goes on, and its result is dropped. */
int stop_record(struct cz_record *record)
{
    int python = is_python(kind_of(record)), asked;
    struct cz_record *rerun;
    if (python && cancel_call(record))
        return 1;
    if (python && phase_of(record) == CZ_RUNNING)
        expect_repeats(kind_of(record)->bridge);
    asked = cz->record_stop(record, CZ_STOP_CANCEL); /* from here on it is not tried again */
    if (asked && python)
        interrupt_call(record, error_cancelled);
    if (asked && (rerun = rerun_of(record)))
        stop_record(rerun);
    if (asked == 2)
        cz->record_abandon(record, CZ_CANCELLED);
    if (python)
        announce_end(record);
    return asked;
}

static PyObject *cancel(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct cz_record *record = record_of(self);
    int did;
    if (refuse_foreign(record))
        return NULL;
    did = stop_record(record);
    if (PyErr_Occurred()) /* Ctrl-C, while an event loop was told */
        return NULL;
    return PyBool_FromLong(did || phase_of(record) == CZ_CANCELLED);
}

/* From time.monotonic's clock to the epoch: once for the process, so that no step of the wall clock
 * brings two times out of order. */
static int64_t epoch_ns;

PyObject *set_epoch(PyObject *Py_UNUSED(module), PyObject *nanoseconds)
{
    epoch_ns = PyLong_AsLongLong(nanoseconds);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *epoch_seconds(int64_t ns)
{
    return PyFloat_FromDouble((double)(ns + epoch_ns) * 1e-9);
}

static PyObject *seconds(uint64_t ticks)
{
    if (ticks == 0)
        Py_RETURN_NONE;
    return epoch_seconds(cz->ticks_ns(ticks));
}

static PyObject *get_queued_at(PyObject *self, void *Py_UNUSED(closure))
{
    return seconds(record_of(self)->queued_at);
}

static int has_started(struct cz_record *record)
{
    uint32_t now = phase_of(record);
    return now == CZ_COMPLETED || now == CZ_FAILED;
}

static PyObject *get_started_at(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    /* While it runs its worker may be about to write this field. */
    return seconds(has_started(record) ? record->started_at : 0);
}

static PyObject *get_finished_at(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    return seconds(has_started(record) ? record->finished_at : 0);
}

/* To compare with: seconds since the epoch are a double with steps of 0.2 us. */
static PyObject *get_ended_ns(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    return PyLong_FromLongLong(has_started(record) ? cz->ticks_ns(record->finished_at) : 0);
}

/* For the thread that runs it. */
static PyObject *get_deadline(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    int64_t limit = cz->record_limit_ns(record);
    if (limit == 0)
        Py_RETURN_NONE;
    return epoch_seconds(cz->ticks_ns(record->started_at) + limit);
}

static PyObject *get_execution_time_ms(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    if (!has_started(record))
        Py_RETURN_NONE;
    return PyFloat_FromDouble(
        (double)(cz->ticks_ns(record->finished_at) - cz->ticks_ns(record->started_at)) * 1e-6);
}

static PyObject *get_number(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(record_of(self)->id);
}

static PyObject *get_maker(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(kind_of(record_of(self))->bridge->number);
}

static PyObject *get_task_name(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(kind_of(record_of(self))->name);
}

static PyObject *get_pool(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *owner = kind_of(record_of(self))->bridge->owner;
    if (refuse_foreign(record_of(self)))
        return NULL;
    return Py_NewRef(owner ? owner : Py_None);
}

static PyObject *get_retries(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(record_of(self)->retries);
}

static PyObject *get_parent(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(((struct result *)self)->parent);
}

static PyObject *get_address(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromFormat("%p", (void *)record_of(self));
}

static PyObject *get_within(PyObject *self, PyObject *seconds)
{
    double timeout;
    int done;
    if (refuse_foreign(record_of(self)) || parse_timeout(record_of(self), seconds, &timeout))
        return NULL;
    done = await_final(record_of(self), timeout);
    return done < 0 ? NULL : PyBool_FromLong(done);
}

static PyObject *get_assist(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    struct cz_record *record = record_of(self);
    if (is_python(kind_of(record)) && kind_of(record)->assist && call_of(record)->args)
        return Py_NewRef(PyTuple_GetItem(call_of(record)->args, 0));
    switch (help(record)) {
    case RAN:
        Py_RETURN_TRUE;
    case NOT_YET:
        Py_RETURN_FALSE;
    default:
        Py_RETURN_NONE;
    }
}

#define FAST(name, function, text) \
    {name, (PyCFunction)(void (*)(void))function, METH_FASTCALL | METH_KEYWORDS, text}

static PyMethodDef methods[] = {
    FAST("result", get_result,
         "result(timeout=None)\n--\n\n"
         "Wait for the task and return its result.\n\n"
         "timeout is in seconds. Raises the task's exception, TaskCancelled, or the builtin\n"
         "TimeoutError when the task is not done in time (it goes on)."),
    FAST("wait", get_result, "wait(timeout=None)\n--\n\nThe same as result()."),
    FAST("exception", get_exception,
         "exception(timeout=None)\n--\n\n"
         "Wait for the task and return the exception it raised, or None."),
    {"done", get_done, METH_NOARGS, "done()\n--\n\nWhether the task has ended, in any way."},
    {"cancel", cancel, METH_NOARGS,
     "cancel()\n--\n\n"
     "Cancel the task. One that runs is stopped: compiled code within moments, Python code\n"
     "at its next bytecode, code that cannot be stopped is left alone and its result\n"
     "dropped. False if the task has ended."},
    {"_phase", get_phase, METH_NOARGS, "The phase as a number (catzilla_jit.h)."},
    {"_ended_within", get_within, METH_O, "Wait so many seconds or None; whether it has ended."},
    {"_assist", get_assist, METH_NOARGS,
     "On a Python worker, run the call if it is queued and Python: True. False: its time has not\n"
     "come. None: this thread can do nothing. Of a promise, its keeper."},
    {0},
};

static PyGetSetDef getters[] = {
    {"_number", get_number, NULL, "The number of this submission in its pool.", NULL},
    {"_maker", get_maker, NULL, "The number of the pool in this process.", NULL},
    {"_ended_ns", get_ended_ns, NULL, "When it ended, on time.monotonic_ns's clock, or 0.", NULL},
    {"_deadline", get_deadline, NULL,
     "For the thread that runs it: when it is stopped, in seconds since the epoch, or None.", NULL},
    {"task_name", get_task_name, NULL, "The name of the task.", NULL},
    {"queued_at", get_queued_at, NULL, "When it was submitted, in seconds since the epoch.", NULL},
    {"started_at", get_started_at, NULL,
     "When it began to run, in seconds since the epoch; None before it has ended.", NULL},
    {"finished_at", get_finished_at, NULL,
     "When it ended, in seconds since the epoch; None if it has not run.", NULL},
    {"execution_time_ms", get_execution_time_ms, NULL,
     "How long it ran, in milliseconds; None before it has ended.", NULL},
    {"retries", get_retries, NULL, "How often it was tried again so far.", NULL},
    {"_pool", get_pool, NULL, "The NativePool, None when that has ended.", NULL},
    {"_parent", get_parent, NULL, "The number of the run that submitted it, 0 if none did.", NULL},
    {"_address", get_address, NULL, "The record's address, for debugging.", NULL},
    {0},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct result, weak), READONLY, NULL},
    {0},
};

static PyType_Slot result_slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_members, members},
    {Py_tp_methods, methods},
    {Py_tp_getset, getters},
    {Py_am_await, await_result},
    {Py_tp_doc, "What a submission returns: a handle on one call of a task."},
    {0, NULL},
};

PyType_Spec result_spec = {
    .name = "catzilla_jit.TaskResult",
    .basicsize = sizeof(struct result),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = result_slots,
};
