"""Both documents' chapter on migration, with what stands there behind "After".

    uvicorn migrated:app --app-dir examples/web/specification

Only import lines differ from the documents.
"""

from catzilla_jit.web import Catzilla

arg1, arg2 = 1, 2


def expensive_operation(data):
    return data


def my_function(one, other):
    return one + other


# After (Catzilla) - Same API, 10x faster, 35% less memory
app = Catzilla(use_jemalloc=True)
app.enable_background_tasks()

@app.task(compile_to_c=True)  # Automatic C compilation!
def process_data(data):
    return expensive_operation(data)


# After (Catzilla) - No Redis needed, C-speed execution
app.enable_background_tasks()
result = app.add_task(my_function, arg1, arg2)
