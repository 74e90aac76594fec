"""`catzilla-jit kernel install`: a Jupyter kernel with jemalloc preloaded."""

from __future__ import annotations

import argparse
import re
import sys

from ... import jemalloc
from .. import exit_codes

NAME = "kernel"
SUMMARY = "install a Jupyter kernel with jemalloc preloaded"
EPILOG = """\
examples:
  catzilla-jit kernel install
  catzilla-jit kernel install --prefix /opt/jupyter

The kernel runs this Python, with ipykernel, which must be installed in it.
In a notebook choose the kernel "Python 3.x (catzilla_jit, jemalloc)". To
remove it: jupyter kernelspec remove catzilla-jit

Exit code: 3 if there is no jemalloc to preload or the file cannot be written.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="install", required=True, dest="action")
    install = actions.add_parser(
        "install", help="write the kernel spec; again, to replace it", epilog=EPILOG,
        formatter_class=parser.formatter_class,
    )  # fmt: skip
    where = install.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="for this user (the default)")
    where.add_argument("--prefix", metavar="DIR", help="into DIR/share/jupyter")
    where.add_argument(
        "--sys-prefix", action="store_const", const=sys.prefix, dest="prefix",
        help="into the environment of this Python",
    )  # fmt: skip
    install.add_argument(
        "--name", type=_kernel_name, default="catzilla-jit", help="directory name of the kernel"
    )


def _kernel_name(text: str) -> str:
    # Jupyter's own rule.
    if not re.fullmatch(r"[A-Za-z0-9._-]+", text) or text.startswith("."):
        raise argparse.ArgumentTypeError("only letters, digits, dot, dash and underscore")
    return text


def execute(arguments: argparse.Namespace) -> int:
    from ...integrations import kernel_spec

    library = jemalloc.find_library()
    if library is None:
        raise exit_codes.Failure(
            f"jemalloc is not installed ({jemalloc.INSTALL_HINT}): there is nothing to preload"
        )
    if arguments.prefix is None:
        data = kernel_spec.user_data_directory()
    else:
        data = kernel_spec.prefix_data_directory(arguments.prefix)
    try:
        directory = kernel_spec.install(data, library, arguments.name)
    except OSError as error:
        raise exit_codes.Failure(f"the kernel cannot be written: {error}") from error
    print(f"installed in {directory}")
    if not _has_ipykernel():
        print(f"it needs ipykernel: {sys.executable} -m pip install ipykernel", file=sys.stderr)
    return exit_codes.OK


def _has_ipykernel() -> bool:
    import importlib.util

    return importlib.util.find_spec("ipykernel") is not None
