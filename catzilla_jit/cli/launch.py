"""The first code of a program started by `catzilla-jit run`: python -m catzilla_jit.cli.launch.

It gives SIGTERM a meaning and then becomes the script, as `python SCRIPT` or
`python -m MODULE` would have: same argv, same sys.path, same `__main__`. The first
SIGTERM raises SystemExit in the main thread; on its way out the interpreter finishes the
tasks that were submitted (runtime/engine.py) and the process leaves with 143. A second one
leaves at once.
"""

from __future__ import annotations

import atexit
import importlib.machinery
import io
import os
import pkgutil
import runpy
import signal
import sys
import types
from pathlib import Path
from typing import NoReturn

from .exit_codes import TERMINATED

USAGE = "usage: python -m catzilla_jit.cli.launch SCRIPT|-m MODULE [ARGS...]"


class _Termination:
    """What SIGTERM does; installed once, before the script's first line."""

    def __init__(self) -> None:
        self.requested = False
        self.script_runs = True
        self._process = os.getpid()

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        # Registered first, so it runs last, after the script's own exit functions.
        atexit.register(self._leave)

    def _on_signal(self, _number: int, _frame: object) -> None:
        if os.getpid() != self._process:
            # A forked child, a worker process of the script's, dies of it as usual.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
        if self.requested:
            os._exit(TERMINATED)
        self.requested = True
        if self.script_runs:
            raise SystemExit(TERMINATED)
        # The script has ended and its tasks are being finished already: let them.

    def _leave(self) -> None:
        if not self.requested or os.getpid() != self._process:
            return
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):
                continue
        os._exit(TERMINATED)


def _new_main(script: str) -> types.ModuleType:
    """Return an empty `__main__` for a script, in its place in sys.modules."""
    module = types.ModuleType("__main__")
    module.__file__ = script
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", script)
    module.__dict__.update(__builtins__=__builtins__, __package__=None, __cached__=None)
    sys.modules["__main__"] = module
    return module


def _read_code(script: str) -> types.CodeType:
    try:
        with io.open_code(script) as file:
            content = file.read()
    except OSError as error:
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.executable}: can't open file {script!r}: {reason}", file=sys.stderr)
        raise SystemExit(2) from None
    code = pkgutil.read_code(io.BytesIO(content))  # None: not a .pyc file
    return code if code is not None else compile(content, script, "exec")


def _run_path(path: str) -> None:
    if pkgutil.get_importer(path) is None:
        _run_script(path)
    else:  # a directory or a zip file
        sys.path[0] = path
        _run_module("__main__", alter_argv=False)


def _run_script(script: str) -> None:
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = str(Path(script).resolve().parent)
    module = _new_main(script)
    try:
        exec(_read_code(script), module.__dict__)
    except Exception as error:
        _report(error)


def _report(error: Exception) -> NoReturn:
    """Show an uncaught exception as the interpreter does, without the frames of this file."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename == __file__:
        frame = frame.tb_next
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, frame
    sys.excepthook(type(error), error.with_traceback(frame), frame)
    raise SystemExit(1)


def _run_module(name: str, *, alter_argv: bool) -> None:
    # What the interpreter itself calls for -m and for directories; it fills the `__main__`
    # that it finds, which must not be this module.
    _new_main(name)
    runpy._run_module_as_main(name, alter_argv=alter_argv)  # type: ignore[attr-defined]


def main(arguments: list[str]) -> None:
    """Become the script or module that the arguments name."""
    if not arguments or arguments == ["-m"]:
        print(USAGE, file=sys.stderr)
        raise SystemExit(2)
    termination = _Termination()
    termination.install()
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            _run_module(arguments[1], alter_argv=True)
        else:
            sys.argv = arguments
            _run_path(os.path.join(os.getcwd(), arguments[0].removeprefix("./")))
    finally:
        termination.script_runs = False


if __name__ == "__main__":
    main(sys.argv[1:])
