/* binding.h: the thin CPython face of the native core (limited API, one build for all
 * versions from 3.10).
 *
 * It exists for what happens once per task: packing arguments into a record, the result
 * object, the loop of a Python worker. It links against nothing: attach() hands over
 * libcatzilla_jit's table of functions. Everything here runs with the GIL held unless
 * the comment says otherwise, and the GIL is what guards every structure below.
 *
 * bridge  one per runtime: the pool's lanes, the record cache, the policies
 * kind    one per task and signature: how to pack, unpack and name its calls
 *
 * All that the binding's files know of each other stands here, hence the length.
 */
#ifndef CZ_BINDING_H
#define CZ_BINDING_H

#define Py_LIMITED_API 0x030a0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>

#include "catzilla_jit.h"

enum full_policy { FULL_WAIT, FULL_RAISE, FULL_CALLER };

struct bridge {
    PyObject_HEAD struct cz_pool *pool;
    struct cz_lane *native, *python;
    int retired; /* the pool has been joined: it goes with the bridge */
    struct cz_cache *cache;
    PyObject *owner; /* pools/native_pool.py's NativePool; NULL once retired */
    enum full_policy full;
    int limited;         /* the pool has a memory limit */
    unsigned generation; /* of the process that made it, see `generation` */
    uint32_t guests, guests_least, guests_most, starting; /* Python workers */
    uint32_t relief; /* bits of the levels that have a further one, or are not to have any */
    uint64_t number; /* of the bridge in this process, from 1 */
    uint64_t next_id;
    int dispatching;               /* bridge.dispatch() goes on */
    struct kind *kinds;            /* freed with the bridge */
    struct bridge *before, *after; /* in the list of all, see let_go_of_all */
    int has_let_go;
};

/* Functions that the compile stage makes for values that are no scalars; with the GIL. */
typedef int32_t (*pack_function)(PyObject *value, void *memory); /* 0, or -1 and an exception */
typedef PyObject *(*unpack_function)(void *memory); /* new reference; empties the memory */
typedef void (*release_function)(void *memory);     /* empties the memory */

struct slot {
    char code; /* scalar.c, or 'O': the three functions */
    uint32_t offset;
    PyObject *convert; /* wraps the unpacked value (a NumPy scalar type), or NULL; an argument must
                          be exactly of that class */
    pack_function pack;
    unpack_function unpack;
    release_function release;
};

struct kind {
    struct kind *next;
    struct bridge *bridge; /* borrowed: every result holds a reference to it */
    const struct cz_type *type;
    cz_entry entry;
    uint32_t payload_size;
    PyObject *name; /* str */
    /* Of compiled calls: fail(status, error address, arguments) -> (True, exception) or
     * (False, value). can_rerun: the second may happen. */
    PyObject *fail;
    int can_rerun;
    /* Of those, else NULL: rerun(result, arguments, level, limit in ns) -> the result of a Python
     * call that stands for the failed run, or None if there can be none. */
    PyObject *rerun;
    PyObject *function; /* what a Python task calls */
    /* Of promises, else NULL: assist(promise, timeout or None) returns once it has ended
     * or the time is over; for a Python worker that waits. */
    PyObject *assist;
    struct slot result;
    uint32_t guards;
    struct guard *guard; /* guard.c */
    int boxed;           /* some slot has code 'O' */
    uint32_t objects_at; /* offset of an array of objects behind the payload, if boxed: the
                            unpacked result, then each argument; see boxed.c */
    uint32_t arguments;
    struct slot argument[];
};

/* Both result types begin like this; a compiled task's is the record's own block. */
struct result {
    PyObject_HEAD PyObject *weak; /* CPython's list of the weak references to it, or NULL */
    uint64_t parent; /* number of the run that submitted it, see run_number(); 0: no task did */
    struct cz_record record;
};
static_assert(offsetof(struct result, record) == CZ_PREFIX, "the record lies behind the header");

/* What follows the record of a Python task. */
struct call {
    PyObject *args, *kwargs; /* NULL once it has ended */
    PyObject *context;       /* the submitter's contextvars.Context, NULL if that was empty */
    PyObject *value;         /* the result, or the exception when FAILED */
    PyObject *traceback;     /* of that exception as the task left it, or NULL */
    int64_t due_ns;          /* nobody may run it before (ticks_ns); 0 for no delay */
    struct waiter *waiters;  /* coroutines that wait for it, see awaiting.c; one reference each */
};

