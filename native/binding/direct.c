/* direct.c: the base type of tasks: what a call of the task runs here and now.
 *
 * A call of a small function takes tens of nanoseconds, and a frame of Python around it as much
 * again. So the type's own call does what a method of Task would: the compiled forms in turn, and
 * the Python function where none of them takes the arguments.
 */
#include "binding.h"

enum { MOST_ARGUMENTS = 16 }; /* that are passed without a tuple */

struct direct {
    PyObject_HEAD PyObject *forms; /* a tuple of submitters */
    PyObject *function;
};

/* NotImplemented: the arguments do not fit. */
static PyObject *call_form(PyObject *form, PyObject *args)
{
    PyObject *items[MOST_ARGUMENTS], *method, *value;
    Py_ssize_t count = PyTuple_Size(args);
    if (count <= MOST_ARGUMENTS) {
        for (Py_ssize_t i = 0; i < count; i++)
            items[i] = PyTuple_GetItem(args, i);
        return run_directly(form, items, count, NULL);
    }
    method = PyObject_GetAttrString(form, "call");
    value = method ? PyObject_CallObject(method, args) : NULL;
    Py_XDECREF(method);
    return value;
}

/* A function that calls itself by the task's name takes C stack each time, unlike one of Python's:
 * before 3.12 CPython counts frames alone, and a program may allow any number of them. */
static int has_stack(void)
{
    if (!is_too_deep())
        return 1;
    PyErr_SetString(PyExc_RecursionError,
                    "calls of tasks within tasks have used the stack of their thread");
    return 0;
}

static PyObject *call(PyObject *op, PyObject *args, PyObject *kwargs)
{
    struct direct *self = (struct direct *)op;
    PyObject *forms = self->forms, *function = self->function, *value;
    Py_ssize_t count = forms && !(kwargs && PyDict_Size(kwargs)) ? PyTuple_Size(forms) : 0;
    if (function == NULL)
        return PyErr_Format(PyExc_TypeError, "the task was not initialised");
    /* The task may be bound anew meanwhile. */
    Py_XINCREF(forms);
    Py_INCREF(function);
    value = Py_NewRef(Py_NotImplemented);
    for (Py_ssize_t i = 0; i < count && value == Py_NotImplemented; i++) {
        Py_DECREF(value);
        value = call_form(PyTuple_GetItem(forms, i), args);
    }
    if (value == Py_NotImplemented) {
        Py_DECREF(value);
        value = has_stack() ? PyObject_Call(function, args, kwargs) : NULL;
    }
    Py_DECREF(function);
    Py_XDECREF(forms);
    return value;
}

static PyObject *set_direct(PyObject *op, PyObject *args)
{
    struct direct *self = (struct direct *)op;
    PyObject *forms, *function, *before, *function_before;
    if (!PyArg_ParseTuple(args, "O!O:_set_direct", &PyTuple_Type, &forms, &function))
        return NULL;
    for (Py_ssize_t i = 0; i < PyTuple_Size(forms); i++)
        if (!is_submitter(PyTuple_GetItem(forms, i)))
            return PyErr_Format(PyExc_TypeError, "a form must be a submitter");
    before = self->forms;
    function_before = self->function;
    self->forms = Py_NewRef(forms);
    self->function = Py_NewRef(function);
    Py_XDECREF(before);
    Py_XDECREF(function_before);
    Py_RETURN_NONE;
}

static int traverse(PyObject *op, visitproc visit, void *arg)
{
    struct direct *self = (struct direct *)op;
    Py_VISIT(self->forms);
    Py_VISIT(self->function);
    return 0;
}

static int clear(PyObject *op)
{
    struct direct *self = (struct direct *)op;
    Py_CLEAR(self->forms);
    Py_CLEAR(self->function);
    return 0;
}

static void dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    clear(op);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"_set_direct", set_direct, METH_VARARGS,
     "_set_direct(forms, function): what a call runs: the first submitter that takes the\n"
     "arguments, else the function."},
    {0},
};

static PyType_Slot slots[] = {
    {Py_tp_call, call},
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_methods, methods},
    {Py_tp_doc, "The base of Task: a call runs here and now."},
    {0, NULL},
};

PyType_Spec direct_spec = {
    .name = "catzilla_jit._binding.DirectCall",
    .basicsize = sizeof(struct direct),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

static PyObject *call_failed(struct kind *kind, int status, void *error, char *payload)
{
    PyObject *arguments = unpack_arguments(kind, payload), *outcome, *object = NULL;
    int failed = 1;
    if (arguments == NULL || !has_stack()) {
        Py_XDECREF(arguments);
        return NULL;
    }
    outcome = PyObject_CallFunction(kind->fail, "iKN", status, (unsigned long long)(uintptr_t)error,
                                    arguments);
    if (outcome == NULL)
        return NULL;
    if (PyArg_ParseTuple(outcome, "pO", &failed, &object)) {
        if (failed)
            PyErr_SetObject((PyObject *)Py_TYPE(object), object);
        else
            Py_INCREF(object);
    }
    Py_DECREF(outcome);
    return failed ? NULL : object;
}

/* Run the compiled function here and now. */
PyObject *run_directly(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    enum { MOST = 2048 };
    struct submitter *self = (struct submitter *)op;
    struct kind *kind = self->kind;
    _Alignas(16) char payload[MOST];
    void *error = NULL;
    PyObject *value;
    int status;
    if (kwnames || (uint32_t)nargs != kind->arguments || !guards_hold(kind) ||
        !pack_arguments(kind, args, payload))
        Py_RETURN_NOTIMPLEMENTED;
    Py_BEGIN_ALLOW_THREADS status = kind->entry(payload, &error);
    Py_END_ALLOW_THREADS value =
        status ? call_failed(kind, status, error, payload) : unpack_result(kind, payload);
    release_arguments(kind, payload);
    if (value && kind->result.code == 'O' && status == 0)
        release_result(kind, payload); /* the array's own reference */
    return value;
}
