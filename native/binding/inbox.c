/* inbox.c: whose waits are over, one per event loop, until the loop comes to look.
 *
 * `rung` says that it will (native/README.md, "Awaiting"). Guarded by the GIL; deliver() is run by
 * the loop's thread alone.
 */
#include "awaiting.h"

PyObject *running_loop, *inbox_for;
static struct inbox *recent; /* the inbox that was found last */

static PyObject *inbox_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"loop", NULL};
    PyObject *loop;
    struct inbox *self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Inbox", names, &loop))
        return NULL;
    self = PyObject_New(struct inbox, type);
    if (self == NULL)
        return NULL;
    self->first = self->newest = NULL;
    self->rung = self->straight = 0;
    self->loop = PyWeakref_NewRef(loop, NULL);
    if (self->loop == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void inbox_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    Py_XDECREF(((struct inbox *)op)->loop); /* the waiters hold the inbox: there are none */
    PyObject_Free(op);
    Py_DECREF(type);
}

struct inbox *inbox_here(void)
{
    PyObject *loop = PyObject_CallNoArgs(running_loop), *found;
    if (loop == NULL)
        return NULL;
    if (recent == NULL || PyWeakref_GetObject(recent->loop) != loop) {
        found = PyObject_CallFunctionObjArgs(inbox_for, loop, NULL);
        if (found) {
            struct inbox *before = recent;
            recent = (struct inbox *)found;
            Py_XDECREF(before);
        }
    } else {
        found = (PyObject *)recent;
    }
    Py_DECREF(loop);
    return (struct inbox *)Py_XNewRef(found);
}

/* The loop was closed, or is gone: nobody waits any more. */
static void empty(struct inbox *inbox)
{
    struct waiter *waiter = inbox->first;
    inbox->first = inbox->newest = NULL;
    while (waiter) {
        struct waiter *later = waiter->later;
        Py_CLEAR(waiter->callback);
        Py_CLEAR(waiter->context);
        Py_DECREF(waiter);
        waiter = later;
    }
}

static int call_soon(struct inbox *inbox, PyObject *loop)
{
    PyObject *deliver = PyObject_GetAttrString((PyObject *)inbox, "deliver");
    PyObject *handle =
        deliver ? PyObject_CallMethod(loop, "call_soon_threadsafe", "O", deliver) : NULL;
    Py_XDECREF(deliver);
    Py_XDECREF(handle);
    return handle ? 0 : -1;
}

/* An exception that comes meanwhile (Ctrl-C, or one that is set already) stays set, and the loop is
 * rung all the same. */
static void ring(struct inbox *inbox)
{
    PyObject *loop, *type, *value, *traceback;
    if (inbox->rung || inbox->first == NULL)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    loop = Py_NewRef(PyWeakref_GetObject(inbox->loop));
    inbox->rung = 1; /* at once: the call lets other threads run */
    for (int tries = 2; tries && (loop == Py_None || call_soon(inbox, loop)); tries--) {
        inbox->rung = tries > 1;
        if (loop == Py_None || PyErr_ExceptionMatches(PyExc_RuntimeError)) {
            PyErr_Clear();
            empty(inbox);
            inbox->rung = 0;
            break;
        }
        if (type)
            PyErr_Clear();
        else
            PyErr_Fetch(&type, &value, &traceback);
    }
    Py_DECREF(loop);
    if (type)
        PyErr_Restore(type, value, traceback);
}

void post(struct waiter *waiter)
{
    struct inbox *inbox = waiter->inbox;
    if (!waiter->posted) {
        waiter->posted = 1;
        waiter->later = NULL;
        Py_INCREF(waiter);
        if (inbox->first)
            inbox->newest->later = waiter;
        else
            inbox->first = waiter;
        inbox->newest = waiter;
    }
    ring(inbox);
}

/* In the loop's thread. In debug mode each callback gets a handle of its own, so that asyncio can
 * name the slow ones. */
static int wake(struct waiter *waiter, PyObject *loop, int debug)
{
    PyObject *callback = waiter->callback, *context = waiter->context, *done;
    waiter->told = 1;
    if (callback == NULL)
        return 0;
    waiter->callback = waiter->context = NULL;
    if (debug) {
        PyObject *method = PyObject_GetAttrString(loop, "call_soon");
        PyObject *args = Py_BuildValue("(OO)", callback, (PyObject *)waiter);
        PyObject *kwargs = Py_BuildValue("{sO}", "context", context);
        done = method && args && kwargs ? PyObject_Call(method, args, kwargs) : NULL;
        Py_XDECREF(method);
        Py_XDECREF(args);
        Py_XDECREF(kwargs);
    } else {
        done = PyObject_CallMethod(context, "run", "OO", callback, (PyObject *)waiter);
    }
    Py_DECREF(callback);
    Py_DECREF(context);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static int in_debug_mode(PyObject *loop)
{
    PyObject *debug = PyObject_CallMethod(loop, "get_debug", NULL);
    int answer = debug ? PyObject_IsTrue(debug) : -1;
    Py_XDECREF(debug);
    return answer;
}

/* Only what has come until now: what comes meanwhile gets the loop's next turn. */
static PyObject *deliver(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    struct inbox *inbox = (struct inbox *)op;
    struct waiter *waiter = inbox->first, *newest = inbox->newest;
    PyObject *loop = Py_NewRef(PyWeakref_GetObject(inbox->loop));
    int debug = in_debug_mode(loop), failed = debug < 0;
    inbox->first = inbox->newest = NULL;
    inbox->rung = 0;
    while (waiter && !failed) {
        struct waiter *later = waiter->later;
        failed = wake(waiter, loop, debug);
        Py_DECREF(waiter);
        waiter = later;
    }
    Py_DECREF(loop);
    if (failed && waiter) { /* SystemExit and the like: the others get the next turn */
        newest->later = inbox->first;
        inbox->newest = inbox->newest ? inbox->newest : newest;
        inbox->first = waiter;
        ring(inbox);
    }
    if (failed)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef inbox_methods[] = {
    {"deliver", deliver, METH_NOARGS, "Wake the coroutines whose wait is over; the loop calls it."},
    {0},
};

static PyType_Slot inbox_slots[] = {
    {Py_tp_new, inbox_new},
    {Py_tp_dealloc, inbox_dealloc},
    {Py_tp_methods, inbox_methods},
    {0, NULL},
};

PyType_Spec inbox_spec = {
    .name = "catzilla_jit._binding.Inbox",
    .basicsize = sizeof(struct inbox),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = inbox_slots,
};
