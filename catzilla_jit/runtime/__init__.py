"""Where tasks run: results, batches, workers, and the runtime that owns them.

The only importer of ctypes and of the binding. It takes addresses and layouts and
does not know where they come from; `catzilla_jit.task` joins it with the compile stage.
"""
