"""Run examples/tutorial.ipynb again and keep its outputs.

    make docs-tutorial

The cells are the source, edited in Jupyter or in a text editor; the outputs are what this writes.
It runs with an empty cache, so that "compiled in ... ms" is what a reader sees first.
"""

from __future__ import annotations

import os
import pathlib
import tempfile

import nbformat
from nbclient import NotebookClient

TUTORIAL = pathlib.Path(__file__).parent.parent / "examples" / "tutorial.ipynb"


def main() -> None:
    """Run it, and write it back without what differs from machine to machine for no reason."""
    notebook = nbformat.read(TUTORIAL, as_version=4)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["CATZILLA_JIT_CACHE_DIR"] = cache
        NotebookClient(notebook, timeout=120, kernel_name="python3", record_timing=False).execute()
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, TUTORIAL)
    print("examples/tutorial.ipynb")


if __name__ == "__main__":
    main()
