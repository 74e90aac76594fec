#!/usr/bin/env bash
# Fetch Chromium through apt where it is missing and this runs as root: the tests of the page in
# a browser need it. Without it they are skipped and say so, and the exit status stays 0.
#
# usage: tools/chromium.sh
set -euo pipefail

installed() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    local get=(apt-get install -qq -y --no-install-recommends chromium)
    export DEBIAN_FRONTEND=noninteractive
    "${get[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${get[@]}"; } >/dev/null 2>&1
}

installed || apt_install ||
    echo "Chromium is not installed (Debian, Ubuntu: apt-get install chromium); the page is not tested"
