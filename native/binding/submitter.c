/* submitter.c: what task.submit(...) calls.
 *
 * The straight case is handled here: the right number of positional arguments, each
 * exactly of its slot's type, and room in the queue. For everything else `slow` is
 * called with the arguments as given; it is Python, converts or refuses, and comes
 * back through submit with what fits.
 * Both lanes and each way into a queue stand here, because their failures undo the same things:
 * hence its length.
 */
#include "binding.h"

#include <stddef.h>
#include <structmember.h>

/* A wait for room looks for signals this often. */
#define SLICE_NS ((int64_t)50 * 1000 * 1000)
/* A promised call looks for room this often. */
#define FULL_NS ((int64_t)1000 * 1000)

/* What the limited API has under these names since 3.12; older versions have it as well. */
#ifndef Py_TPFLAGS_HAVE_VECTORCALL
#define Py_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
#endif
#define OFFSET_FLAG ((size_t)1 << (8 * sizeof(size_t) - 1))

int check_open(struct bridge *bridge, const struct kind *kind)
{
    if (bridge->generation == generation)
        return 0;
    PyErr_Format(error_closed,
                 "task %U: the runtime belongs to the process that this one was forked from",
                 kind->name);
    return -1;
}

/* Call function(op, args, kwargs) with the arguments of a fast call. */
static PyObject *call_with_tuple(PyObject *(*function)(PyObject *, PyObject *, PyObject *),
                                 PyObject *op, PyObject *const *args, Py_ssize_t nargs,
                                 PyObject *kwnames)
{
    Py_ssize_t named = kwnames ? PyTuple_Size(kwnames) : 0;
    PyObject *result = NULL, *kwargs = NULL, *tuple = PyTuple_New(nargs);
    if (tuple == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < nargs; i++)
        PyTuple_SetItem(tuple, i, Py_NewRef(args[i]));
    if (named && (kwargs = PyDict_New()) == NULL)
        goto done;
    for (Py_ssize_t i = 0; i < named; i++)
        if (PyDict_SetItem(kwargs, PyTuple_GetItem(kwnames, i), args[nargs + i]))
            goto done;
    result = function(op, tuple, kwargs);
done:
    Py_XDECREF(kwargs);
    Py_DECREF(tuple);
    return result;
}

static PyObject *call_slow(struct submitter *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames)
{
    return call_with_tuple(PyObject_Call, self->slow, args, nargs, kwnames);
}

static int wait_for_room(struct submitter *self, struct cz_lane *lane, struct cz_record *record)
{
    int pushed;
    do {
        int waited;
        Py_BEGIN_ALLOW_THREADS waited = cz->lane_wait_space(lane, self->level, SLICE_NS);
        Py_END_ALLOW_THREADS(void) waited; /* whatever it was, the push decides */
        if (PyErr_CheckSignals() || raise_through_shields())
            return -1;
        pushed = cz->lane_push(lane, record, self->level);
    } while (pushed == CZ_EFULL);
    return pushed;
}

static int run_here(struct submitter *self, PyObject *result)
{
    struct cz_record *record = record_of(result);
    cz->record_start(record);
    if (is_python(self->kind)) {
        run_call(record);
        return RAN_HERE;
    }
    record->queued_at = cz->ticks();
    Py_BEGIN_ALLOW_THREADS cz->record_run(record);
    Py_END_ALLOW_THREADS return RAN_HERE;
}

/* The queue was full. */
static int full(struct submitter *self, struct cz_lane *lane, PyObject *result)
{
    struct bridge *bridge = self->kind->bridge;
    if (bridge->full == FULL_RAISE) {
        PyErr_Format(error_queue_full, "task %U: the queue of its level is full", self->kind->name);
        return FAILED_TO_QUEUE;
    }
    /* A Python worker that waited for room in the lane it serves could wait for ever. */
    if (bridge->full == FULL_CALLER || (is_python(self->kind) && on_python_worker()))
        return run_here(self, result);
    return wait_for_room(self, lane, record_of(result));
}

int refuse_closed(struct submitter *self)
{
    PyErr_Format(error_closed, "task %U: the runtime has been shut down", self->kind->name);
    return FAILED_TO_QUEUE;
}

/* A promised call is queued from the dispatcher, which must not wait, nor run what may wait
 * for it: the clock pushes the call once there is room. */
static int queue_promised(struct submitter *self, struct cz_lane *lane, struct cz_record *record)
{
    int pushed = cz->lane_push_promised(lane, record, self->level);
    if (pushed == CZ_EFULL)
        pushed = cz->record_delay_promised(lane, record, self->level, FULL_NS);
    if (pushed == 0)
        return QUEUED;
    PyErr_NoMemory();
    return FAILED_TO_QUEUE;
}

int enqueue(struct submitter *self, struct cz_lane *lane, PyObject *result)
{
    int pushed = is_privileged() ? queue_promised(self, lane, record_of(result))
                                 : cz->lane_push(lane, record_of(result), self->level);
    if (pushed == CZ_EFULL)
        pushed = full(self, lane, result);
    if (pushed == CZ_ECLOSED)
        pushed = refuse_closed(self);
    if (pushed == FAILED_TO_QUEUE)
        forgo_queue(result);
    return pushed;
}

