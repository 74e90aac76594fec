"""Our functions that stand for others in compiled code: which they are, by their modules."""

from __future__ import annotations

import types as pytypes

from catzilla_jit.compile.library import (
    builtin_functions,
    math_functions,
    number_text,
    queue_of_list,
    text,
)
from catzilla_jit.compile.library.arrays import (
    axis,
    elementwise,
    making,
    pairing,
    pairwise_sum,
    places,
    quantiles,
    series,
)

#: The modules whose functions stand for others.
OWN = {
    each.__name__
    for each in (
        builtin_functions,
        queue_of_list,
        number_text,
        text,
        math_functions,
        pairwise_sum,
        axis,
        elementwise,
        making,
        pairing,
        places,
        quantiles,
        series,
    )
}


def is_own(function: pytypes.FunctionType) -> bool:
    """Tell whether a function is one of ours, which stand for others, not the user's."""
    return function.__module__ in OWN
