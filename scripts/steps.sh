# Sourced by the other scripts: where the project lies, and one line on the terminal for each step.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/logs

# How to configure what is built once, from scratch: each layer as one source, since headers are most of the work.
# shellcheck disable=SC2034
whole_layers=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0)

say() { printf '==> %s\n' "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# quietly LOG TEXT COMMAND…: runs a command with its output in build/logs/LOG.log, shown only if it fails.
quietly() {
  local log=$logs/$1.log text=$2 start=$SECONDS
  shift 2
  mkdir -p "$logs"
  printf '==> %s … ' "$text"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf '%d s\n' "$((SECONDS - start))"
  else
    local status=$?
    printf 'failed (status %d)\n' "$status"
    tail -n 60 "$log" >&2
    die "$text: failed; all of its output is in $log"
  fi
}
