#!/usr/bin/env bash
# Installs, from Debian's packages, what the optional parts and their tests use: the allocators that are compared beside
# glibc's, Chromium for the test of the report page, mprof for the tests of its file format, promtool for those of metrics,
# pandas for the commands of docs/export.md, the shells whose completion is tested, and venv for scripts/frameworks.sh.
# Tidemark itself needs none of them. What cannot be installed is named, and the script goes on.
set -uo pipefail

packages=(libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4 chromium python3-memory-profiler prometheus python3-pandas
  python3-venv zsh fish)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || { echo "not a Debian system; left out: ${missing[*]}" >&2; exit 1; }
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && exit 0

status=0
for package in "${missing[@]}"; do
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
    { echo "could not install $package" >&2; status=1; }
done
exit $status
