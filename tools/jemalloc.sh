#!/usr/bin/env bash
# Fetch libjemalloc2 through apt where it is missing and this runs as root. Everything
# works without it, on malloc, so a failure is one line that says how to install it, and
# the exit status stays 0. Where the library lies is catzilla_jit/jemalloc.py's knowledge.
#
# usage: tools/jemalloc.sh PYTHON
set -euo pipefail

installed() {
    "$1" -c 'import sys
from catzilla_jit.jemalloc import find_library
sys.exit(find_library() is None)'
}

apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    local get=(apt-get install -qq -y --no-install-recommends libjemalloc2)
    export DEBIAN_FRONTEND=noninteractive
    "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}"; } >/dev/null 2>&1
}

installed "$1" || apt_install ||
    echo "jemalloc is not installed (Debian, Ubuntu: apt-get install libjemalloc2); going on with malloc"
