#!/usr/bin/env bash
# Run the behaviour suite on this Python with the library and the binding built for
# AddressSanitizer and UndefinedBehaviorSanitizer. The package is installed below
# build/sanitize-python, and an interpreter there finds it and, behind it, what .venv holds.
#
# usage: tools/sanitize_python.sh PYTHON [PYTEST_ARGUMENT...]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$PWD/$1
shift
[ $# -gt 0 ] || set -- tests/behaviour
place=$PWD/build/sanitize-python

runtime=$("${CC:-cc}" -print-file-name=libasan.so)
[ -e "$runtime" ] || {
    echo "error: ${CC:-cc} has no libasan.so; name a GCC that has it: make CC=gcc sanitize-python" >&2
    exit 1
}

rm -rf "$place/package"
"$python" -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation \
    --target "$place/package" -C build-dir="$place/native" -C cmake.build-type=Debug \
    -C cmake.define.CATZILLA_JIT_SANITIZE=address,undefined .

# Not .venv itself: that finds the editable package first.
packages() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
"$python" -m venv --without-pip "$place/venv"
sanitized=$place/venv/bin/python
printf '%s\n' "$place/package" "$(packages "$python")" >"$(packages "$sanitized")/paths.pth"

rm -rf "$place/reports"
mkdir "$place/reports"
# No leaks are looked for: the interpreter and extension modules never free much of what they
# have. (`make sanitize` looks for those of the library.) Python's objects come from malloc, so
# that a use after free in the binding is seen as well. Some tests ask for more memory than
# there is. Reports go to files, because pytest would keep them captured.
status=0
LD_PRELOAD=$runtime PYTHONMALLOC=malloc \
    ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:log_path=$place/reports/address \
    UBSAN_OPTIONS=print_stacktrace=1:log_path=$place/reports/undefined \
    "$sanitized" "$(dirname "$python")/pytest" -p no:cacheprovider "$@" || status=$?
# A child's report counts although its test may pass; that there was no memory is none.
for report in $(grep -lrE 'ERROR: |runtime error' "$place/reports" || true); do
    cat "$report"
    status=1
done
exit $status
