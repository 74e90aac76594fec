"""What the names begin with of those variables of loaded code that point at something of Python's.

Numba is not imported here: a task that is loaded from the cache does without it.
"""

from __future__ import annotations

#: An object (`objects.py`); an environment of Numba's.
OBJECT, ENVIRONMENT = "cz_object.", "_ZN08NumbaEnv"
