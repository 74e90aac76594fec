#!/usr/bin/env bash
# Run the Python tests on every supported interpreter that this machine has: one wheel is
# built (limited API, so one file serves all), installed into one virtual environment per
# interpreter under build/pythons, and tested from there, not from the source tree.
#
# usage: tools/pythons.sh BUILD_PYTHON [--run PROGRAM] [ARGUMENT of PROGRAM, tools/tests.py...]
set -euo pipefail
cd "$(dirname "$0")/.."
build_python=$1
shift
program=tools/tests.py
if [ "${1:-}" = --run ]; then
    program=$2
    shift 2
fi

# interpreter VERSION: its path; from PATH, else the newest that pyenv has.
interpreter() {
    local candidate
    for candidate in "$(command -v "python$1" || true)" $(ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python 2>/dev/null | sort -rV); do
        # A pyenv shim exists also for versions that are not switched on: try it.
        if [ -n "$candidate" ] && "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

rm -rf build/wheel
"$build_python" -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
wheel=$(ls build/wheel/*.whl)
failed=()
for version in 3.10 3.11 3.12 3.13; do
    python=$(interpreter "$version")
    if [ -z "$python" ]; then
        echo "== Python $version: not on this machine, skipped"
        continue
    fi
    echo "== Python $version: $python"
    venv=build/pythons/$version
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet "$wheel[test]"
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --force-reinstall "$wheel"
    # 77: what the program needs is not here; it says so.
    status=0
    "$venv/bin/python" "$program" "$@" || status=$?
    [ $status = 0 ] || [ $status = 77 ] || failed+=("$version")
done
[ ${#failed[@]} = 0 ] || { echo "failed on Python ${failed[*]}" >&2; exit 1; }
