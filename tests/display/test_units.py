"""Times and counts as people read them."""

from __future__ import annotations

import pytest

from catzilla_jit.display import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "-"), (1e-12, "0.00 ns"), (1.234e-9, "1.23 ns"), (9.999e-7, "1.00 us"),
        (1.5e-5, "15.0 us"), (0.25, "250 ms"), (0.9999, "1.00 s"), (12345.0, "12345 s"),
    ],
)  # fmt: skip
def test_times_have_three_digits(value, text):
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100 k"), (1_234_567, "1.2 M"), (10**14, "100 T")],
)
def test_counts_are_short(value, text):
    assert units.short_count(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.05", 0.05), ("3600", 3600.0), ("0.049", None), ("3601", None), ("nan", None),
        ("soon", None),
    ],
)  # fmt: skip
def test_a_time_is_read_from_the_least_to_an_hour(text, value):
    assert units.read_seconds(text, 0.05) == value
