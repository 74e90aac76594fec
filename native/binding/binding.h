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
 */
#ifndef CZ_BINDING_H
#define CZ_BINDING_H

#define Py_LIMITED_API 0x030a0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stddef.h>

#include "catzilla_jit.h"

enum full_policy { FULL_WAIT, FULL_RAISE, FULL_CALLER };

struct bridge {
    PyObject_HEAD
    struct cz_pool *pool;
    struct cz_lane *native, *python;
    int retired;            /* the pool has been joined: it goes with the bridge */
    struct cz_cache *cache;
    PyObject *spawn;        /* called to add a Python worker */
    enum full_policy full;
    unsigned generation;    /* of the process that made it, see `generation` */
    uint32_t guests, guests_most, starting;
    uint64_t next_id;
    struct kind *kinds;     /* freed with the bridge */
};

struct slot {
    char code; /* scalar.c */
    uint32_t offset;
    PyObject *convert; /* wraps the unpacked value (a NumPy scalar type), or NULL */
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
    PyObject *function; /* what a Python task calls */
    struct slot result;
    uint32_t arguments;
    struct slot argument[];
};

/* Both result types begin like this; a compiled task's is the record's own block. */
struct result {
    PyObject_HEAD
    struct cz_record record;
};

/* What follows the record of a Python task. */
struct call {
    PyObject *args, *kwargs; /* NULL once it has run */
    PyObject *value;         /* the result, or the exception when FAILED */
    PyObject *traceback;     /* of that exception as the task left it, or NULL */
};

extern const struct cz_api *cz; /* NULL before attach() */
/* How often this process has been forked from one that had the binding loaded. */
extern unsigned generation;
/* From catzilla_jit.errors, set by attach(). */
extern PyObject *error_queue_full, *error_closed, *error_cancelled;
/* copy_exception(exception) -> another one like it. */
extern PyObject *copy_exception;

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
PyObject *unpack_scalar(const struct slot *slot, const void *memory);
int known_code(char code);

/* result.c */
extern PyType_Spec result_spec, python_result_spec;
extern PyTypeObject *result_type, *python_result_type; /* made by the module */
PyObject *new_result(struct kind *kind);                       /* compiled; unqueued */
void discard_result(PyObject *result);                         /* never was queued */

/* python_lane.c */
PyObject *new_python_result(struct kind *kind, PyObject *args, PyObject *kwargs);
/* Run a claimed Python call on this thread; no exception escapes. */
void run_call(struct cz_record *record);
/* Cancel a pending Python call and let go of its arguments; 1 if this call did it. */
int cancel_call(struct cz_record *record);
/* The exception of a failed Python call, with the traceback that the task left; new
 * reference. */
PyObject *call_failure(struct cz_record *record);
/* 1 if this thread is a Python worker. */
int on_python_worker(void);
void maybe_spawn(struct bridge *bridge);
PyObject *bridge_serve(PyObject *self, PyObject *ignored);
PyObject *bridge_cancel_python(PyObject *self, PyObject *ignored);

/* submitter.c */
PyObject *new_submitter(PyTypeObject *type, struct kind *kind);
extern PyType_Spec submitter_spec;
/* 0, or -1 with an exception set: the bridge is closed or the parent process's. */
int check_open(struct bridge *bridge, const struct kind *kind);


#endif
