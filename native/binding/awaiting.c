/* awaiting.c: what `await result` makes, a waiter.
 *
 * It is the iterator in which the coroutine is suspended and, as far as an asyncio.Task looks, the
 * future that the Task waits for: one small object, where a generator and an asyncio.Future would
 * be three that the garbage collector walks.
 */
#include "awaiting.h"

#include <structmember.h>

/* So many awaits in a row may go on without giving the loop a turn. */
enum { STRAIGHT_MOST = 64 };

/* asyncio's; and ours: notice(result, waiter) has the waiter called when the result has ended,
 * False if it has already. */
static PyObject *cancelled_error, *notice;
static PyTypeObject *waiter_type;

void tell_waiters(struct cz_record *record)
{
    struct call *call = call_of(record);
    struct waiter *waiter = call->waiters;
    call->waiters = NULL;
    while (waiter) {
        struct waiter *beside = waiter->beside;
        post(waiter);
        Py_DECREF(waiter);
        waiter = beside;
    }
}

/* --- a waiter as the coroutine sees it: an iterator ------------------------------------------ */

PyObject *await_result(PyObject *result)
{
    struct waiter *self;
    if (refuse_foreign(record_of(result)))
        return NULL;
    self = PyObject_New(struct waiter, waiter_type);
    if (self == NULL)
        return NULL;
    self->result = Py_NewRef(result);
    self->inbox = NULL;
    self->callback = self->context = self->message = NULL;
    self->beside = self->later = NULL;
    self->state = NEW;
    self->blocking = self->posted = self->told = 0;
    return (PyObject *)self;
}

static void waiter_dealloc(PyObject *op)
{
    struct waiter *self = (struct waiter *)op;
    PyTypeObject *type = Py_TYPE(op);
    Py_DECREF(self->result);
    Py_XDECREF(self->inbox);
    Py_XDECREF(self->callback);
    Py_XDECREF(self->context);
    Py_XDECREF(self->message);
    PyObject_Free(op);
    Py_DECREF(type);
}

/* A StopIteration that a task raised must not be taken for the end of the wait. */
static void tell_apart(struct cz_record *record)
{
    PyObject *type, *value, *traceback, *error;
    if (!PyErr_ExceptionMatches(PyExc_StopIteration))
        return;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyErr_Format(PyExc_RuntimeError, "task %U raised StopIteration", kind_of(record)->name);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyException_SetCause(error, value);
    PyErr_Restore(type, error, traceback);
}

/* The end of the iteration, with the value as what `await` returns. */
static PyObject *give(struct waiter *self)
{
    struct cz_record *record = record_of(self->result);
    PyObject *value = value_of(record), *stop;
    if (value == NULL) {
        tell_apart(record);
        return NULL;
    }
    if (PyTuple_Check(value) || PyExceptionInstance_Check(value)) {
        /* As the exception's value they would be taken for its arguments, or for itself. */
        stop = PyObject_CallFunctionObjArgs(PyExc_StopIteration, value, NULL);
        if (stop)
            PyErr_SetObject(PyExc_StopIteration, stop);
        Py_XDECREF(stop);
    } else {
        PyErr_SetObject(PyExc_StopIteration, value);
    }
    Py_DECREF(value);
    return NULL;
}

/* The ends of a plain Python call are all seen by the binding. Others (compiled calls, delays,
 * retries, time limits, promises) come by mail. */
static int is_plain(struct cz_record *record)
{
    return is_python(kind_of(record)) &&
           !(atomic_load_explicit(&record->state, memory_order_acquire) & CZ_EXTRA);
}

/* 1, 0 if it has ended meanwhile, -1. */
static int listen(struct waiter *self)
{
    struct cz_record *record = record_of(self->result);
    PyObject *answer;
    int listening;
    self->state = LISTENING;
    if (is_final(record))
        return 0;
    if (is_plain(record)) {
        struct waiter **last = &call_of(record)->waiters;
        while (*last)
            last = &(*last)->beside;
        *last = (struct waiter *)Py_NewRef((PyObject *)self);
        return 1;
    }
    answer = PyObject_CallFunctionObjArgs(notice, self->result, (PyObject *)self, NULL);
    listening = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return listening;
}

static PyObject *suspend(struct waiter *self)
{
    int ended;
    if ((self->inbox = inbox_here()) == NULL)
        return NULL;
    /* A small compiled task may end within the microsecond that this polls; to suspend the
     * coroutine costs more. (A Python worker runs the Python task itself.) */
    if ((ended = await_final(record_of(self->result), 0.0)) < 0)
        return NULL;
    if (ended) {
        if (++self->inbox->straight < STRAIGHT_MOST)
            return give(self);
        self->inbox->straight = 0;
        Py_RETURN_NONE; /* other coroutines want a turn too */
    }
    self->inbox->straight = 0;
    switch (listen(self)) {
    case 0:
        return give(self);
    case 1:
        self->blocking = 1;
        return Py_NewRef((PyObject *)self);
    default:
        return NULL;
    }
}

static PyObject *cancellation(struct waiter *self)
{
    PyObject *error = PyObject_CallFunctionObjArgs(cancelled_error, self->message, NULL);
    if (error)
        PyErr_SetObject(cancelled_error, error);
    Py_XDECREF(error);
    return NULL;
}

