/* attributes.c: what a result says of its call: names, numbers, times. */
#include "binding.h"

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

static PyObject *get_allocated_bytes(PyObject *self, void *Py_UNUSED(closure))
{
    struct cz_record *record = record_of(self);
    const struct bridge *bridge = kind_of(record)->bridge;
    uint64_t bytes;
    /* The pool has the figures. */
    if (!has_started(record) || bridge->owner == NULL || bridge->generation != generation)
        Py_RETURN_NONE;
    bytes = cz->record_allocated(record);
    if (bytes == UINT64_MAX)
        Py_RETURN_NONE;
    return PyLong_FromUnsignedLongLong(bytes);
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

/* Of what the runtime submits on behalf of a run. */
static int set_parent(PyObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    uint64_t parent = value ? PyLong_AsUnsignedLongLong(value) : 0;
    if (PyErr_Occurred())
        return -1;
    ((struct result *)self)->parent = parent;
    return 0;
}

static PyObject *get_address(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromFormat("%p", (void *)record_of(self));
}

PyGetSetDef result_getters[] = {
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
    {"allocated_bytes", get_allocated_bytes, NULL,
     "What its run asked malloc for, in bytes; None where that is not known (docs/memory.md).",
     NULL},
    {"retries", get_retries, NULL, "How often it was tried again so far.", NULL},
    {"_pool", get_pool, NULL, "The NativePool, None when that has ended.", NULL},
    {"_parent", get_parent, set_parent, "The number of the run that submitted it, 0 if none did.",
     NULL},
    {"_address", get_address, NULL, "The record's address, for debugging.", NULL},
    {0},
};
