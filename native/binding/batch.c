/* batch.c: the owner of a batch, which frees it.
 *
 * An object without a finalizer, so it goes after the finalizers of all that dies with it: those
 * may still ask the batch. A finalizer in Python could also be left in the middle.
 */
#include "binding.h"

#define NAME "catzilla_jit.batch"

/* A batch that workers still use, or that belongs to the parent process, is let be. */
static void drop(PyObject *owner)
{
    struct cz_batch *batch = PyCapsule_GetPointer(owner, NAME);
    unsigned made_in = (unsigned)(uintptr_t)PyCapsule_GetContext(owner);
    if (made_in == generation && cz->batch_released(batch))
        cz->batch_drop(batch);
}

PyObject *own_batch(PyObject *Py_UNUSED(module), PyObject *handle)
{
    void *batch = PyLong_AsVoidPtr(handle);
    PyObject *owner = PyErr_Occurred() ? NULL : PyCapsule_New(batch, NAME, drop);
    if (owner && PyCapsule_SetContext(owner, (void *)(uintptr_t)generation))
        Py_CLEAR(owner);
    return owner;
}
