"""By what the code that runs on a thread is known to be a run of a certain result.

For what compiled code prints: on a native worker there is no Python object to ask. The keys are
addresses: that of the record, or of the object on the pure-Python pool. A record is in use while
its code runs, so no other has the same.
"""

from __future__ import annotations

from typing import Any

from .interrupt import call_here
from .selection import native


def key_of(result: Any) -> int:
    """Return the key of a result."""
    address = getattr(result, "_address", None)  # of a call on the native pool
    return id(result) if address is None else int(address, 16)


def key_here() -> int:
    """Return the key of the compiled call that this thread is inside of, 0 if it is in none."""
    loaded = native()
    if loaded is None:
        call = call_here()
        return 0 if call is None else id(call)
    return loaded.lib.cz_record_here() or 0
