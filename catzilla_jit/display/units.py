"""How times and counts are written for people, on a terminal and in a notebook alike, and read."""

from __future__ import annotations


def seconds(value: float) -> str:
    """Return a time with three digits and its unit; "-" for none."""
    if value <= 0:
        return "-"
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= factor * 0.9995:
            return f"{_three_digits(value / factor)} {unit}"
    return f"{_three_digits(value / 1e-9)} ns"


def read_seconds(text: str, least: float) -> float | None:
    """Return the time that somebody wrote, from `least` seconds to an hour; None if it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if least <= value <= 3600 else None


def _three_digits(number: float) -> str:
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"


def uptime(value: float) -> str:
    """Return a time span in seconds as days, hours, minutes and seconds."""
    minutes, rest = divmod(int(value), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (f"{days} d " if days else "") + f"{hours}:{minutes:02}:{rest:02}"


def short_count(value: int) -> str:
    """Return a count in at most six characters, below a million million million."""
    if value < 100_000:
        return f"{value:,}"
    number, unit = value / 1000, "k"
    for larger in ("M", "G", "T", "P"):
        if number < 999.5:
            break
        number, unit = number / 1000, larger
    return f"{number:.1f} {unit}" if number < 99.95 else f"{number:.0f} {unit}"
