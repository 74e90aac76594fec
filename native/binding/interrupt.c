/* interrupt.c: stopping Python calls by an exception that CPython raises in their thread.
 *
 * PyThreadState_SetAsyncExc leaves the exception pending until the thread's next look, which
 * may be in any Python code, and gives no sign of what became of it. So here is kept what
 * runs where, and the invariant is: a thread has an exception of ours pending only while
 * the innermost entry of its list is the call that it is meant for. Every function below
 * holds the GIL, so no bytecode runs in that thread between a look at the list and what
 * follows from it. What it takes to hold the invariant, and why no interrupt is lost, is in
 * native/README.md ("Interrupts of Python calls"). All that touches the list stands here, so that
 * the invariant can be checked in one file: hence its length.
 */
#include "binding.h"

/* A call that has not ended by so long after its interrupt is interrupted again. */
#define AGAIN_NS ((int64_t)50 * 1000 * 1000)
/* Where a thread must not be hit it is looked at again after so long. */
#define HELD_NS ((int64_t)2 * 1000 * 1000)

/* Of all bridges: a worker of one may help with a call of another. Newest first. */
static struct running *all_running;

/* Runs of Python tasks are numbered, so that who stops one finds what it has submitted. */
static uint64_t runs;
static _Thread_local uint64_t number_here;

uint64_t run_number(void)
{
    return number_here;
}

static struct running *innermost(unsigned long thread)
{
    struct running *running = all_running;
    while (running && running->thread != thread)
        running = running->next;
    return running;
}

static int64_t now_ns(void)
{
    return cz->ticks_ns(cz->ticks());
}

/* No bytecode runs in the thread between the look at where it stands and the exception. */
static void send(struct running *running)
{
    running->held = !is_free(running->state, running->base);
    if (running->held) {
        running->again_ns = now_ns() + HELD_NS;
        return;
    }
    running->again_ns = now_ns() + AGAIN_NS;
    running->raised = running->sent = 1;
    PyThreadState_SetAsyncExc(running->thread, running->interrupt);
}

static void link_in(struct running *running, unsigned long thread)
{
    running->thread = thread;
    running->next = all_running;
    running->link = &all_running;
    if (running->next)
        running->next->link = &running->next;
    all_running = running;
}

static void unlink_it(struct running *running)
{
    *running->link = running->next;
    if (running->next)
        running->next->link = running->link;
}

/* Leave nothing pending in this thread of what was sent for a call on it. It may let go of the
 * GIL, so meanwhile a shield is the innermost entry. */
static void take_back(struct running *running)
{
    struct running shield = {0};
    if (!running->sent)
        return;
    running->sent = 0;
    link_in(&shield, running->thread);
    take_back_pending();
    unlink_it(&shield);
}

/* Whether the exception is one of this class, or was raised while one was handled. */
static int stems_from(PyObject *exception, PyObject *class)
{
    enum { DEEPEST = 100 };
    for (int i = 0; i < DEEPEST && exception && PyExceptionInstance_Check(exception); i++) {
        if ((PyObject *)Py_TYPE(exception) == class)
            return 1;
        exception = PyException_GetContext(exception);
        Py_XDECREF(exception); /* the one before holds it */
    }
    return 0;
}

/* The interrupt has arrived, and its `except` or `finally` blocks run: let them. */
static int handled_here(const struct running *running)
{
    PyObject *class, *exception, *traceback;
    int handled;
    PyErr_GetExcInfo(&class, &exception, &traceback);
    handled = stems_from(exception, running->interrupt);
    Py_XDECREF(class);
    Py_XDECREF(exception);
    Py_XDECREF(traceback);
    return handled;
}

/* The same of any thread, by what sys._current_exceptions() returned: before Python 3.12
 * a tuple of class, exception and traceback, then the exception. */
static int handled_there(const struct running *running, PyObject *exceptions)
{
    PyObject *thread = PyLong_FromUnsignedLong(running->thread), *exception = NULL;
    if (thread)
        exception = PyDict_GetItem(exceptions, thread);
    Py_XDECREF(thread);
    if (exception && PyTuple_Check(exception))
        exception = PyTuple_GetItem(exception, 1);
    return stems_from(exception, running->interrupt);
}

static int is_wanted(const struct running *running)
{
    return running->interrupt && !(running->raised && handled_here(running));
}

void enter_running(struct running *running, struct cz_record *record)
{
    unsigned long thread = PyThread_get_thread_ident();
    struct running *outer;
    running->signals = set_holding(record == NULL); /* first: handlers may run in there */
    outer = innermost(thread);
    /* What has not hit the call around this one yet is held back until this one has ended. */
    if (outer)
        take_back(outer);
    running->record = record;
    running->state = PyThreadState_Get();
    running->base = record ? PyEval_GetFrame() : NULL;
    running->interrupt = NULL;
    running->again_ns = 0;
    running->raised = running->sent = running->held = 0;
    running->outer = number_here;
    running->run = record ? ++runs : 0;
    if (record)
        number_here = running->run;
    link_in(running, thread);
}

void shield_running(struct running *running)
{
    /* An interrupt that came too late must not hit what this thread does next. */
    take_back(running);
    running->record = NULL;
    running->interrupt = NULL;
    set_holding(1);
}

void leave_running(struct running *running)
{
    struct running *outer;
    shield_running(running);
    set_holding(running->signals);
    number_here = running->outer;
    unlink_it(running);
    /* What came for the call around this one was held back until now. */
    outer = innermost(running->thread);
    if (outer && is_wanted(outer))
        send(outer);
}

