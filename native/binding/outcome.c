/* outcome.c: what a final record means to its reader: a value, an exception, a cancel.
 *
 * Of a failed compiled call the worker leaves a status and a description that may be read only
 * once. The first thread that asks settles the record: kind->fail turns it into an exception.
 * record->status tells how far that is, record->error holds the object.
 *
 * A call that can be run again as Python does not end with such a failure. It comes by mail, and
 * the dispatcher queues a Python call that stands for it (RERUNNING: record->error is the result of
 * that) and settles the record when that has ended. Only where no Python call can be queued any
 * more, as at exit, the record ends unsettled, and who asks runs it as Python.
 */
#include "binding.h"

/* It makes an exception, in Python; a thread that only yields might keep it from its processor. */
#define SETTLING_LOOK_NS 50000

enum { SETTLING = INT32_MIN, SETTLED_ERROR, SETTLED_VALUE, RERUNNING };

int timed_out(struct cz_record *record)
{
    return (atomic_load_explicit(&record->state, memory_order_acquire) & CZ_STOP_TIMEOUT) != 0;
}

/* Call kind->fail; -1 with an exception set when that itself fails. */
static int settle_now(struct kind *kind, struct cz_record *record, int status)
{
    PyObject *arguments = unpack_arguments(kind, (char *)(record + 1)), *outcome = NULL, *object;
    struct running shield;
    int failed = -1;
    enter_running(&shield, NULL); /* the description may be read only once */
    if (arguments)
        outcome = PyObject_CallFunction(kind->fail, "iKO", status,
                                        (unsigned long long)(uintptr_t)record->error, arguments);
    leave_running(&shield);
    Py_XDECREF(arguments);
    if (outcome && PyArg_ParseTuple(outcome, "pO", &failed, &object))
        record->error = Py_NewRef(object);
    Py_XDECREF(outcome);
    record->status = failed < 0 ? status : failed ? SETTLED_ERROR : SETTLED_VALUE;
    if (failed == 0)
        cz->type_count(record->type, CZ_COUNT_RERUN, 1);
    return failed < 0 ? -1 : 0;
}

int is_settled(struct cz_record *record)
{
    return record->status == SETTLED_ERROR || record->status == SETTLED_VALUE;
}

static int settle(struct cz_record *record)
{
    int status;
    while ((status = record->status) == SETTLING) { /* another thread is at it */
        Py_BEGIN_ALLOW_THREADS nanosleep(&(struct timespec){.tv_nsec = SETTLING_LOOK_NS}, NULL);
        Py_END_ALLOW_THREADS
    }
    if (is_settled(record))
        return 0;
    record->status = SETTLING;
    return settle_now(kind_of(record), record, status);
}

void unsettle(struct cz_record *record)
{
    PyObject *object = NULL;
    if (!is_python(kind_of(record)) && (is_settled(record) || record->status == RERUNNING))
        object = record->error;
    record->error = NULL;
    record->status = 0;
    Py_XDECREF(object);
}

struct cz_record *rerun_of(struct cz_record *record)
{
    if (is_python(kind_of(record)) || !kind_of(record)->rerun || is_final(record) ||
        record->status != RERUNNING)
        return NULL;
    return record_of(record->error);
}

int begin_rerun(struct cz_record *record)
{
    struct kind *kind = kind_of(record);
    PyObject *rerun = kind->rerun, *arguments, *call = NULL;
    long long limit = cz->record_limit_ns(record);
    int64_t ran = cz->ticks_ns(record->finished_at) - cz->ticks_ns(record->started_at);
    if (rerun == NULL)
        return 0;
    if (limit)
        limit = limit > ran ? limit - ran : 1;
    Py_INCREF(rerun);
    arguments = unpack_arguments(kind, (char *)(record + 1));
    if (arguments)
        call = PyObject_CallFunction(rerun, "OOIL", (PyObject *)result_of(record), arguments,
                                     (unsigned)record->level, limit);
    Py_XDECREF(arguments);
    Py_DECREF(rerun);
    if (call == NULL)
        PyErr_WriteUnraisable(kind->name);
    if (call == NULL || call == Py_None) {
        Py_XDECREF(call);
        return 0;
    }
    /* Who waits for the one and runs the other, is stopped with it (interrupt.c). */
    ((struct result *)call)->parent = result_of(record)->parent;
    record->error = call;
    record->status = RERUNNING;
    return 1;
}

static void settle_as(struct cz_record *record, int32_t status, PyObject *object)
{
    Py_INCREF(object); /* first, for the call that had it goes */
    unsettle(record);
    record->error = object;
    record->status = status;
}

void settle_error(struct cz_record *record, PyObject *exception)
{
    settle_as(record, SETTLED_ERROR, exception);
}

void settle_value(struct cz_record *record, PyObject *value)
{
    settle_as(record, SETTLED_VALUE, value);
    cz->type_count(record->type, CZ_COUNT_RERUN, 1);
}

/* The final phase as the caller is to see it, or -1. */
int outcome(struct cz_record *record)
{
    uint32_t now = phase_of(record);
    struct kind *kind = kind_of(record);
    if (now != CZ_FAILED || is_python(kind) || timed_out(record))
        return (int)now;
    if (!kind->can_rerun && record->status != SETTLED_VALUE)
        return CZ_FAILED;
    if (settle(record))
        return -1;
    return record->status == SETTLED_VALUE ? CZ_COMPLETED : CZ_FAILED;
}

PyObject *failure_of(struct cz_record *record)
{
    if (timed_out(record)) {
        PyObject *text =
            PyUnicode_FromFormat("task %U ran into its time limit", kind_of(record)->name);
        PyObject *error = text ? PyObject_CallFunctionObjArgs(error_timeout, text, NULL) : NULL;
        Py_XDECREF(text);
        return error;
    }
    if (is_python(kind_of(record)))
        return call_failure(record);
    if (settle(record))
        return NULL;
    /* A copy: what is raised collects the frames it passes, which hold this result,
     * which would hold the exception, in a cycle that nobody can see. */
    return PyObject_CallFunctionObjArgs(copy_exception, (PyObject *)record->error, NULL);
}

static PyObject *raise_failure(struct cz_record *record)
{
    PyObject *exception = failure_of(record);
    if (exception) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}

static PyObject *completed_value(struct cz_record *record)
{
    struct kind *kind = kind_of(record);
    if (is_python(kind))
        return Py_NewRef(call_of(record)->value);
    if (record->status == SETTLED_VALUE)
        return Py_NewRef((PyObject *)record->error);
    return unpack_result(kind, (char *)(record + 1));
}

PyObject *value_of(struct cz_record *record)
{
    switch (outcome(record)) {
    case CZ_COMPLETED:
        return completed_value(record);
    case CZ_FAILED:
        return raise_failure(record);
    case -1:
        return NULL;
    default:
        PyErr_Format(error_cancelled, "task %U was cancelled", kind_of(record)->name);
        return NULL;
    }
}
