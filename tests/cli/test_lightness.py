"""What the command line imports before it knows what to do."""

from __future__ import annotations

import subprocess
import sys


def test_help_imports_nothing_heavy(environ):
    code = (
        "import sys; from catzilla_jit.cli import main as cli; cli.make_parser().format_help();"
        "print(*sorted(n for n in ('numba', 'numpy', 'rich', 'ctypes') if n in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True)
    assert result.stdout.decode().split() == []


def test_import_of_the_package_leaves_out_what_only_some_programs_need(environ):
    code = (
        "import sys; from catzilla_jit import task, Runtime, gather;"
        "print(*(n for n in ('numba', 'rich', 'asyncio') if n in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True)
    assert result.stdout.decode().split() == []
