#!/usr/bin/env bash
# Stands for the engine's client, first in the guard's PATH. It answers from files under $DOUBLE,
# and writes into $DOUBLE/calls what would have changed something.
#
#   containers/ID   running= service= colour= release= address= stop_s= stop=    one a line
#   looks/N         what the gateway's /proc/net/tcp shows at the Nth look; the last one stays
set -u
cd "$DOUBLE" || exit 1

matches() {  # FILTER: of the container whose file was just read
  # shellcheck disable=SC2154   # service, colour, release and running come from that file
  case $1 in
    label=org.protostar.service=*) [ "$service" = "${1##*=}" ] ;;
    label=org.protostar.colour=*) [ "$colour" = "${1##*=}" ] ;;
    label=org.protostar.release=*) [ "$release" = "${1##*=}" ] ;;
    label=com.docker.compose.oneoff=False) ;;
    status=exited) [ "$running" = no ] ;;
    *) echo "double: unknown filter $1" >&2; exit 64 ;;
  esac
}

list() {  # what `ps` was told
  local all=no filters=() id filter
  while [ $# -gt 0 ]; do
    case $1 in
      -q | --no-trunc) shift ;;
      -aq) all=yes; shift ;;
      --filter) filters+=("$2"); shift 2 ;;
      *) echo "double: unknown option $1" >&2; exit 64 ;;
    esac
  done
  for path in containers/*; do
    [ -e "$path" ] || continue
    id=${path##*/}
    # shellcheck disable=SC1090   # made by the test
    . "./containers/$id"
    [ "$all" = no ] && [ "$running" = no ] && continue
    for filter in "${filters[@]}"; do matches "$filter" || continue 2; done
    echo "$id"
  done
}

halt() {  # GRACE_S ID…
  echo "stop -t $*" >>calls
  shift
  local id status=0
  for id in "$@"; do
    [ -e "containers/$id" ] || { echo "No such container: $id" >&2; status=1; continue; }
    # shellcheck disable=SC1090   # made by the test
    . "./containers/$id"
    # shellcheck disable=SC2154   # stop_s comes from that file
    sleep "$stop_s"
    [ "${stop-}" != fails ] || { status=1; continue; }
    sed -i -e 's/^running=.*/running=no/' -e 's/^address=.*/address=/' "containers/$id"
  done
  return "$status"
}

discard() {  # --volumes ID…: as the engine, not one that runs
  echo "rm $*" >>calls
  shift
  local id
  for id in "$@"; do grep -qx running=no "containers/$id" && rm "containers/$id"; done
}

look() {  # a look that `fails`: the gateway could not be asked
  local n
  n=$(($(cat look) + 1))
  [ -e "looks/$n" ] && echo "$n" >look
  ! grep -qx fails "looks/$(cat look)" && cat "looks/$(cat look)"
}

field() {  # FORMAT ID
  case $1 in
    '{{.State.Running}}') grep -qx running=yes "containers/$2" && echo true ;;
    *) grep '^address=' "containers/$2" | cut -d= -f2 ;;
  esac
}

case "$1 ${2-}" in
  "ps "*) shift; list "$@" ;;
  "inspect -f") field "$3" "$4" ;;
  "exec gateway") look ;;
  "stop -t") shift 2; halt "$@" ;;
  "rm "*) shift; discard "$@" ;;
  "network disconnect") echo "network disconnect $3 $4" >>calls ;;
  "image rm") echo "image rm $3" >>calls ;;
  *) echo "double: unknown command $*" >&2; exit 64 ;;
esac
