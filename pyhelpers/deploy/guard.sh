#!/usr/bin/env bash
# The guard: one deploy of one service on one host.
#
# It holds the service's lock, hears the deployer on stdin, does what must not be left half done
# (switch, flip back, commit, drain, stop, record), and flips back by itself when it hears nothing
# before the commit. After the commit it needs nobody: it finishes alone.
#
#   guard.sh ROOT SERVICE TOKEN WHO DEAF_S
#
# A line from the deployer            what the guard does, and says
#   beat                              nothing: the deployer lives
#   about JSON                        the record's first half: who, what, from where
#   terms GATEWAY PORT DRAIN_MS GRACE_S KIND READY_PATH KEEP_WARM NETWORK
#   step NAME                         writes it into the owner file
#   mine COLOUR                       this idle colour is the deploy's own: stopped if it fails
#   switch FROM TO FALLBACK           intent, rename, sync       switched MICROSECONDS EPOCH_US
#   prune RELEASE…                    remembered until after the commit
#   commit JSON                       the point of no return     committed
#   abandon OUTCOME JSON              flip back, record, stop what is ours      bye
#   clean COLOUR                      drain and stop a colour that is not live  cleaned
#   release                           nothing was changed        bye
#
# SIGUSR1 or SIGTERM: somebody else ends the deploy (`rollback --now`, `unlock`). The guard flips
# back and leaves in the file ended_as what stands then: open, committed or abandoned. Before it
# holds anything it just goes.
#
# Needs bash (`read -t`), util-linux flock, coreutils, docker. Caveat: a signal is answered between
# two commands of this script, so what may take long runs in the background and is waited for.
set -u
umask 022                           # the gateway's user must read the markers
export LC_ALL=C                     # EPOCHREALTIME with a dot, whatever the host's language
root=$1 service=$2 token=$3 who=$4 deaf_s=$5
room=$root/guard/$service live=$root/live history=$root/history/$service.jsonl
about='{}' mine='' flipped='' phase=open releases_to_prune=''
gateway='' network='' port=0 drain_ms=0 grace_s=10 kind=http ready_path=/ keep_warm=no
trap '' PIPE HUP                    # a deployer that is gone must not take its guard along

say() { printf '%s\n' "$*" 2>/dev/null || :; }    # whoever listened may be gone
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
# Milliseconds since the boot: a clock that is set must not lengthen a drain.
now_ms() { local up; read -r up _ </proc/uptime; echo "${up/./}0"; }

# Drain, stop and prune. Beside this file, and delivered with it.
# shellcheck source=pyhelpers/deploy/retire.sh
. "${BASH_SOURCE[0]%/*}/retire.sh"

# --- files: written beside, synced, renamed ---------------------------------------------------

put() {  # FILE TEXT
  printf '%s\n' "$2" >"$1.new" && sync "$1.new" && mv -T -- "$1.new" "$1"
}

put_for_good() {  # NAME TEXT: in the guard's room, its folder synced too
  put "$room/$1" "$2" && sync "$room"
}

own() {  # STEP: who holds the lock, for people and for the fence (its first line is the token)
  put "$room/owner" "token=$token
who=$who
pid=$$
since=$since
step=$1"
}

append_record() {  # JSON: once, even if the power goes in between
  grep -qxF -- "$1" "$history" 2>/dev/null && return
  [ -s "$history" ] && [ -n "$(tail -c1 "$history")" ] && echo >>"$history"
  printf '%s\n' "$1" >>"$history" && sync "$history"
}

