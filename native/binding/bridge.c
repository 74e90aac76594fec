/* bridge.c: one bridge per runtime.
 *
 * A bridge connects Python to one native pool, made and joined by pools/native_pool.py.
 * Results and submitters hold references to the bridge, so the record cache and the pool
 * live as long as any of them; the last one to go frees both, if the pool was joined.
 */
#include "binding.h"

static uint64_t bridges_made;
static struct bridge *bridges; /* all; guarded by the GIL */

static void join_list(struct bridge *self)
{
    self->before = NULL;
    self->after = bridges;
    if (bridges)
        bridges->before = self;
    bridges = self;
}

static void leave_list(struct bridge *self)
{
    if (self->before)
        self->before->after = self->after;
    else
        bridges = self->after;
    if (self->after)
        self->after->before = self->before;
}

static PyObject *bridge_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"pool",        "native",       "python",      "cache",   "owner",
                            "full_policy", "guests_least", "guests_most", "limited", "relief",
                            NULL};
    unsigned long long pool, native, python, cache;
    PyObject *owner;
    int full_policy, limited, relief;
    unsigned guests_least, guests_most;
    struct bridge *self;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KKKKOiIIpp:Bridge", names, &pool, &native,
                                     &python, &cache, &owner, &full_policy, &guests_least,
                                     &guests_most, &limited, &relief))
        return NULL;
    if (cz == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "attach() comes first");
        return NULL;
    }
    self = PyObject_New(struct bridge, type);
    if (self == NULL)
        return NULL;
    self->pool = (struct cz_pool *)(uintptr_t)pool;
    self->retired = 0;
    self->native = (struct cz_lane *)(uintptr_t)native;
    self->python = (struct cz_lane *)(uintptr_t)python;
    self->cache = (struct cz_cache *)(uintptr_t)cache;
    self->owner = Py_NewRef(owner);
    self->full = (enum full_policy)full_policy;
    self->generation = generation;
    self->guests = self->starting = 0;
    self->relief = relief ? 0 : UINT32_MAX;
    self->limited = limited;
    self->guests_least = guests_least;
    self->guests_most = guests_most;
    self->number = ++bridges_made;
    self->next_id = 0;
    self->dispatching = 0;
    self->kinds = NULL;
    self->has_let_go = 0;
    join_list(self);
    return (PyObject *)self;
}

static void free_kind(struct kind *kind)
{
    Py_XDECREF(kind->name);
    Py_XDECREF(kind->fail);
    Py_XDECREF(kind->function);
    Py_XDECREF(kind->assist);
    Py_XDECREF(kind->rerun);
    drop_guards(kind);
    Py_XDECREF(kind->result.convert);
    for (uint32_t i = 0; i < kind->arguments; i++)
        Py_XDECREF(kind->argument[i].convert);
    PyMem_Free(kind);
}

static void bridge_dealloc(PyObject *op)
{
    struct bridge *self = (struct bridge *)op;
    PyTypeObject *type = Py_TYPE(op);
    leave_list(self);
    while (self->kinds) {
        struct kind *next = self->kinds->next;
        free_kind(self->kinds);
        self->kinds = next;
    }
    if (self->retired && self->generation == generation) {
        cz->cache_destroy(self->cache);
        cz->pool_destroy(self->pool);
    }
    Py_XDECREF(self->owner);
    PyObject_Free(op);
    Py_DECREF(type);
}

static int read_slot(PyObject *item, struct slot *slot)
{
    PyObject *convert;
    unsigned long long pack, unpack, release;
    int code;
    if (!PyArg_ParseTuple(item, "CIOKKK:slot", &code, &slot->offset, &convert, &pack, &unpack,
                          &release))
        return -1;
    slot->code = (char)code;
    slot->convert = convert == Py_None ? NULL : Py_NewRef(convert);
    slot->pack = (pack_function)(uintptr_t)pack;
    slot->unpack = (unpack_function)(uintptr_t)unpack;
    slot->release = (release_function)(uintptr_t)release;
    if (!known_code(slot->code) && slot->code != 'O') {
        PyErr_Format(PyExc_ValueError, "unknown slot code %c", code);
        return -1;
    }
    return 0;
}

