/* module.c: the module's functions and types, and what all files of the binding share. */
#include "binding.h"

const struct cz_api *cz;
unsigned generation;
PyObject *error_queue_full, *error_closed, *error_cancelled, *error_timeout;
PyObject *copy_exception;
PyTypeObject *submitter_type;
PyTypeObject *result_type, *python_result_type;

static PyObject *take(PyObject *module, const char *name)
{
    return PyObject_GetAttrString(module, name);
}

static PyObject *attach(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long address;
    PyObject *errors, *copy;
    const struct cz_api *table;
    if (!PyArg_ParseTuple(args, "KOO:attach", &address, &errors, &copy))
        return NULL;
    table = (const struct cz_api *)(uintptr_t)address;
    if (table->size != sizeof *table || table->abi_version != CZ_ABI_VERSION)
        return PyErr_Format(PyExc_ImportError,
                            "libcatzilla_jit.so has ABI %u with a table of %zu bytes, the binding "
                            "was built for %u with %zu; reinstall catzilla_jit",
                            table->abi_version, table->size, CZ_ABI_VERSION, sizeof *table);
    error_queue_full = take(errors, "QueueFull");
    error_closed = take(errors, "RuntimeClosed");
    error_cancelled = take(errors, "TaskCancelled");
    error_timeout = take(errors, "TaskTimeout");
    if (!error_queue_full || !error_closed || !error_cancelled || !error_timeout)
        return NULL;
    copy_exception = Py_NewRef(copy);
    cz = table;
    Py_RETURN_NONE;
}

static PyObject *after_fork_in_child(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    generation++;
    forget_other_threads();
    Py_RETURN_NONE;
}

static PyObject *on_worker(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(on_python_worker());
}

static PyMethodDef module_methods[] = {
    {"attach", attach, METH_VARARGS, "attach(table address, errors module, copy_exception)"},
    {"set_numpy_float", set_numpy_float, METH_O, "set_numpy_float(numpy.float64): see scalar.c"},
    {"set_asyncio", set_asyncio, METH_VARARGS,
     "set_asyncio(get_running_loop, CancelledError, notice, inbox_for): see awaiting.c"},
    {"set_standing", set_standing, METH_VARARGS,
     "set_standing(locks, import_system, deepest, (code, line, line)): see pools/safepoint.py."},
    {"own_signals", own_signals, METH_NOARGS,
     "In the child of a fork: its thread is the main one, and in no shield of another."},
    {"own_batch", own_batch, METH_O,
     "own_batch(handle): an object that frees the batch when it goes, if that was released."},
    {"set_signals", set_signals, METH_VARARGS,
     "set_signals(signal, getsignal, thread): of _signal, and the main thread; see signals.c."},
    {"set_takeback", set_takeback, METH_VARARGS,
     "set_takeback(look, TakenBack): see pools/takeback.py."},
    {"call_shielded", (PyCFunction)(void (*)(void))call_shielded, METH_VARARGS | METH_KEYWORDS,
     "call_shielded(function, ...): call it; an interrupt of the task here comes after it."},
    {"call_finalizer", (PyCFunction)(void (*)(void))call_finalizer, METH_VARARGS | METH_KEYWORDS,
     "call_finalizer(function, ...): call it in a finalizer; interrupts come after that."},
    {"call_exposed", (PyCFunction)(void (*)(void))call_exposed, METH_VARARGS | METH_KEYWORDS,
     "call_exposed(function, ...): call it as the task's own code, within a shield."},
    {"run_here", get_run_here, METH_NOARGS,
     "run_here(): the number of the run that this thread is inside of, 0 if it is in none."},
    {"call_here", get_call_here, METH_NOARGS,
     "call_here(): the result of the Python call that this thread is inside of, or None."},
    {"set_blocks", set_blocks, METH_O,
     "set_blocks(function): function(task name) is called before a thread sleeps in a wait."},
    {"set_epoch", set_epoch, METH_O,
     "set_epoch(nanoseconds): from time.monotonic's clock to the epoch."},
    {"act_for", act_for, METH_O,
     "act_for(number): the run that this thread is inside of takes the number of another; outside\n"
     "of tasks, what it submits is that one's."},
    {"interrupted_here", get_interrupted_here, METH_NOARGS,
     "interrupted_here(): whether the run that this thread is inside of is to be stopped."},
    {"check_interrupt", check_interrupt, METH_NOARGS,
     "Raise the interrupt of the task here, through shields."},
    {"add_result_type", add_result_type, METH_O,
     "add_result_type(type): arguments of this type are waited for first, like results."},
    {"read_each", read_each, METH_VARARGS,
     "read_each(results, values, seconds): append the values of the first results; see "
     "read_each.c."},
    {"was_interrupted", get_was_interrupted, METH_NOARGS,
     "was_interrupted(): the address of what an open loop asks its owner; see interrupted.c."},
    {"on_worker", on_worker, METH_NOARGS, "Whether this thread is a Python worker."},
    {"let_go", let_go_of_all, METH_NOARGS,
     "The interpreter exits: pools that have ended keep no function any more."},
    {"after_fork_in_child", after_fork_in_child, METH_NOARGS,
     "Refuse from now on what the parent process made."},
    {0},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_binding",
    .m_doc = "The CPython face of libcatzilla_jit.so; see native/binding/binding.h.",
    .m_size = -1,
    .m_methods = module_methods,
};

static int make_types(PyObject *module)
{
    PyObject *bridge, *bases, *direct;
    bridge = make_bridge_type();
    result_type = (PyTypeObject *)PyType_FromSpec(&result_spec);
    submitter_type = (PyTypeObject *)PyType_FromSpec(&submitter_spec);
    if (!bridge || !result_type || !submitter_type || make_awaiting(module))
        return -1;
    bases = PyTuple_Pack(1, result_type);
    if (bases == NULL)
        return -1;
    python_result_type = (PyTypeObject *)PyType_FromSpecWithBases(&python_result_spec, bases);
    Py_DECREF(bases);
    if (python_result_type == NULL || PyModule_AddObjectRef(module, "Bridge", bridge))
        return -1;
    Py_DECREF(bridge);
    direct = PyType_FromSpec(&direct_spec);
    if (direct == NULL || PyModule_AddObjectRef(module, "DirectCall", direct))
        return -1;
    Py_DECREF(direct);
    return PyModule_AddObjectRef(module, "TaskResult", (PyObject *)result_type);
}

PyMODINIT_FUNC PyInit__binding(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module && (find_words() || make_types(module))) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
