#!/usr/bin/env bash
# Make .venv with everything that the tests need, and install the package into it in place. A
# Debian python3 may come without venv's pip (python3-venv) and without Python.h (python3-dev):
# both are fetched through apt where this runs as root, else named. The Makefile calls this when
# pyproject.toml or a CMakeLists.txt has changed.
#
# usage: tools/venv.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "installing $* through apt"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    apt-get update -qq >/dev/null 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# need MESSAGE PACKAGE COMMAND...: run COMMAND; where it fails, install PACKAGE and try again.
need() {
    local message=$1 package=$2
    shift 2
    "$@" >/dev/null 2>&1 && return
    apt_install "$package" && "$@" >/dev/null 2>&1 && return
    echo "error: $message (Debian, Ubuntu: apt-get install $package)" >&2
    exit 1
}

command -v "$python" >/dev/null || {
    echo "error: no '$python' here; name one with: make PYTHON=/path/to/python3 ..." >&2
    exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "error: $("$python" --version) is too old, 3.10 is needed; name another with: make PYTHON=..." >&2
    exit 1
}
has_header() {
    "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
}
need "$python has no working venv module" python3-venv "$python" -c 'import ensurepip, venv'
need "the C headers of $python are missing" python3-dev has_header
need "no C compiler found" gcc sh -c 'command -v "${CC:-cc}"'

[ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || "$python" -m venv --clear .venv
pip=(.venv/bin/python -m pip --disable-pip-version-check install --quiet)
# Most modules of most packages are never imported: those that are get compiled then.
pip+=(--no-compile)
echo "installing into .venv"
# The build tools stay in .venv: after a change in native/ the Makefile rebuilds with them.
"${pip[@]}" 'scikit-build-core>=0.11' cmake ninja
"${pip[@]}" --no-build-isolation --editable '.[test]'
# Has wheels for some systems alone; the tests of its adapter are skipped without it.
"${pip[@]}" 'catzilla==0.2.3' || echo "the package catzilla cannot be installed here: going on without it"
