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
    {"cancel", cancel_result, METH_NOARGS,
     "cancel()\n--\n\n"
     "Cancel the task. One that runs is stopped: compiled code within moments, Python code\n"
     "at its next bytecode, code that cannot be stopped is left alone and its result\n"
     "dropped. False if the task has ended."},
    {"_cancel_pending", cancel_pending, METH_NOARGS,
     "Cancel the task unless it runs; whether it is cancelled."},
    {"_phase", get_phase, METH_NOARGS, "The phase as a number (catzilla_jit.h)."},
    {"_ended_within", get_within, METH_O, "Wait so many seconds or None; whether it has ended."},
    {"_assist", get_assist, METH_NOARGS,
     "On a Python worker, run the call if it is queued and Python: True. False: its time has not\n"
     "come. None: this thread can do nothing. Of a promise, its keeper."},
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
    {Py_tp_getset, result_getters},
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