static PyObject *waiter_next(PyObject *op)
{
    struct waiter *self = (struct waiter *)op;
    if (self->state == CANCELLED)
        return cancellation(self);
    if (is_final(record_of(self->result)))
        return give(self);
    if (self->state == NEW)
        return suspend(self);
    PyErr_Format(PyExc_RuntimeError, "task %U: it is awaited outside of asyncio",
                 kind_of(record_of(self->result))->name);
    return NULL;
}

/* --- a waiter as asyncio.Task sees it: a future ---------------------------------------------- */

static PyObject *add_done_callback(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"callback", "context", NULL};
    struct waiter *self = (struct waiter *)op;
    PyObject *callback, *context;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:add_done_callback", names, &callback,
                                     &context))
        return NULL;
    if (self->inbox == NULL || self->callback || PyTuple_Size(args) != 1 || kwargs == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "only the asyncio.Task that awaits a result, once");
        return NULL;
    }
    self->callback = Py_NewRef(callback);
    self->context = Py_NewRef(context);
    if (self->told) { /* the end came before this */
        self->posted = self->told = 0;
        post(self);
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static int is_over(struct waiter *self)
{
    return self->state == CANCELLED || is_final(record_of(self->result));
}

static PyObject *waiter_done(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(is_over((struct waiter *)op));
}

/* What asyncio.Task.cancel() calls: as with any awaited future, the cancellation reaches what is
 * waited for. */
static PyObject *waiter_cancel(PyObject *op, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"msg", NULL};
    struct waiter *self = (struct waiter *)op;
    PyObject *message = Py_None, *done;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:cancel", names, &message))
        return NULL;
    if (is_over(self) || self->inbox == NULL)
        Py_RETURN_FALSE;
    self->state = CANCELLED;
    self->message = message == Py_None ? NULL : Py_NewRef(message);
    post(self);
    if (PyErr_Occurred())
        return NULL;
    done = PyObject_CallMethod(self->result, "cancel", NULL);
    Py_XDECREF(done);
    return done ? PyBool_FromLong(1) : NULL;
}

/* asyncio.Task asks before it goes on; what is raised here it throws into the coroutine. The value
 * comes from the iterator. */
static PyObject *waiter_result(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    struct waiter *self = (struct waiter *)op;
    if (self->state == CANCELLED)
        return cancellation(self);
    Py_RETURN_NONE;
}

static PyObject *waiter_loop(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    struct waiter *self = (struct waiter *)op;
    return Py_NewRef(self->inbox ? PyWeakref_GetObject(self->inbox->loop) : Py_None);
}

/* The dispatcher calls the waiter when its result has ended. */
static PyObject *waiter_call(PyObject *op, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    struct waiter *self = (struct waiter *)op;
    post(self);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static PyObject *waiter_repr(PyObject *op)
{
    struct waiter *self = (struct waiter *)op;
    return PyUnicode_FromFormat("<await %R>", self->result);
}

#define KEYWORDS(name, function, text) \
    {name, (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS, text}

static PyMethodDef waiter_methods[] = {
    KEYWORDS("add_done_callback", add_done_callback, "What the Task that awaits is woken with."),
    KEYWORDS("cancel", waiter_cancel, "Cancel the result and end the wait."),
    {"done", waiter_done, METH_NOARGS, "Whether the wait is over."},
    {"result", waiter_result, METH_NOARGS, "Raise CancelledError after a cancel."},
    {"get_loop", waiter_loop, METH_NOARGS, "The loop that it is awaited in."},
    {0},
};

static PyMemberDef waiter_members[] = {
    {"_asyncio_future_blocking", T_BOOL, offsetof(struct waiter, blocking), 0, NULL},
    {0},
};

static PyObject *itself(PyObject *op)
{
    return Py_NewRef(op);
}

static PyType_Slot waiter_slots[] = {
    {Py_tp_dealloc, waiter_dealloc}, {Py_tp_iter, itself},
    {Py_tp_iternext, waiter_next},   {Py_tp_call, waiter_call},
    {Py_tp_repr, waiter_repr},       {Py_tp_methods, waiter_methods},
    {Py_tp_members, waiter_members}, {0, NULL},
};

static PyType_Spec waiter_spec = {
    .name = "catzilla_jit._binding.Waiter",
    .basicsize = sizeof(struct waiter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = waiter_slots,
};

/* --- the module's part ------------------------------------------------------------------------ */

PyObject *set_asyncio(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *loop, *error, *notice_, *find;
    if (!PyArg_ParseTuple(args, "OOOO:set_asyncio", &loop, &error, &notice_, &find))
        return NULL;
    /* What was here before is called at this moment, once, and stays. */
    running_loop = Py_NewRef(loop);
    cancelled_error = Py_NewRef(error);
    notice = Py_NewRef(notice_);
    inbox_for = Py_NewRef(find);
    Py_RETURN_NONE;
}

int make_awaiting(PyObject *module)
{
    PyObject *inbox_type = PyType_FromSpec(&inbox_spec);
    waiter_type = (PyTypeObject *)PyType_FromSpec(&waiter_spec);
    if (inbox_type == NULL || waiter_type == NULL)
        return -1;
    return PyModule_AddObjectRef(module, "Inbox", inbox_type);
}
