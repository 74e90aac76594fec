#!/usr/bin/env bash
# Fetch redis-server through apt where it is missing and this runs as root: some tests compare ours
# with Celery and RQ, which need it. Without it they are skipped, with the reason, and the exit
# status stays 0.
#
# usage: tools/redis.sh
set -euo pipefail

apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    # The package would start a server of its own.
    local get=(env RUNLEVEL=1 apt-get install -qq -y --no-install-recommends redis-server)
    export DEBIAN_FRONTEND=noninteractive
    "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}"; } >/dev/null 2>&1
}

command -v redis-server >/dev/null || apt_install ||
    echo "redis-server is not installed (Debian, Ubuntu: apt-get install redis-server); tests of Celery and RQ are skipped"