static struct kind *new_kind(struct bridge *bridge, PyObject *slots)
{
    Py_ssize_t arguments = slots ? PyTuple_Size(slots) : 0;
    struct kind *kind;
    if (arguments < 0)
        return NULL;
    kind = PyMem_Calloc(1, sizeof *kind + (size_t)arguments * sizeof kind->argument[0]);
    if (kind == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    kind->bridge = bridge;
    for (Py_ssize_t i = 0; i < arguments; i++) {
        kind->arguments = (uint32_t)i + 1;
        if (read_slot(PyTuple_GetItem(slots, i), &kind->argument[i])) {
            free_kind(kind);
            return NULL;
        }
    }
    return kind;
}

static PyObject *keep_kind(struct bridge *bridge, struct kind *kind)
{
    kind->next = bridge->kinds;
    bridge->kinds = kind;
    return new_submitter(submitter_type, kind);
}

/* Boxed calls have their objects behind the payload. */
static void add_objects(struct kind *kind, uint32_t payload_size)
{
    kind->payload_size = payload_size;
    kind->boxed = kind->result.code == 'O';
    for (uint32_t i = 0; i < kind->arguments; i++)
        kind->boxed |= kind->argument[i].code == 'O';
    if (kind->boxed) {
        kind->objects_at = (payload_size + 7) / 8 * 8;
        kind->payload_size =
            kind->objects_at + (kind->arguments + 1) * (uint32_t)sizeof(PyObject *);
    }
}

/* Two steps, because the type needs its owner and the owner its type. */
static PyObject *bridge_new_kind(PyObject *op, PyObject *args)
{
    PyObject *name, *fail, *function, *result, *slots, *guards;
    unsigned long long entry;
    int can_rerun;
    unsigned payload_size;
    struct kind *kind;
    if (!PyArg_ParseTuple(args, "UOpOKIOO!O!:new_kind", &name, &fail, &can_rerun, &function, &entry,
                          &payload_size, &result, &PyTuple_Type, &slots, &PyTuple_Type, &guards))
        return NULL;
    kind = new_kind((struct bridge *)op, slots);
    if (kind == NULL)
        return NULL;
    kind->name = Py_NewRef(name);
    kind->fail = Py_NewRef(fail);
    kind->can_rerun = can_rerun;
    kind->function = Py_NewRef(function);
    kind->entry = (cz_entry)(uintptr_t)entry;
    if ((result != Py_None && read_slot(result, &kind->result)) || set_guards(kind, guards)) {
        free_kind(kind);
        return NULL;
    }
    add_objects(kind, payload_size);
    return Py_BuildValue("NI", PyLong_FromVoidPtr(kind), kind->payload_size);
}

static PyObject *bridge_set_assist(PyObject *Py_UNUSED(op), PyObject *args)
{
    unsigned long long kind_address;
    PyObject *assist;
    if (!PyArg_ParseTuple(args, "KO:set_assist", &kind_address, &assist))
        return NULL;
    ((struct kind *)(uintptr_t)kind_address)->assist = Py_NewRef(assist);
    Py_RETURN_NONE;
}

static PyObject *bridge_set_rerun(PyObject *Py_UNUSED(op), PyObject *args)
{
    unsigned long long kind_address;
    PyObject *rerun;
    if (!PyArg_ParseTuple(args, "KO:set_rerun", &kind_address, &rerun))
        return NULL;
    ((struct kind *)(uintptr_t)kind_address)->rerun = Py_NewRef(rerun);
    Py_RETURN_NONE;
}

static PyObject *bridge_submitter(PyObject *op, PyObject *args)
{
    unsigned long long kind_address, type_address;
    struct kind *kind;
    if (!PyArg_ParseTuple(args, "KK:submitter", &kind_address, &type_address))
        return NULL;
    kind = (struct kind *)(uintptr_t)kind_address;
    if (type_address == 0) {
        free_kind(kind);
        return PyErr_NoMemory();
    }
    kind->type = (const struct cz_type *)(uintptr_t)type_address;
    return keep_kind((struct bridge *)op, kind);
}

static PyObject *bridge_retire(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    struct bridge *self = (struct bridge *)op;
    self->retired = 1;
    Py_CLEAR(self->owner); /* which holds the bridge */
    for (struct kind *kind = self->kinds; kind; kind = kind->next)
        Py_CLEAR(kind->rerun); /* so does this; nothing is run again any more */
    Py_RETURN_NONE;
}

/* The collector does not see what kinds refer to, since results, which keep them, are no
 * containers. So at exit the functions, and with them the modules they belong to, are let go of:
 * else those would outlive the interpreter's own clearing of modules. A failed compiled call that
 * nobody has asked for by then has no exception any more. */
static void let_go(struct bridge *self)
{
    self->has_let_go = 1;
    Py_INCREF(self);
    for (struct kind *kind = self->kinds; kind; kind = kind->next) {
        Py_CLEAR(kind->function);
        Py_CLEAR(kind->fail);
        Py_CLEAR(kind->rerun);
        Py_CLEAR(kind->assist);
        drop_guards(kind);
    }
    Py_DECREF(self);
}

/* Also of pools whose runtime has gone: results may keep their bridges. Each step may run
 * finalizers, which may free other bridges, so the search begins anew. */
PyObject *let_go_of_all(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    struct bridge *next = bridges;
    while (next) {
        if (next->retired && !next->has_let_go) {
            let_go(next);
            next = bridges;
        } else {
            next = next->after;
        }
    }
    Py_RETURN_NONE;
}

static PyObject *bridge_guests(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLong(((struct bridge *)op)->guests);
}

static PyMethodDef bridge_methods[] = {
    {"new_kind", bridge_new_kind, METH_VARARGS,
     "new_kind(name, fail, can_rerun, function, entry, payload size, result slot, argument slots,\n"
     "guards):\n"
     "its address, and the size of the payload with what the binding needs."},
    {"set_assist", bridge_set_assist, METH_VARARGS,
     "set_assist(kind, function): its results are promises; a Python worker that waits for one\n"
     "calls function(promise, timeout or None)."},
    {"set_rerun", bridge_set_rerun, METH_VARARGS,
     "set_rerun(kind, function): function(result, arguments, level, limit in ns) begins the "
     "Python\n"
     "call that stands for a run which asks for it; its result, or None."},
    {"submitter", bridge_submitter, METH_VARARGS,
     "submitter(kind, type): complete the kind; its submitter at the normal level."},
    {"serve", bridge_serve, METH_VARARGS,
     "serve(level): be a Python worker until the lane is closed and empty; with a level, its "
     "relief\n"
     "worker."},
    {"cancel_python", bridge_cancel_python, METH_NOARGS,
     "Cancel the Python calls that are queued; how many."},
    {"running", bridge_running, METH_NOARGS,
     "The results of the Python calls that run; some may be in it twice."},
    {"retire", bridge_retire, METH_NOARGS, "The pool has been joined."},
    {"grow", bridge_grow, METH_O,
     "grow(count): have so many Python workers, as far as the least number allows."},
    {"guests", bridge_guests, METH_NOARGS, "Python workers that were started and have not ended."},
    {0},
};

enum { MOST_METHODS = 32 };
static PyMethodDef all_bridge_methods[MOST_METHODS]; /* those above, then mail.c's */

static void collect_methods(void)
{
    unsigned count = 0;
    for (const PyMethodDef *method = bridge_methods; method->ml_name; method++)
        all_bridge_methods[count++] = *method;
    for (const PyMethodDef *method = mail_methods; method->ml_name; method++)
        all_bridge_methods[count++] = *method;
}

static PyType_Slot bridge_slots[] = {
    {Py_tp_new, bridge_new},
    {Py_tp_dealloc, bridge_dealloc},
    {Py_tp_methods, all_bridge_methods},
    {0, NULL},
};

static PyType_Spec bridge_spec = {
    .name = "catzilla_jit._binding.Bridge",
    .basicsize = sizeof(struct bridge),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = bridge_slots,
};

PyObject *make_bridge_type(void)
{
    collect_methods();
    return PyType_FromSpec(&bridge_spec);
}
