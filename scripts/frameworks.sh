#!/usr/bin/env bash
# Makes the virtual environments in which tests run real NVFlare and Flower: one folder each under
# ${XDG_CACHE_HOME:-~/.cache}/tidemark/frameworks, outside the repository, with the exact versions and hashes of
# scripts/frameworks/*.txt; one with pytest and mypy, for the companion in python/; one with memray,
# numpy and pandas, for --heap-diff (of CPython 3.11 alone). Without arguments it makes the two
# current releases and that one, which `npm test` uses; `all` adds an older release of each and
# gunicorn, which `npm run test:frameworks` uses too. What is there already is left as it is.
set -uo pipefail
cd "$(dirname "$0")/frameworks" || exit 1

case "${1-}" in
  '') names=(pytest-9.2 memray-1.20 nvflare-2.9 flower-1.42) ;;
  all) names=(pytest-9.2 memray-1.20 nvflare-2.9 flower-1.42 nvflare-2.6 flower-1.5 memray-1.7 gunicorn-27) ;;
  *) names=("$@") ;;
esac

cache="${XDG_CACHE_HOME:-$HOME/.cache}/tidemark/frameworks"
python="${PYTHON:-}"
if [ -z "$python" ]; then
  # The system's own where it can make environments: one that lies in a home (pyenv) runs for its owner alone, and CI runs tests as another user.
  for python in /usr/bin/python3 python3; do "$python" -c 'import venv, ensurepip' 2>/dev/null && break; done
fi
mkdir -p "$cache"

# One at a time where several test runs start at once.
exec 9>"$cache/.lock"
flock 9

make_environment() {
  local name="$1" folder="$cache/$1"
  [ -f "$name.txt" ] || { echo "frameworks.sh: there is no scripts/frameworks/$name.txt" >&2; return 1; }
  cmp -s "$name.txt" "$folder/requirements.txt" && "$folder/bin/python" -c '' 2>/dev/null && return 0
  echo "frameworks.sh: making $folder"
  rm -rf "$folder"
  "$python" -m venv "$folder" &&
    "$folder/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: --no-binary pyhocon -r "$name.txt" &&
    cp "$name.txt" "$folder/requirements.txt" && return 0 # the last thing, so that half an environment is none
  rm -rf "$folder"
  echo "frameworks.sh: could not make $name" >&2
  return 1
}

status=0
pids=()
for name in "${names[@]}"; do
  make_environment "$name" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
exit $status
