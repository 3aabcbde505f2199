#!/usr/bin/env bash
# usage, as root: bash scripts/on-a-bare-machine.sh COMMAND...
# Runs a command where no optional part is installed: allocators, Chromium, mprof, promtool, pandas, C compilers. In a mount
# namespace of its own, under an overlay of /usr, they are removed, and the home is empty; nothing outside it changes.
set -u
[ $# -ge 1 ] || { sed -n 2,4p "$0" >&2; exit 2; }
if [ "${TIDEMARK_BARE:-}" != 1 ]; then TIDEMARK_BARE=1 exec unshare --mount "$BASH" "$0" "$@"; fi
unset TIDEMARK_BARE

work=$(mktemp -d)
mount -t tmpfs bare "$work" && mkdir "$work/upper" "$work/work" "$work/home" &&
  mount -t overlay -o "lowerdir=/usr,upperdir=$work/upper,workdir=$work/work" bare /usr ||
  { echo "on-a-bare-machine: cannot mount an overlay of /usr" >&2; exit 1; }
rm -f /usr/lib/*/lib{jemalloc,mimalloc,tcmalloc}* /usr/lib/lib{jemalloc,mimalloc,tcmalloc}* /usr/lib64/lib{jemalloc,mimalloc,tcmalloc}* \
  /usr/local/lib/lib{jemalloc,mimalloc,tcmalloc}* /usr/bin/{chromium*,google-chrome*,mprof*,python3-mprof*,promtool,prometheus} \
  /usr/bin/{cc,c++,gcc*,g++*,clang*,*-linux-gnu-gcc*,*-linux-gnu-g++*}
rm -rf /usr/lib/chromium /usr/lib/python3/dist-packages/{memory_profiler*,pandas*,duckdb*} /usr/local/lib/python3*/*-packages/*

export HOME=$work/home
unset CI XDG_CACHE_HOME XDG_CONFIG_HOME VIRTUAL_ENV TIDEMARK_CACHE TIDEMARK_TEST_PYTHON
"$@"
status=$?
umount -l "$work" 2>/dev/null
rmdir "$work" 2>/dev/null
exit $status