/* A Python call that runs, on its thread's C stack; interrupt.c. */
struct running {
    struct running *next, **link;
    struct cz_record *record; /* NULL: a shield, code that is not to be interrupted */
    unsigned long thread;
    PyThreadState *state;
    const void *base;    /* the frame that the call was made from; only to compare with */
    PyObject *interrupt; /* the exception class that is to end it, borrowed, or NULL */
    int raised;          /* it was */
    int sent;            /* it may be pending in the thread */
    int64_t again_ns;    /* when to look whether it is to be raised, again if it was */
    int held;            /* the last look found the thread where it must not be hit */
    int signals;         /* on the main thread: holds_signals() before */
    uint64_t run, outer; /* of a call, its number; run_number() before */
};

extern const struct cz_api *cz; /* NULL before attach() */
/* How often this process has been forked from one that had the binding loaded. */
extern unsigned generation;
/* From catzilla_jit.errors, set by attach(). */
extern PyObject *error_queue_full, *error_closed, *error_cancelled, *error_timeout;
extern PyObject *copy_exception; /* copy_exception(exception) -> another one like it */

static inline struct kind *kind_of(const struct cz_record *record)
{
    return cz_type_owner(record->type);
}

static inline struct result *result_of(struct cz_record *record)
{
    return (struct result *)((char *)record - CZ_PREFIX);
}

static inline struct call *call_of(struct cz_record *record)
{
    return (struct call *)(record + 1);
}

static inline int is_python(const struct kind *kind)
{
    return kind->entry == NULL;
}

/* scalar.c: 1 packed, 0 the value is not exactly of the slot's type (no exception is set). */
int pack_scalar(char code, PyObject *value, void *slot);
/* The same for an argument, which must be of the slot's class if that names one. */
int pack_argument(const struct slot *slot, PyObject *value, void *memory);
PyObject *set_numpy_float(PyObject *module, PyObject *type);
PyObject *unpack_scalar(const struct slot *slot, const void *memory);
int known_code(char code);

/* guard.c */
int guards_hold(const struct kind *kind);
int set_guards(struct kind *kind, PyObject *guards); /* 0, or -1 and an exception */
void drop_guards(struct kind *kind);
int find_words(void); /* once, when the module is made; 0, or -1 and an exception */

/* boxed.c */
/* Pack the arguments: 1, or 0 without an exception when one does not fit exactly. */
int pack_arguments(const struct kind *kind, PyObject *const *args, char *payload);
/* Drop what packing made, after the call has ended or was given up. */
void release_arguments(const struct kind *kind, char *payload);
/* The result, once; then it is kept. New reference. */
PyObject *unpack_result(const struct kind *kind, char *payload);
/* Drop a result that nobody unpacked. */
void release_result(const struct kind *kind, char *payload);
/* The arguments as a tuple, for running the call again as Python. */
PyObject *unpack_arguments(const struct kind *kind, char *payload);

/* result.c */
/* Mail for a boxed result whose last reference went before it had ended: free it now.
 * 1 if it is one. */
int bury(struct cz_record *record);
extern PyType_Spec result_spec, python_result_spec;
extern PyTypeObject *result_type, *python_result_type; /* made by the module */
PyObject *new_result(struct kind *kind);               /* compiled; unqueued */
void forgo_queue(PyObject *result);                    /* it is in no queue and will be in none */
struct cz_record *record_of(PyObject *result);
uint32_t phase_of(struct cz_record *record);
int is_final(struct cz_record *record);
/* 0, or -1 with an exception: the result belongs to the process that forked this one. */
int refuse_foreign(struct cz_record *record);

/* waiting.c */
enum help { NOT_OURS, NOT_YET, RAN };
enum help help(struct cz_record *record);
/* Seconds, or -1 for no limit. 0, or -1 with an exception. */
int parse_timeout(struct cz_record *record, PyObject *value, double *timeout);
PyObject *set_blocks(PyObject *module, PyObject *function);
/* 1 final, 0 timed out, -1 exception. */
int await_final(struct cz_record *record, double timeout);
/* Wait for the end as a method's arguments say; 1 final, -1 exception (also TimeoutError). */
int finish_waiting(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                   const char *method);

/* awaiting.c */
/* The iterator of `await result`. */
PyObject *await_result(PyObject *result);
/* A Python call has ended: wake the coroutines that wait for it. Leaves an exception set if one
 * came meanwhile. */
