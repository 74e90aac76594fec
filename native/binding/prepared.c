/* prepared.c: calls that are made first and queued later: with delays, limits, retries, watchers.
 */
#include "binding.h"

PyObject *prepare_call(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    struct kind *kind = ((struct submitter *)op)->kind;
    PyObject *result;
    if (kwnames || (uint32_t)nargs != kind->arguments || !guards_hold(kind))
        Py_RETURN_NOTIMPLEMENTED;
    if (check_open(kind->bridge, kind) || (result = new_result(kind)) == NULL)
        return NULL;
    if (pack_arguments(kind, args, (char *)(record_of(result) + 1)))
        return result;
    forgo_queue(result);
    Py_DECREF(result);
    Py_RETURN_NOTIMPLEMENTED;
}

PyObject *prepare_python_call(PyObject *op, PyObject *args, PyObject *kwargs)
{
    struct kind *kind = ((struct submitter *)op)->kind;
    if (check_open(kind->bridge, kind))
        return NULL;
    return new_python_result(kind, args, kwargs);
}

static struct cz_lane *lane_of(struct submitter *self)
{
    struct bridge *bridge = self->kind->bridge;
    return is_python(self->kind) ? bridge->python : bridge->native;
}

static int start_now(struct submitter *self, PyObject *result)
{
    if (is_python(self->kind))
        return queue_python(self, result);
    return enqueue(self, lane_of(self), result) == FAILED_TO_QUEUE ? -1 : 0;
}

static int start_later(struct submitter *self, PyObject *result, int64_t delay_ns)
{
    int delayed;
    if (is_python(self->kind)) {
        Py_INCREF(result); /* the queue's reference */
        call_of(record_of(result))->due_ns = cz->ticks_ns(cz->ticks()) + delay_ns;
        if (self->kind->bridge->guests == 0)
            maybe_spawn(self->kind->bridge);
        if (self->kind->bridge->guests == 0) {
            Py_DECREF(result);
            return -1; /* no worker, and none could be started */
        }
    }
    delayed = (is_privileged() ? cz->record_delay_promised : cz->record_delay)(
        lane_of(self), record_of(result), self->level, delay_ns);
    if (delayed && is_python(self->kind))
        Py_DECREF(result);
    else if (delayed)
        forgo_queue(result);
    if (delayed == CZ_ENOMEM)
        PyErr_NoMemory();
    else if (delayed)
        refuse_closed(self);
    return delayed;
}

/* With the exception kept that is set. */
static void call_forgo(PyObject *forgo, PyObject *result)
{
    PyObject *class, *exception, *traceback, *done;
    PyErr_Fetch(&class, &exception, &traceback);
    done = PyObject_CallFunctionObjArgs(forgo, result, NULL);
    if (done == NULL)
        PyErr_WriteUnraisable(forgo);
    Py_XDECREF(done);
    PyErr_Restore(class, exception, traceback);
}

static int call_govern(PyObject *govern, PyObject *result)
{
    PyObject *done = PyObject_CallFunctionObjArgs(govern, result, NULL);
    if (done == NULL)
        forgo_queue(result);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* start(result, delay_ns, govern, forgo): queue what prepare() returned, once govern(result) has
 * adorned it. After an exception the result is dead: nothing will come of it, and forgo(result) was
 * called. All in one step of the caller's, which therefore never has to ask how far it came. */
PyObject *start_prepared(PyObject *op, PyObject *args)
{
    struct submitter *self = (struct submitter *)op;
    PyObject *result, *govern = NULL, *forgo = NULL;
    long long delay_ns;
    if (!PyArg_ParseTuple(args, "OL|OO:start", &result, &delay_ns, &govern, &forgo))
        return NULL;
    if ((govern == NULL || call_govern(govern, result) == 0) &&
        (delay_ns > 0 ? start_later(self, result, delay_ns) : start_now(self, result)) == 0)
        Py_RETURN_NONE;
    if (forgo)
        call_forgo(forgo, result);
    return NULL;
}
