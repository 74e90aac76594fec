#!/usr/bin/env bash
# Print the path of libjemalloc.so.2, for LD_PRELOAD; with --install, fetch it through
# apt first where this runs as root. Without it everything works on malloc, so a failure
# is one line on stderr and the exit status stays 0.
set -euo pipefail

find_library() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | awk '/libjemalloc\.so\.2 / { print $NF; exit }'
}

install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    local get=(apt-get install -qq -y --no-install-recommends libjemalloc2)
    export DEBIAN_FRONTEND=noninteractive
    "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}"; } >/dev/null 2>&1
}

library=$(find_library)
if [ -z "$library" ] && [ "${1:-}" = --install ]; then
    install && library=$(find_library) ||
        echo "jemalloc is not installed (Debian, Ubuntu: apt-get install libjemalloc2); going on with malloc" >&2
fi
echo "$library"
