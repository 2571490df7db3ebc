# shellcheck shell=bash
# The guard's second half: what becomes of a colour that is not live. Sourced by guard.sh, whose
# variables it uses: root, service, gateway, network, port, drain_ms, grace_s, kind, ready_path,
# room.
# shellcheck disable=SC2154

# A hanging engine must not hold the guard, nor its children the locks (8, 9) when it is killed.
engine() { timeout 30 docker "$@" 8>&- 9>&-; }

colour_filters() {
  printf -- '--filter label=org.protostar.%s ' "service=$service" "colour=$1"
  printf -- '--filter label=com.docker.compose.oneoff=False'
}
# Word splitting of the filters is meant: names and colours are slugs, checked by the deployer.
# shellcheck disable=SC2046
running() { engine ps -q --no-trunc $(colour_filters "$1") && adopted "$1"; }
# shellcheck disable=SC2046
ours() { engine ps -aq --no-trunc $(colour_filters "$1"); }
adopted() { [ ! -e "$root/adopted/$service.$1" ] || cat "$root/adopted/$service.$1"; }

# An engine that starts anew tells nothing for a moment. Nothing is not "nobody runs": who was not
# seen would not be drained.
patiently() {  # COMMAND…: its output, as soon as it succeeds
  local out n
  for n in 1 2 3 4 5; do
    if out=$("$@"); then printf '%s\n' "$out"; return; fi
    sleep "$n"
  done
  return 1
}

addresses() {  # COLOUR: of its running containers, dotted
  local ids id
  ids=$(running "$1") || return
  for id in $ids; do
    engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$id"
  done
}

hex_addresses() {  # ADDRESS…: as /proc/net/tcp writes them, port behind
  local ip
  for ip; do
    # shellcheck disable=SC2086
    (IFS=.; set -- $ip; printf '%02X%02X%02X%02X:%04X\n' "$4" "$3" "$2" "$1" "$port")
  done
}

connections() {  # HEX: open (01) and opening (02) ones from the gateway; kept-alive ones too
  local table
  table=$(engine exec "$gateway" cat /proc/net/tcp) || return
  awk -v want="$1" 'index(want, $3) && ($4 == "01" || $4 == "02") { n++ } END { print n + 0 }' \
    <<<"$table"
}

# Asked directly, not by the gateway's probe: that would leave a kept-alive connection, which
# counts. From the host, so the guard must run where the engine's bridge is reached.
# shellcheck disable=SC2016 # for the bash that runs it
ASK='exec 5<>"/dev/tcp/$1/$2" && printf "GET %s HTTP/1.0\r\nHost: guard\r\n\r\n" "$3" >&5 && cat <&5'

jobs_in_flight() {  # ADDRESS: what a worker's ready answer says
  local answer
  answer=$(timeout 2 bash -c "$ASK" ask "$1" "$port" "$ready_path") || return
  sed -n 's/.*"in_flight": *\([0-9]*\).*/\1/p' <<<"$answer"
}

in_flight() {  # HEX ADDRESS…: a number, or ? when somebody could not be asked: that is not 0
  local n jobs ip
  n=$(connections "$1") || { echo '?'; return; }
  shift
  if [ "$kind" = worker ]; then
    for ip; do
      jobs=$(jobs_in_flight "$ip")
      [ -n "$jobs" ] || { echo '?'; return; }
      n=$((n + jobs))
    done
  fi
  echo "$n"
}

drain() {  # COLOUR: until nothing is in flight twice in a row, or drain_ms have passed
  local hex text='' ips started n=0 quiet=0
  drained_ms=0 cut=0
  # Nobody looks, so nobody knows.
  [ "$drain_ms" -gt 0 ] || { cut='?'; say drained 0 "$cut"; return; }
  text=$(patiently addresses "$1") || return
  # shellcheck disable=SC2206 # a list of addresses, a word each
  ips=($text)
  hex=$(hex_addresses "${ips[@]}")
  started=$(now_ms)
  while [ "${#ips[@]}" -gt 0 ] && [ "$drained_ms" -lt "$drain_ms" ]; do
    n=$(in_flight "$hex" "${ips[@]}")
    if [ "$n" = 0 ]; then quiet=$((quiet + 1)); else quiet=0; fi
    [ "$quiet" -ge 2 ] && break
    say draining "$n"
    sleep 0.2
    drained_ms=$(($(now_ms) - started))
  done
  [ "$quiet" -ge 2 ] || cut=$n
  say drained "$drained_ms" "$cut"
}

none_runs() {  # ID…: some may have been removed by hand, which `docker stop` calls a failure
  local id
  engine ps -q >/dev/null || return
  for id; do
    if [ "$(engine inspect -f '{{.State.Running}}' "$id")" = true ]; then return 1; fi
  done
}

stop() {  # COLOUR keep|remove: SIGTERM and its grace period; a failed colour is kept for its logs
  local text ids strangers all id
  text=$(patiently ours "$1") || return
  # shellcheck disable=SC2206 # ids, a word each
  ids=($text)
  # shellcheck disable=SC2207
  strangers=($(adopted "$1"))
  all=("${ids[@]}" "${strangers[@]}")
  if [ "${#all[@]}" -gt 0 ]; then
    # In the background: a signal to this script must not wait for the grace period. This child
    # keeps the lock, so that nobody starts anew before the colour has stopped.
    timeout $((grace_s + 30)) docker stop -t "$grace_s" "${all[@]}" >/dev/null &
    wait $! || none_runs "${all[@]}" || return
  fi
  # Somebody may start it again, or a reboot: then it must not answer to the colour's name.
  for id in "${strangers[@]}"; do engine network disconnect "$network" "$id"; done
  if [ "$2" = remove ]; then
    # With their anonymous volumes. An adopted container is somebody's: stopped, never removed.
    [ "${#ids[@]}" -eq 0 ] || engine rm --volumes "${ids[@]}" >/dev/null
    rm -f -- "$root/adopted/$service.$1"
  fi
  say stopped "$1"
}

retire() {  # COLOUR keep|remove. Never the live one. Waits for a command that outlived its deployer.
  [ "$1" = none ] && return
  is_live "$1" && return
  local status=0
  until flock --exclusive --wait 1 7; do say waiting; done
  own "drain $1"
  drain "$1" || status=1
  if [ "$status" = 0 ]; then own "stop $1"; stop "$1" "$2" || status=1; fi
  flock --unlock 7
  [ "$status" = 0 ] || { cut='?'; say trouble "the engine did not stop $1, see $room/log"; }
  return "$status"
}

prune() {  # RELEASE or RELEASE=REFERENCE: a pulled image keeps its digest reference beside our tag
  local each release
  for each in $releases_to_prune; do
    release=${each%%=*}
    [[ $release =~ ^[0-9a-f]{12}$ ]] || continue
    engine ps -aq --filter "label=org.protostar.service=$service" \
      --filter "label=org.protostar.release=$release" --filter status=exited |
      xargs -r timeout 30 docker rm --volumes >/dev/null
    engine image rm "protostar-release/$service:$release" >/dev/null
    # Through a tunnel it came under another name: then there is none to take away.
    [ "$each" = "$release" ] || engine image rm "${each#*=}" >/dev/null 2>&1
    rm -rf -- "${root:?}/releases/$service/$release"
    say pruned "$release"
  done
}
