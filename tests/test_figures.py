"""Times and counts as people read them."""

from __future__ import annotations

import pytest

from catzilla_jit import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "-"), (1e-12, "0.00 ns"), (1.234e-9, "1.23 ns"), (9.999e-7, "1.00 us"),
        (1.5e-5, "15.0 us"), (0.25, "250 ms"), (0.9999, "1.00 s"), (12345.0, "12345 s"),
    ],
)  # fmt: skip
def test_times_have_three_digits(value, text):
    assert figures.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100 k"), (1_234_567, "1.2 M"), (10**14, "100 T")],
)
def test_counts_are_short(value, text):
    assert figures.short_count(value) == text
