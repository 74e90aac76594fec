"""The value of a task as JSON, where it has such a form, and never larger than an answer may be."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
import uuid
from collections.abc import Mapping, Set
from typing import Any

from pydantic import BaseModel

#: Values inside of one value, and characters of its texts.
MOST_VALUES = 50_000
MOST_CHARACTERS = 1_000_000
_DEEPEST = 50
_MOST_BITS = 8192  # of an integer: Python takes time, quadratic in its digits


class NoJson(Exception):
    """The value has no form as JSON that an answer could hold; the message says why."""


def json_value(value: Any) -> Any:
    """Return the value made of what JSON has; NoJson where it cannot be said so.

    NaN and the infinities, which JSON does not know, become their names. Arrays become lists.
    """
    return _Conversion().of(value, 0)


def sendable(text: str) -> str:
    """Return a text without lone halves of surrogate pairs, which cannot be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


class _Conversion:
    def __init__(self) -> None:
        self._values = MOST_VALUES
        self._characters = MOST_CHARACTERS

    def of(self, value: Any, depth: int) -> Any:
        self._values -= 1
        if self._values < 0:
            raise NoJson(f"it holds more than {MOST_VALUES:,} values")
        if depth > _DEEPEST:
            raise NoJson(f"it is nested more than {_DEEPEST} levels deep")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, enum.Enum):
            return self.of(value.value, depth + 1)
        if isinstance(value, int):
            return self._integer(int(value))
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else str(float(value))
        if isinstance(value, str):
            return self._text(str(value))
        return self._container(value, depth + 1)

    def _integer(self, value: int) -> int:
        if value.bit_length() > _MOST_BITS:
            raise NoJson("it holds an integer of thousands of digits")
        return value

    def _text(self, value: str) -> str:
        self._characters -= len(value)
        if self._characters < 0:
            raise NoJson(f"its texts have more than {MOST_CHARACTERS:,} characters")
        return sendable(value)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return {self._key(key): self.of(each, depth) for key, each in value.items()}
        if isinstance(value, (list, tuple, Set)):
            return [self.of(each, depth) for each in value]
        if isinstance(value, BaseModel):
            return self.of(value.model_dump(), depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return {field.name: self.of(getattr(value, field.name), depth) for field in fields}
        if isinstance(value, (datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, uuid.UUID):
            return str(value)
        return self._numpy(value, depth)

    def _key(self, key: Any) -> str:
        plain = self.of(key, _DEEPEST)
        return plain if isinstance(plain, str) else str(plain)

    def _numpy(self, value: Any, depth: int) -> Any:
        size = getattr(value, "size", None)
        if type(value).__module__.partition(".")[0] == "numpy" and isinstance(size, int):
            if size > self._values:
                raise NoJson(f"it holds more than {MOST_VALUES:,} values")
            plain = value.tolist()
            if type(plain) is not type(value):
                return self.of(plain, depth)
        raise NoJson(f"a {type(value).__qualname__} has no form as JSON")
