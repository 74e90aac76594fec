"""Build the site into build/docs; warnings are errors, and every public name must be in it.

usage: python tools/site.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sphinx.util.inventory import InventoryFile

import catzilla_jit
from catzilla_jit import errors

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "docs"


def main() -> int:
    build = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run([*build, str(ROOT / "docs"), str(SITE)])
    if done.returncode:
        return done.returncode
    with open(SITE / "objects.inv", "rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    described = {
        name for kind, names in inventory.items() if kind.startswith("py:") for name in names
    }
    public = [f"catzilla_jit.{name}" for name in catzilla_jit.__all__]
    public += [
        f"catzilla_jit.errors.{name}"
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == errors.__name__ and name[0] != "_"
    ]
    missing = sorted(set(public) - described)
    for name in missing:
        print(f"{name} is not in the site")
    print(f"{len(public) - len(missing)} of {len(public)} public names; {SITE / 'index.html'}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