record_of() {  # OUTCOME JSON: the record's two halves as one line
  local rest=${2#\{}
  [ "$rest" = '}' ] || rest=",$rest"
  printf '%s,"at":"%s","outcome":"%s"%s%s' "${about%\}}" "$(now)" "$1" "$flipped" "$rest"
}

# --- the marker -------------------------------------------------------------------------------

is_live() { [ -e "$live/$service.$1" ]; }

rename_marker() {  # FROM TO: the switch itself is one rename(2); the folder is synced after it
  if [ "$1" = none ]; then
    : >"$room/marker.new" && mv -T -- "$room/marker.new" "$live/$service.$2"
  else
    mv -T -- "$live/$service.$1" "$live/$service.$2"
  fi
}

switch() {  # FROM TO FALLBACK
  # The last deploy's, which the history does not take: beside it nobody could flip this one back.
  if [ -e "$room/committed" ]; then say refused history; return; fi
  if [ "$1" != none ] && ! is_live "$1" || is_live "$2"; then say refused marker; return; fi
  # Without its intent on disk nobody could flip back: a full disk must stop us here.
  if ! put_for_good intent "$1 $2 $3"; then say refused disk; return; fi
  local before=${EPOCHREALTIME/./}
  rename_marker "$1" "$2" || { say refused rename; return; }
  local after=${EPOCHREALTIME/./}
  sync "$live"
  phase=switched
  say switched $((after - before)) "$after"
}

flip_back() {  # only while the intent stands, and only if the marker is still where we put it
  [ -e "$room/intent" ] && [ ! -e "$room/committed" ] || return 0
  local from to fallback
  read -r from to fallback <"$room/intent"
  if [ "$fallback" = yes ] && is_live "$to"; then
    rename_marker "$to" "$from" || return 1   # the intent stays, for the next guard
    flipped=",\"flipped_at\":$EPOCHREALTIME"
    say flipped "$from"
    sync "$live"
  fi
  rm -f -- "$room/intent"
  phase=open
}

commit() {  # JSON. The file `committed` is the point: once it is there nobody flips back.
  local from to fallback
  read -r from to fallback <"$room/intent"
  if ! is_live "$to"; then say refused marker; return 1; fi
  if ! put_for_good committed "$(record_of "done" "$1")"; then say refused disk; return 1; fi
  phase=committed
  settle_commit
  say committed
  old=$from
}

settle_commit() {
  append_record "$(cat "$room/committed")" || return   # the file stays, for the next guard
  rm -f -- "$room/intent" && rm -f -- "$room/committed"
}

settle() {  # what a guard that was killed, or a power cut, has left
  if [ -e "$room/committed" ]; then settle_commit; fi
  if [ -e "$room/intent" ]; then
    local from to fallback ids
    read -r from to fallback <"$room/intent"
    # An engine that does not answer proves nothing: then the old colour counts as running.
    if ids=$(running "$from") && [ -z "$ids" ]; then rm -f -- "$room/intent"; else flip_back; fi
    flipped=''                      # it was the last deploy's, not this one's
  fi
}

# --- ways to end ------------------------------------------------------------------------------

bye() {
  rm -f -- "$room/owner" "$room/ended_by"
  say bye
  exit 0
}

finish() {  # after the commit: drain, stop old, prune; the deployer may be gone
  if [ "$keep_warm" = yes ]; then say kept "$old"; else retire "$old" remove; fi
  local drained
  printf -v drained '%d.%03d' $((drained_ms / 1000)) $((drained_ms % 1000))
  append_record "${about%\}},\"at\":\"$(now)\",\"outcome\":\"finished\",\"drain_s\":$drained,\"cut\":${cut/\?/null}}"
  prune
  bye
}

abandon() {  # OUTCOME JSON; silent: the deployer never said what it came to
  local outcome=$1
  flip_back
  [ "$outcome" = silent ] && outcome=${flipped:+flipped_back}
  phase=abandoned
  [ "$about" = '{}' ] || append_record "$(record_of "${outcome:-interrupted}" "$2")"
  say abandoned
  [ -n "$mine" ] && retire "$mine" keep
  bye
}

# shellcheck disable=SC2329 # called by what the traps call
ended_by() { cat "$room/ended_by" 2>/dev/null || echo 'a signal'; }

# shellcheck disable=SC2329 # a trap calls it
dismissed() {  # as `ended`, before this guard holds anything: what stands is the next one's to settle
  say ended "$(ended_by)"
  bye
}

# shellcheck disable=SC2329 # a trap calls it
ended() {  # SIGUSR1 or SIGTERM: `rollback --now` or `unlock` of somebody else
  local by IFS=$' \t\n'             # the trap may run inside `IFS= read`
  by=$(ended_by)
  case $phase in
    # While it is open or abandoned, a commit that is there is an earlier deploy's.
    switched | committed) if [ -e "$room/committed" ]; then settle_commit; phase=committed; fi ;;
  esac
  case $phase in open | switched) flip_back ;; esac
  put "$room/ended_as" "$phase"     # read by the one who asked, once traffic is settled
  say ended "$by"
  case $phase in committed | abandoned) bye ;; esac
  abandon ended "{\"reason\":\"ended by $by\"}"
}

# --- the guard's life -------------------------------------------------------------------------

mkdir -p -- "$room" "$live" "$root/history" "$root/adopted" || exit 4
install -d -m 700 -- "$root/releases" || exit 4   # env files and secrets are in there
[ -w "$live" ] || { say refused live; exit 4; }   # before any hook has run for nothing
exec 8>>"$root/guard/host"
flock --shared --wait 2 8 || { say locked host; exit 5; }
exec 9>>"$room/lock"
flock --exclusive --wait 1 9 || { say locked "$(tr '\n' ' ' 2>/dev/null <"$room/owner")"; exit 5; }
[ ! -e "$room/log" ] || mv -T -- "$room/log" "$room/log.1"
exec 2>"$room/log"
exec 7>>"$room/work"
since=$(now) drained_ms=0 cut=0 old=none
rm -f -- "$room/ended_by"           # of a guard that was killed before it could read it
trap dismissed USR1 TERM
own guard || { say refused disk; exit 4; }
until flock --exclusive --wait 1 7; do say waiting; done  # a migration that outlived its deployer
settle
flock --unlock 7
trap ended USR1 TERM
say held "$$"

while IFS= read -r -t "$deaf_s" line; do
  read -r word rest <<<"$line"
  # Word splitting is meant below: these messages are lists of slugs and numbers.
  # shellcheck disable=SC2086
  case $word in
    beat) ;;
    about) about=$rest ;;
    terms) read -r gateway port drain_ms grace_s kind ready_path keep_warm network <<<"$rest" ;;
    step) own "$rest" ;;
    mine) mine=$rest ;;
    switch) switch $rest ;;
    prune) releases_to_prune=$rest ;;
    commit) commit "$rest" && finish ;;
    abandon) abandon "${rest%% *}" "${rest#* }" ;;
    clean) if retire "$rest" remove; then say cleaned; else say refused engine; fi ;;
    release) bye ;;
    *) say refused "$word" ;;
  esac
done
[ "$about" = '{}' ] && bye          # it ended before it had decided anything
abandon silent '{"reason":"the deployer fell silent"}'