void tell_waiters(struct cz_record *record);
PyObject *set_asyncio(PyObject *module, PyObject *args);
int make_awaiting(PyObject *module);

/* outcome.c */
/* The final phase as the caller is to see it, or -1. */
int outcome(struct cz_record *record);
/* The value of a final record, or NULL with its exception set; new reference. */
PyObject *value_of(struct cz_record *record);
/* The exception a failed run left, whatever the phase is; new reference. */
PyObject *failure_of(struct cz_record *record);
/* Its time limit has passed. */
int timed_out(struct cz_record *record);
/* record->error holds an object, which goes with the record. */
int is_settled(struct cz_record *record);
/* The Python call that is run instead of the compiled one, or NULL; borrowed. */
struct cz_record *rerun_of(struct cz_record *record);
/* A run asked for another way: begin the Python call. 0 if there can be none; no exception. */
int begin_rerun(struct cz_record *record);
/* It has ended: keep its exception, or its value. */
void settle_error(struct cz_record *record, PyObject *exception);
void settle_value(struct cz_record *record, PyObject *value);
/* Forget the failure of a try that is over. */
void unsettle(struct cz_record *record);

/* attributes.c */
extern PyGetSetDef result_getters[];
PyObject *set_epoch(PyObject *module, PyObject *nanoseconds);

/* cancel.c */
/* Cancel the call, or stop it if it runs; 0 if it has ended. */
int stop_record(struct cz_record *record);
PyObject *cancel_result(PyObject *result, PyObject *ignored);
PyObject *cancel_pending(PyObject *result, PyObject *ignored);

/* python_lane.c */
PyObject *new_python_result(struct kind *kind, PyObject *args, PyObject *kwargs);
/* Keep a value or exception (stolen), noticing whether it could close a cycle. */
void set_value(struct cz_record *record, PyObject *value);
/* No further try. */
void drop_arguments(struct cz_record *record);
/* Run a claimed Python call on this thread; no exception escapes. */
/* depth.c */
int is_too_deep(void);

void run_call(struct cz_record *record);
/* It is final: tell the coroutines that wait for it. Leaves an exception set if one came. */
void announce_end(struct cz_record *record);
/* Cancel a pending Python call and let go of its arguments; 1 if this call did it. */
int cancel_call(struct cz_record *record);
/* The exception of a failed Python call, with the traceback that the task left; new
 * reference. */
PyObject *call_failure(struct cz_record *record);

/* python_workers.c */
/* 1 if this thread is a Python worker. */
int on_python_worker(void);
/* Add a Python worker if there are fewer than the least number. */
PyObject *bridge_grow(PyObject *self, PyObject *wanted);
void maybe_spawn(struct bridge *bridge);
void scale_up(struct bridge *bridge);
/* Start the relief workers of these levels (bits) that are not there. */
void spawn_relief(struct bridge *bridge, uint32_t levels);
PyObject *bridge_serve(PyObject *self, PyObject *args);
PyObject *bridge_cancel_python(PyObject *self, PyObject *ignored);

/* interrupt.c */
PyObject *bridge_running(PyObject *self, PyObject *ignored);
/* Around the run of a call, or with NULL around what no interrupt may hit. */
void enter_running(struct running *running, struct cz_record *record);
void leave_running(struct running *running);
/* The call's own code has returned: from here until it is left, a shield. */
void shield_running(struct running *running);
/* Raise `interrupt` in the thread that runs this call, once its user code runs. */
void interrupt_call(struct cz_record *record, PyObject *interrupt);
/* Raise what was held back, and again what was lost. Returns the nanoseconds after which this is to
 * be done once more. */
int64_t repeat_interrupts(void);
/* For waits, which Python does not look into: raise the interrupt of the Python call that this
 * thread is inside of, if there is one and nothing shields from it; 0 or -1. */
int raise_interrupt(void);
/* The same where nothing has been begun that a shield was to guard; and what the handlers of
 * signals raise. */
int raise_through_shields(void);
/* The number of the run of a Python task that this thread is inside of, or 0: whose child is what
 * it submits. */
