/* python_lane.c: Python tasks: their results, and how one is run.
 *
 * A Python call stands in the Python lane's queues as the record inside its result
 * object; the queue's entry is a reference to that object. Who runs it: python_workers.c.
 */
#include "binding.h"

#include <unistd.h>

/* Not of the limited API, but exported by every CPython since 3.7.1. Context.run is Enter and Exit
 * around a call, at three times the cost. */
extern PyObject *PyContext_New(void);
extern PyObject *PyContext_Copy(PyObject *context);
extern PyObject *PyContext_CopyCurrent(void);
extern int PyContext_Enter(PyObject *context);
extern int PyContext_Exit(PyObject *context);

/* The submitter's context variables go with the call; most programs have none. */
static int take_context(struct call *call)
{
    PyObject *context = PyContext_CopyCurrent();
    if (context == NULL)
        return -1;
    if (PyObject_Size(context) > 0)
        call->context = context;
    else
        Py_DECREF(context);
    return 0;
}

PyObject *new_python_result(struct kind *kind, PyObject *args, PyObject *kwargs)
{
    struct bridge *bridge = kind->bridge;
    struct result *self = PyObject_GC_New(struct result, python_result_type);
    struct call *call;
    if (self == NULL)
        return NULL;
    self->weak = NULL;
    self->parent = run_number();
    atomic_store_explicit(&self->record.state, CZ_PENDING | CZ_HANDLE, memory_order_relaxed);
    self->record.status = 0;
    self->record.type = kind->type;
    self->record.error = NULL;
    self->record.retries = 0;
    self->record.id = ++bridge->next_id;
    self->record.queued_at = self->record.started_at = self->record.finished_at = 0;
    call = call_of(&self->record);
    call->args = Py_NewRef(args);
    call->kwargs = Py_XNewRef(kwargs);
    call->context = NULL;
    call->value = call->traceback = NULL;
    call->due_ns = 0;
    call->waiters = NULL;
    if (take_context(call)) {
        Py_INCREF(bridge);
        Py_DECREF(self);
        return NULL;
    }
    Py_INCREF(bridge);
    return (PyObject *)self;
}

static int traverse(PyObject *self, visitproc visit, void *arg)
{
    struct call *call = call_of(&((struct result *)self)->record);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(call->args);
    Py_VISIT(call->kwargs);
    Py_VISIT(call->context);
    Py_VISIT(call->value);
    Py_VISIT(call->traceback);
    return 0;
}

void drop_arguments(struct cz_record *record)
{
    struct call *call = call_of(record);
    Py_CLEAR(call->args);
    Py_CLEAR(call->kwargs);
    Py_CLEAR(call->context);
}

static int clear(PyObject *self)
{
    struct cz_record *record = &((struct result *)self)->record;
    struct call *call = call_of(record);
    PyObject *value = call->value;
    drop_arguments(record);
    Py_CLEAR(call->traceback);
    if (value) {
        /* A finalizer in the cycle may still ask for the result. */
        call->value = Py_NewRef(Py_None);
        Py_DECREF(value);
    }
    return 0;
}

static void dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    struct cz_record *record = &((struct result *)self)->record;
    struct call *call = call_of(record);
    struct bridge *bridge = kind_of(record)->bridge;
    PyObject_GC_UnTrack(self);
    /* First, for the rest may run Python code, and the dispatcher must not meet it meanwhile. */
    if (bridge->generation == generation)
        cz->record_forget(record);
    if (((struct result *)self)->weak)
        PyObject_ClearWeakRefs(self);
    drop_arguments(record);
    Py_CLEAR(call->value);
    Py_CLEAR(call->traceback);
    PyObject_GC_Del(self);
    Py_DECREF(bridge);
    Py_DECREF(type);
}

static int may_close_cycle(PyObject *value)
{
    return !(value == Py_None || PyFloat_CheckExact(value) || PyLong_CheckExact(value) ||
             PyBool_Check(value) || PyUnicode_CheckExact(value) || PyBytes_CheckExact(value));
}

static PyObject *take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

static int may_run_again(struct cz_record *record)
{
    return atomic_load_explicit(&record->state, memory_order_relaxed) & CZ_DIVERT;
}

/* Empty contexts for the calls that came without one. Guarded by the GIL. */
enum { SPARES = 16 };
static PyObject *spares[SPARES];
static int spare_count;

/* What a try sets must be seen neither by the next, which gets a copy of the submitter's
 * context, nor by the next call on this thread. */
static PyObject *context_for_run(struct cz_record *record)
{
    PyObject *context = call_of(record)->context;
    if (context)
        return may_run_again(record) ? PyContext_Copy(context) : Py_NewRef(context);
    return spare_count ? spares[--spare_count] : PyContext_New();
}

