# shellcheck shell=bash
# What the scripts share: how they speak, how they fail, how they run something long.
# Sourced, never run. The caller has set -euo pipefail.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # read by the scripts that source this file
VENV=$ROOT/.venv

say() { printf '%s\n' "$*"; }

# Three lines, like every error of this project: what, how things stand, what to do.
die() {
  printf 'Error: %s\nState: %s\nTry:   %s\n' "$1" "$2" "$3" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The help of a script is the comment at its top.
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# seconds_since START: START is a value of $SECONDS.
seconds_since() { echo "$((SECONDS - $1)) s"; }

# digest FILE...: one digest of the contents, in the order given.
digest() { cat -- "$@" | sha256sum | cut -c1-64; }

# attend PROGRAM [ARGUMENT...]: run it so that a signal to this script ends it properly.
#
# bash handles a signal only after the foreground command has ended, and a CI server signals the
# script alone, not what it runs. So the program runs in a process group of its own (set -m), and
# is sent SIGINT, after which Python and pytest tidy up. What it leaves running in that group is
# ended with it. env: a program that was started in the background, or below one that was, ignores
# SIGINT unless it is given back.
attend() {
  local code=0
  set -m
  env --default-signal=INT "$@" </dev/null &
  ATTENDED=$!
  set +m
  wait "$ATTENDED" || code=$?
  kill -TERM -- "-$ATTENDED" 2>/dev/null || true
  ATTENDED=
  return "$code"
}

# end_attended: the traps call this before the script exits.
end_attended() {
  [[ -n ${ATTENDED:-} ]] || return 0
  kill -INT -- "-$ATTENDED" 2>/dev/null || return 0
  wait "$ATTENDED" || true
  kill -TERM -- "-$ATTENDED" 2>/dev/null || true
  ATTENDED=
}