static PyObject *submit(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    struct submitter *self = (struct submitter *)op;
    struct kind *kind = self->kind;
    PyObject *result;
    if (kwnames || (uint32_t)nargs != kind->arguments || !guards_hold(kind))
        return call_slow(self, args, nargs, kwnames);
    if (check_open(kind->bridge, kind) || (result = new_result(kind)) == NULL)
        return NULL;
    if (!pack_arguments(kind, args, (char *)(record_of(result) + 1))) {
        forgo_queue(result);
        Py_DECREF(result);
        return call_slow(self, args, nargs, kwnames);
    }
    if (enqueue(self, kind->bridge->native, result) == FAILED_TO_QUEUE) {
        Py_DECREF(result);
        return NULL;
    }
    return result;
}

/* Queue a new Python call, or run it; the caller keeps its reference. */
int queue_python(struct submitter *self, PyObject *result)
{
    struct bridge *bridge = self->kind->bridge;
    int queued;
    if (cz->lane_unattended(bridge->python))
        maybe_spawn(bridge);
    /* Another thread was about to start the first worker, and could not; or the last has gone. */
    if (bridge->guests == 0 && !PyErr_Occurred())
        maybe_spawn(bridge);
    if (bridge->guests == 0) /* none could be started: at exit, or because the pool has ended */
        return PyErr_Occurred() ? -1 : refuse_closed(self);
    if (self->level == CZ_CRITICAL && !(bridge->relief & 1u << CZ_CRITICAL))
        spawn_relief(bridge, 1u << CZ_CRITICAL);
    Py_INCREF(result); /* the queue's reference */
    queued = enqueue(self, bridge->python, result);
    if (queued != QUEUED)
        Py_DECREF(result);
    return queued == FAILED_TO_QUEUE ? -1 : 0;
}

/* Those of runtime/batch.py, besides the two of the binding. */
enum { OTHER_TYPES = 2 };
static PyTypeObject *other_types[OTHER_TYPES];

PyObject *add_result_type(PyObject *Py_UNUSED(module), PyObject *type)
{
    for (int i = 0; i < OTHER_TYPES; i++)
        if (other_types[i] == NULL) {
            other_types[i] = (PyTypeObject *)Py_NewRef(type);
            Py_RETURN_NONE;
        }
    PyErr_SetString(PyExc_RuntimeError, "add_result_type: there is room for two");
    return NULL;
}

static int is_result(PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    return type == result_type || type == python_result_type || type == other_types[0] ||
           type == other_types[1];
}

/* Arguments that are results are waited for first, which is the slow path's business. */
static int has_results(PyObject *args, PyObject *kwargs)
{
    PyObject *key, *value;
    Py_ssize_t position = 0, count = PyTuple_Size(args);
    for (Py_ssize_t i = 0; i < count; i++)
        if (is_result(PyTuple_GetItem(args, i)))
            return 1;
    while (kwargs && PyDict_Next(kwargs, &position, &key, &value))
        if (is_result(value))
            return 1;
    return 0;
}

PyObject *submit_python(PyObject *op, PyObject *args, PyObject *kwargs)
{
    struct submitter *self = (struct submitter *)op;
    PyObject *result;
    if (has_results(args, kwargs))
        return PyObject_Call(self->slow, args, kwargs);
    if (check_open(self->kind->bridge, self->kind) ||
        (result = new_python_result(self->kind, args, kwargs)) == NULL)
        return NULL;
    if (queue_python(self, result)) {
        Py_DECREF(result);
        return NULL;
    }
    return result;
}

/* --- the submitter itself, called ------------------------------------------------------------ */

static PyObject *vectorcall(PyObject *op, PyObject *const *args, size_t nargsf, PyObject *kwnames)
{
    Py_ssize_t nargs = (Py_ssize_t)(nargsf & ~OFFSET_FLAG);
    if (is_python(((struct submitter *)op)->kind))
        return call_with_tuple(submit_python, op, args, nargs, kwnames);
    return submit(op, args, nargs, kwnames);
}

static PyObject *call(PyObject *op, PyObject *args, PyObject *kwargs)
{
    enum { MOST_ARGUMENTS = 16 };
    struct submitter *self = (struct submitter *)op;
    PyObject *items[MOST_ARGUMENTS];
    Py_ssize_t count = PyTuple_Size(args);
    if (is_python(self->kind))
        return submit_python(op, args, kwargs);
    if (count > MOST_ARGUMENTS || (kwargs && PyDict_Size(kwargs)))
        return PyObject_Call(self->slow, args, kwargs);
    for (Py_ssize_t i = 0; i < count; i++)
        items[i] = PyTuple_GetItem(args, i);
    return submit(op, items, count, NULL);
}