uint64_t run_number(void);
/* Whether that is to be stopped. */
int interrupted_here(void);
/* In the child of a fork. */
void forget_other_threads(void);
/* The call that this thread is inside of, or NULL; and whether an interrupt may hit it now. */
struct running *call_here(void);
int is_exposed(const struct running *call);
/* Whether this thread is inside of a call or a shield. */
int runs_here(void);
/* Within a shield: as the call's own code, until leave_running. */
void enter_exposed(struct running *running, const struct running *call);
/* Raise the call's interrupt if it has one; 0 or -1. */
int raise_of(struct running *running);
/* Methods of the module. */
PyObject *check_interrupt(PyObject *module, PyObject *ignored);
PyObject *get_run_here(PyObject *module, PyObject *ignored);
PyObject *get_call_here(PyObject *module, PyObject *ignored);
PyObject *act_for(PyObject *module, PyObject *number);
PyObject *get_interrupted_here(PyObject *module, PyObject *ignored);

/* shields.c */
PyObject *call_shielded(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *call_finalizer(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *call_exposed(PyObject *module, PyObject *args, PyObject *kwargs);

/* signals.c */
int on_main_thread(void);
/* Hold the main thread's signals back, or not; returns what was. */
int set_holding(int on);
int holds_signals(void);
/* Call the handlers of the signals that were held back. 0, or -1 with what one raised. */
int deliver_signals(void);
PyObject *own_signals(PyObject *module, PyObject *ignored);
PyObject *set_signals(PyObject *module, PyObject *args);

/* takeback.c */
/* Leave nothing pending in this thread. May let go of the GIL; keeps the exception that is set. */
void take_back_pending(void);
PyObject *set_takeback(PyObject *module, PyObject *args);

/* batch.c */
PyObject *own_batch(PyObject *module, PyObject *handle);

/* frames.c */
/* Whether an exception may be raised in the thread where it stands, above the frame `base`. */
int is_free(PyThreadState *state, const void *base);
PyObject *set_standing(PyObject *module, PyObject *args);

/* This thread's submissions are part of what came before a close (mail.c). */
extern _Thread_local int privileged;
extern int privileged_threads; /* how many are; mostly none, and nobody need look */
static inline int is_privileged(void)
{
    return privileged_threads && privileged;
}
/* mail.c: the methods of Bridge that watch, retry, stop and dispatch */
extern PyMethodDef mail_methods[];

/* bridge.c */
PyObject *make_bridge_type(void);
PyObject *let_go_of_all(PyObject *module, PyObject *ignored);

/* submitter.c */
/* The limited API has `vectorcallfunc` since 3.12; older versions have it as well. */
typedef PyObject *(*call_function_type)(PyObject *op, PyObject *const *args, size_t nargsf,
                                        PyObject *kwnames);
struct submitter {
    PyObject_HEAD call_function_type vectorcall;
    struct kind *kind;
    PyObject *bridge;
    PyObject *slow;
    uint32_t level;
};
enum { FAILED_TO_QUEUE = -1, QUEUED, RAN_HERE };
/* Queue a new call. After FAILED_TO_QUEUE, with an exception, the pool holds nothing of it. */
int enqueue(struct submitter *self, struct cz_lane *lane, PyObject *result);
PyObject *submit_python(PyObject *op, PyObject *args, PyObject *kwargs);
/* For a Python worker; as enqueue. */
int queue_python(struct submitter *self, PyObject *result);
/* -1, with the exception for a closed pool. */
int refuse_closed(struct submitter *self);
/* prepared.c */
PyObject *prepare_call(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *prepare_python_call(PyObject *op, PyObject *args, PyObject *kwargs);
PyObject *start_prepared(PyObject *op, PyObject *args);
/* submit_each.c */
PyObject *submit_each(PyObject *op, PyObject *args);
PyObject *submit_each_python(PyObject *op, PyObject *args);
PyObject *withdraw(PyObject *op, PyObject *result);
/* read_each.c */
PyObject *read_each(PyObject *module, PyObject *args);
PyObject *new_submitter(PyTypeObject *type, struct kind *kind);
extern PyType_Spec submitter_spec;
extern PyTypeObject *submitter_type; /* made by the module */
int is_submitter(PyObject *object);
/* Run a submitter's compiled function on this thread; NotImplemented if the arguments do not
 * fit. */
PyObject *run_directly(PyObject *op, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
/* direct.c: the base of Task. */
extern PyType_Spec direct_spec;
PyObject *add_result_type(PyObject *module, PyObject *type);
/* 0, or -1 with an exception set: the bridge is closed or the parent process's. */
int check_open(struct bridge *bridge, const struct kind *kind);

/* interrupted.c */
PyObject *get_was_interrupted(PyObject *module, PyObject *ignored);

#endif
