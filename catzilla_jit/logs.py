"""CATZILLA_JIT_LOG_LEVEL: the level of the `catzilla_jit` logger, and where its messages go.

Programs that configure logging get them as from any library. Without that, and with the
variable set, they go to stderr: the handler here stays silent whenever another one would
get the message, so nothing is said twice, whichever is configured first.
"""

from __future__ import annotations

import logging
import os
import sys

VARIABLE = "CATZILLA_JIT_LOG_LEVEL"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _Stderr(logging.Handler):
    """Writes what no other handler gets."""

    def emit(self, record: logging.LogRecord) -> None:
        if _has_other_handlers(self):
            return
        try:
            # Looked up now: it may have been replaced since.
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


def _has_other_handlers(own: logging.Handler) -> bool:
    logger = logging.getLogger("catzilla_jit")
    others = [handler for handler in logger.handlers if handler is not own]
    return bool(others or (logger.propagate and logger.root.handlers))


def complaint(value: str) -> str | None:
    """Return what is wrong with a value of the variable, in one sentence, or None."""
    if value == "" or value.upper() in LEVELS:
        return None
    return f"{VARIABLE} must be one of {', '.join(LEVELS)}, not {value!r}"


def configure() -> None:
    """Do what the variable says; a wrong value is logged and changes nothing."""
    value = os.environ.get(VARIABLE, "")
    if value == "":
        return
    logger = logging.getLogger("catzilla_jit")
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        handler = _Stderr()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger.addHandler(handler)
    wrong = complaint(value)
    if wrong is None:
        logger.setLevel(value.upper())
    else:
        logger.warning("%s; the level stays as it is", wrong)