/* The slow path is a method of what knows the signature. */
static PyObject *get_signature(PyObject *op, void *Py_UNUSED(closure))
{
    PyObject *owner = PyObject_GetAttrString(((struct submitter *)op)->slow, "__self__");
    PyObject *signature = owner ? PyObject_GetAttrString(owner, "signature") : NULL;
    Py_XDECREF(owner);
    return signature;
}

static PyObject *get_name(PyObject *Py_UNUSED(op), void *Py_UNUSED(closure))
{
    return PyUnicode_FromString("submit");
}

/* --- submissions with a delay, a limit, retries: prepared, adorned, started ---------------- */

/* The same kind at another level, or with another slow path. */
static PyObject *at_level(PyObject *op, PyObject *args)
{
    struct submitter *self = (struct submitter *)op, *other;
    unsigned level;
    PyObject *slow;
    if (!PyArg_ParseTuple(args, "IO:at_level", &level, &slow))
        return NULL;
    if (level >= CZ_LEVELS)
        return PyErr_Format(PyExc_ValueError, "level %u is not one of 0 to 3", level);
    other = PyObject_GC_New(struct submitter, Py_TYPE(op));
    if (other == NULL)
        return NULL;
    other->vectorcall = vectorcall;
    other->kind = self->kind;
    other->bridge = Py_NewRef(self->bridge);
    other->slow = Py_NewRef(slow);
    other->level = level;
    PyObject_GC_Track(other);
    return (PyObject *)other;
}

/* A task holds its submitter, whose slow path is a method of the task. */
static int traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((struct submitter *)op)->slow);
    return 0;
}

static int clear(PyObject *op)
{
    struct submitter *self = (struct submitter *)op;
    PyObject *slow = self->slow;
    self->slow = Py_NewRef(Py_None);
    Py_DECREF(slow);
    return 0;
}

static void dealloc(PyObject *op)
{
    struct submitter *self = (struct submitter *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(self->bridge);
    Py_XDECREF(self->slow);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

int is_submitter(PyObject *object)
{
    return Py_TYPE(object) == submitter_type;
}

PyObject *new_submitter(PyTypeObject *type, struct kind *kind)
{
    struct submitter *self = PyObject_GC_New(struct submitter, type);
    if (self == NULL)
        return NULL;
    self->vectorcall = vectorcall;
    self->kind = kind;
    self->bridge = Py_NewRef((PyObject *)kind->bridge);
    self->slow = Py_NewRef(Py_None);
    self->level = CZ_NORMAL;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

static PyMethodDef methods[] = {
    {"submit", (PyCFunction)(void (*)(void))submit, METH_FASTCALL | METH_KEYWORDS,
     "Queue a call of the compiled function; a TaskResult."},
    {"submit_python", (PyCFunction)(void (*)(void))submit_python, METH_VARARGS | METH_KEYWORDS,
     "Queue a call of the Python function; a TaskResult."},
    {"call", (PyCFunction)(void (*)(void))run_directly, METH_FASTCALL | METH_KEYWORDS,
     "Run the compiled function in this thread; NotImplemented if the arguments do not fit."},
    {"prepare", (PyCFunction)(void (*)(void))prepare_call, METH_FASTCALL | METH_KEYWORDS,
     "A compiled call that is not queued yet, or NotImplemented if the arguments do not fit."},
    {"prepare_python", (PyCFunction)(void (*)(void))prepare_python_call,
     METH_VARARGS | METH_KEYWORDS, "A Python call that is not queued yet."},
    {"start", start_prepared, METH_VARARGS,
     "start(result, delay_ns, govern, forgo): queue a prepared call, after govern(result); if "
     "that\n"
     "fails, forgo(result)."},
    {"submit_each", submit_each, METH_VARARGS,
     "submit_each(columns, into): append a TaskResult per row of the lists to the list; after an\n"
     "exception it has what was queued. NotImplemented, and nothing queued, if a row does not "
     "fit."},
    {"submit_each_python", submit_each_python, METH_VARARGS,
     "submit_each_python(columns, into): the same with calls of the Python function, which fit."},
    {"withdraw", withdraw, METH_O, "withdraw(result): a prepared call will not be started."},
    {"at_level", at_level, METH_VARARGS, "at_level(level, slow): a submitter of the same kind."},
    {0},
};

static PyGetSetDef getset[] = {
    {"__signature__", get_signature, NULL, NULL, NULL},
    {"__name__", get_name, NULL, NULL, NULL},
    {0},
};

static PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(struct submitter, vectorcall), READONLY, NULL},
    {0},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Queue a call of the task; return its handle."},
    {Py_tp_call, call},
    {Py_tp_members, members},
    {Py_tp_getset, getset},
    {Py_tp_dealloc, dealloc},
    {Py_tp_traverse, traverse},
    {Py_tp_clear, clear},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec submitter_spec = {
    .name = "catzilla_jit._binding.Submitter",
    .basicsize = sizeof(struct submitter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION |
             Py_TPFLAGS_HAVE_VECTORCALL,
    .slots = slots,
};
