"""Programs in other languages that a benchmark runs beside its subject.

Their sources lie in peers/. A peer is built into a temporary directory when a benchmark
asks for it, and is absent (None) where the machine lacks its compiler: the benchmark then
skips the comparison and says so. Each prints one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parent / "peers"
#: Where Debian's packages of Rust's crates (librust-*-dev) put their sources.
CRATES = Path("/usr/share/cargo/registry")


class Peer:
    """A built program; it is removed together with this object."""

    def __init__(self, directory: tempfile.TemporaryDirectory[str], version: str) -> None:
        self._directory = directory
        self.program = Path(directory.name) / "peer"
        self.version = version

    def run(self, *arguments: object) -> dict[str, Any]:
        """Run it and return the object that it prints."""
        command = [str(self.program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def go(source: str) -> Peer | None:
    """Build peers/SOURCE with Go; None where Go is missing."""
    compiler = shutil.which("go")
    if compiler is None:
        return None
    directory = tempfile.TemporaryDirectory(prefix="peer-")
    # The build cache goes where the program goes: a machine's Go set-up stays untouched.
    environment = os.environ | {"GOCACHE": f"{directory.name}/cache", "GO111MODULE": "off"}
    return _build(
        [compiler, "build", "-o", f"{directory.name}/peer", source],
        directory,
        [compiler, "version"],
        environment,
    )


def rust(source: str) -> Peer | None:
    """Build peers/SOURCE with rustc, without crates; None where there is none."""
    compiler = shutil.which("rustc")
    if compiler is None:
        return None
    directory = tempfile.TemporaryDirectory(prefix="peer-")
    command = [compiler, "-O", "--edition", "2021", "-o", f"{directory.name}/peer", source]
    return _build(command, directory, [compiler, "--version"], dict(os.environ))


def cargo(source: str, *crates: str) -> Peer | None:
    """Build peers/SOURCE with Debian's packages of these crates; None where one is missing."""
    compiler = shutil.which("cargo")
    found = [next(CRATES.glob(f"{crate}-[0-9]*"), None) for crate in crates]
    if compiler is None or None in found:
        return None
    directory = tempfile.TemporaryDirectory(prefix="peer-")
    place = Path(directory.name)
    (place / ".cargo").mkdir()
    (place / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{CRATES}"\n'
    )
    wanted = "\n".join(f'{crate} = "*"' for crate in crates)
    (place / "Cargo.toml").write_text(
        '[package]\nname = "peer"\nversion = "0.0.0"\nedition = "2021"\n'
        f'[[bin]]\nname = "peer"\npath = "{SOURCES / source}"\n[dependencies]\n{wanted}\n'
    )
    command = [compiler, "build", "--quiet", "--offline", "--release"]
    environment = os.environ | {"CARGO_TARGET_DIR": f"{place}/target"}
    try:
        subprocess.run(command, cwd=place, env=environment, check=True)
    except subprocess.CalledProcessError:  # of a version that does not go with the compiler
        return None
    shutil.copy(place / "target" / "release" / "peer", place / "peer")
    versions = ", ".join(each.name for each in found if each is not None)
    return Peer(directory, versions)


def cpp(source: str, header: str, *options: str) -> Peer | None:
    """Build peers/SOURCE with the C++ compiler; None where it or a header is missing."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        return None
    look = [compiler, "-E", "-x", "c++", "-"]
    text = f"#include <{header}>\n"
    if subprocess.run(look, input=text, text=True, capture_output=True, check=False).returncode:
        return None
    directory = tempfile.TemporaryDirectory(prefix="peer-")
    flags = ["-std=c++17", "-O2", "-Wall", "-Wextra", "-pthread"]
    return _build(
        [compiler, *flags, "-o", f"{directory.name}/peer", source, *options],
        directory,
        [compiler, "--version"],
        dict(os.environ),
    )


def c(source: str, *options: str) -> Peer | None:
    """Build peers/SOURCE with the C compiler and these options; None where there is none."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return None
    directory = tempfile.TemporaryDirectory(prefix="peer-")
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-pthread", *options]
    return _build(
        [compiler, *flags, "-o", f"{directory.name}/peer", source],
        directory,
        [compiler, "--version"],
        dict(os.environ),
    )


def _build(
    command: list[str],
    directory: tempfile.TemporaryDirectory[str],
    ask_version: list[str],
    environment: dict[str, str],
) -> Peer:
    subprocess.run(command, cwd=SOURCES, env=environment, check=True)
    asked = subprocess.run(ask_version, capture_output=True, text=True, check=True)
    return Peer(directory, asked.stdout.splitlines()[0])