/* The call that this one runs on its own thread while it waits, if it has submitted that itself. */
static struct cz_record *child_within(const struct running *call)
{
    struct cz_record *within = NULL;
    for (struct running *running = all_running; running != call; running = running->next)
        if (running->thread == call->thread && running->record && running->record != call->record)
            within = running->record;
    return within && result_of(within)->parent == call->run ? within : NULL;
}

/* What this one waits for on its own thread has to end before it can be hit. */
void interrupt_call(struct cz_record *record, PyObject *interrupt)
{
    struct cz_record *child = NULL;
    /* Twice in the list if user code of it is exposed within a shield. */
    for (struct running *running = all_running; running; running = running->next) {
        if (running->record != record || running->interrupt)
            continue;
        running->interrupt = interrupt;
        if (innermost(running->thread) == running)
            send(running);
        else if (child == NULL)
            child = child_within(running);
    }
    if (child) { /* last, for it may run Python code */
        Py_INCREF(result_of(child));
        stop_record(child);
        Py_DECREF(result_of(child));
    }
}

static int is_due(const struct running *running, int64_t now)
{
    return running->interrupt && running->again_ns && running->again_ns <= now;
}

/* An interrupt that hit a finalizer or a weak reference's callback was reported there and
 * dropped; one whose thread stood where it must not be hit was not raised at all. */
static void repeat_due(int64_t now, PyObject *exceptions)
{
    for (struct running *running = all_running; running; running = running->next) {
        if (!is_due(running, now) || innermost(running->thread) != running)
            continue;
        if (running->raised && handled_there(running, exceptions)) {
            running->again_ns = now + AGAIN_NS;
            running->held = 0;
        } else {
            send(running);
        }
    }
}

static int64_t until_next_look(void)
{
    for (struct running *running = all_running; running; running = running->next)
        if (running->held && innermost(running->thread) == running)
            return HELD_NS;
    return AGAIN_NS;
}

/* CPython keeps its list of threads locked while it makes the dictionary; a collection in there,
 * possible before Python 3.12, might free a threading.local, which wants that lock, or let
 * another thread run that does. */
static PyObject *read_exceptions(PyObject *get)
{
    int collects = PyGC_Disable();
    PyObject *exceptions = PyObject_CallNoArgs(get);
    if (collects)
        PyGC_Enable();
    return exceptions;
}

int64_t repeat_interrupts(void)
{
    struct running *running = all_running;
    PyObject *get = PySys_GetObject("_current_exceptions"), *exceptions;
    int64_t now = now_ns();
    while (running && !is_due(running, now))
        running = running->next;
    if (running && get) {
        exceptions = read_exceptions(get);
        /* From here on nothing lets go of the GIL; before, the list may have changed. */
        if (exceptions)
            repeat_due(now, exceptions);
        PyErr_Clear();
        Py_XDECREF(exceptions);
    }
    return until_next_look();
}

int raise_of(struct running *running)
{
    if (running == NULL || !is_wanted(running))
        return 0;
    running->again_ns = now_ns() + AGAIN_NS;
    running->raised = 1;
    running->held = 0;
    take_back(running);
    PyErr_SetNone(running->interrupt);
    return -1;
}

int raise_interrupt(void)
{
    return all_running ? raise_of(innermost(PyThread_get_thread_ident())) : 0;
}

/* The call that this thread is inside of, whatever shields lie within. */
struct running *call_here(void)
{
    struct running *running = all_running;
    unsigned long thread = PyThread_get_thread_ident();
    while (running && (running->thread != thread || running->record == NULL))
        running = running->next;
    return running;
}

int raise_through_shields(void)
{
    if (deliver_signals())
        return -1;
    return all_running ? raise_of(call_here()) : 0;
}

PyObject *bridge_running(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *results = PyList_New(0);
    for (struct running *running = all_running; results && running; running = running->next) {
        struct cz_record *record = running->record;
        if (record && (PyObject *)kind_of(record)->bridge == self &&
            PyList_Append(results, (PyObject *)result_of(record)))
            Py_CLEAR(results);
    }
    return results;
}

void forget_other_threads(void)
{
    struct running **link = &all_running;
    unsigned long here = PyThread_get_thread_ident();
    for (struct running *running = all_running; running; running = running->next) {
        if (running->thread != here)
            continue;
        *link = running;
        running->link = link;
        link = &running->next;
    }
    *link = NULL;
}

/* --- for the runtime's own Python code ---------------------------------------------------- */

int runs_here(void)
{
    return all_running && innermost(PyThread_get_thread_ident());
}

int is_exposed(const struct running *call)
{
    return call == innermost(call->thread);
}

void enter_exposed(struct running *running, const struct running *call)
{
    enter_running(running, call->record);
    running->base = call->base; /* what hits here goes on through the call */
    running->run = number_here = call->run;
    running->interrupt = call->interrupt;
    running->raised = call->raised;
    running->again_ns = call->again_ns;
}

PyObject *check_interrupt(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    if (raise_through_shields())
        return NULL;
    Py_RETURN_NONE;
}

PyObject *get_run_here(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromUnsignedLongLong(number_here);
}

PyObject *get_call_here(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    struct running *call = all_running ? call_here() : NULL;
    return Py_NewRef(call ? (PyObject *)result_of(call->record) : Py_None);
}

PyObject *act_for(PyObject *Py_UNUSED(module), PyObject *number)
{
    struct running *call = call_here();
    uint64_t run = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred())
        return NULL;
    if (call)
        call->run = run;
    number_here = run;
    Py_RETURN_NONE;
}

int interrupted_here(void)
{
    struct running *call = all_running ? call_here() : NULL;
    return call && call->interrupt;
}

PyObject *get_interrupted_here(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(interrupted_here());
}
