"""`python -m catzilla_jit.cli` is `catzilla-jit`."""

from __future__ import annotations

import sys

from .main import main

sys.exit(main())
