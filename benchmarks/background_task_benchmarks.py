"""The command that the specification names: tasks a second here, against ThreadPoolExecutor.

It is `catzilla-jit bench`, whose options it takes. `make bench` runs all benchmarks.
"""

from __future__ import annotations

import sys

from catzilla_jit.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["bench", *sys.argv[1:]]))
