#!/bin/bash
# restic with an end to its patience. It tries again for a quarter of an hour, which is right for a line
# that is cut, and in vain for a store that is full: when that has been said often enough it is ended,
# as by a person, which leaves no snapshot and no lock.
#
#   protostar-restic ARGUMENT...
set -u

FULL='no space left on device|storagefull|quotaexceeded|insufficientstorage'
OFTEN=4             # of one upload that is within six seconds; its pauses double

watch_for_full() {
  local line said=0
  while IFS= read -r line; do
    printf '%s\n' "$line" >&2
    [[ ${line,,} =~ $FULL ]] || continue
    said=$((said + 1))
    [[ $said != "$OFTEN" ]] || kill -USR1 $$
  done
}

exec 4> >(watch_for_full)
watcher=$!
trap 'kill -TERM "$restic" 2>/dev/null' TERM INT USR1
# What runs behind would else get /dev/null.
restic "$@" <&0 2>&4 4>&- &
restic=$!
exec 4>&-
# A signal ends a wait, too.
while :; do
  wait "$restic"
  status=$?
  kill -0 "$restic" 2>/dev/null || break
done
# What restic said last is still on its way.
wait "$watcher"
exit "$status"