static void let_go_of(PyObject *context, int may_be_empty)
{
    if (may_be_empty && spare_count < SPARES && PyObject_Size(context) == 0)
        spares[spare_count++] = context;
    else
        Py_DECREF(context);
}

static PyObject *call_function(struct cz_record *record)
{
    struct call *call = call_of(record);
    PyObject *value, *context = context_for_run(record);
    if (context == NULL)
        return NULL;
    if (is_too_deep()) {
        Py_DECREF(context);
        PyErr_Format(PyExc_RecursionError,
                     "task %U: tasks that wait for tasks have used the stack of their worker",
                     kind_of(record)->name);
        return NULL;
    }
    if (PyContext_Enter(context)) {
        Py_DECREF(context);
        return NULL;
    }
    value = PyObject_Call(kind_of(record)->function, call->args, call->kwargs);
    if (PyContext_Exit(context)) {
        Py_XDECREF(value);
        value = NULL;
    }
    let_go_of(context, value && call->context == NULL);
    return value;
}

void set_value(struct cz_record *record, PyObject *value)
{
    PyObject *self = (PyObject *)result_of(record);
    struct call *call = call_of(record);
    PyObject *before = call->value, *traceback = call->traceback;
    call->value = value;
    call->traceback = PyExceptionInstance_Check(value) ? PyException_GetTraceback(value) : NULL;
    Py_XDECREF(before);
    Py_XDECREF(traceback);
    if (may_close_cycle(value) && !PyObject_GC_IsTracked(self))
        PyObject_GC_Track(self);
}

/* Keep the value, or the exception; 0 if the record was given its final phase meanwhile. */
static int keep_value(struct cz_record *record, PyObject *value)
{
    if (phase_of(record) != CZ_RUNNING) {
        Py_DECREF(value);
        return 0;
    }
    set_value(record, value);
    return 1;
}

void announce_end(struct cz_record *record)
{
    struct running shield;
    if (call_of(record)->waiters == NULL)
        return;
    enter_running(&shield, NULL); /* as in spawn() */
    tell_waiters(record);
    leave_running(&shield);
}

/* The call has forked, and this is the child: nothing of the parent's pool is touched any more, for
 * its locks may be held by threads that are not here. */
static void leave_child(PyObject *value)
{
    PyObject *failure = value ? Py_NewRef(Py_None) : take_exception();
    PyObject *module = PyImport_ImportModule("catzilla_jit.pools.child");
    if (module)
        PyObject_CallMethod(module, "leave", "O", failure);
    _exit(1);
}

static int was_stopped(struct cz_record *record)
{
    return (atomic_load_explicit(&record->state, memory_order_relaxed) & CZ_STOP_CANCEL) != 0;
}

void run_call(struct cz_record *record)
{
    uint32_t phase = CZ_COMPLETED;
    struct running running;
    uint32_t before = cz->arena_enter(record->type);
    PyObject *value;
    enter_running(&running, record);
    if (was_stopped(record)) /* while that was done, so nothing was found to interrupt */
        interrupt_call(record, error_cancelled);
    cz->record_begin(record);
    value = call_function(record);
    cz->arena_leave(before);
    shield_running(&running); /* what follows may run Python code, but not the task's */
    if (kind_of(record)->bridge->generation != generation)
        leave_child(value);
    if (value == NULL) {
        value = take_exception();
        phase = CZ_FAILED;
    }
    record->finished_at = cz->ticks();
    if (!keep_value(record, value) || phase != CZ_FAILED || !may_run_again(record))
        drop_arguments(record);
    cz->record_finish(record, phase);
    announce_end(record);
    if (PyErr_Occurred())
        PyErr_WriteUnraisable((PyObject *)result_of(record));
    leave_running(&running);
}

int cancel_call(struct cz_record *record)
{
    if (!cz->record_cancel(record))
        return 0;
    drop_arguments(record);
    announce_end(record);
    return 1;
}

PyObject *call_failure(struct cz_record *record)
{
    struct call *call = call_of(record);
    /* Since the last time it has collected the frames that it was raised through. (A
     * value that a cycle's collection has cleared is no exception any more.) */
    if (PyExceptionInstance_Check(call->value))
        PyException_SetTraceback(call->value, call->traceback ? call->traceback : Py_None);
    return Py_NewRef(call->value);
}

static PyType_Slot python_result_slots[] = {
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {0, NULL},
};

PyType_Spec python_result_spec = {
    .name = "catzilla_jit.PythonTaskResult",
    .basicsize = sizeof(struct result) + sizeof(struct call),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = python_result_slots,
};
