#!/usr/bin/env bash
# What systemd does on a server: starts dockerd and sshd, and starts them again when they end.
#
#   SERVER_KEY     lines for authorized_keys, of root and of SERVER_USER
#   /run/keys/authorized   the same as a mounted file
#   SERVER_USER    a user in the group docker who owns /srv/protostar; default: deploy; empty: none
#   SERVER_ENGINE  no: dockerd is not started
#   SERVER_DOCKERD options of dockerd, split at blanks
#
# Kill dockerd or sshd (kill -9 "$(cat /run/docker.pid)") and it is back within RESTART_S. To keep
# one down: touch /run/down/sshd, then kill it.
set -uo pipefail

RESTART_S=0.5

keys() {
  printf '%s\n' "${SERVER_KEY:-}"
  cat /run/keys/authorized 2>/dev/null
}

# login USER: let the keys in.
login() {
  local home
  home=$(getent passwd "$1" | cut -d: -f6)
  install -d -m 700 -o "$1" -g "$1" "$home/.ssh"
  keys >"$home/.ssh/authorized_keys"
  chown "$1:$1" "$home/.ssh/authorized_keys"
  chmod 600 "$home/.ssh/authorized_keys"
}

deploy_user() {
  id "$1" >/dev/null 2>&1 || useradd --create-home --shell /bin/bash --groups docker "$1"
  install -d -m 755 -o "$1" -g "$1" /srv/protostar
  login "$1"
}

# With cgroups v2 a group that holds processes can give no controllers to groups below it, and
# the engine's containers need them: everything that runs here moves into a group of its own.
nested_cgroups() {
  local groups=/sys/fs/cgroup pid name
  [[ -f $groups/cgroup.controllers ]] || return 0
  mkdir -p "$groups/server"
  while read -r pid; do
    echo "$pid" >"$groups/server/cgroup.procs" || true
  done <"$groups/cgroup.procs"
  for name in $(<"$groups/cgroup.controllers"); do
    echo "+$name" >"$groups/cgroup.subtree_control" || true
  done
}

# keep NAME COMMAND...: for ever, unless /run/down/NAME is there.
keep() {
  local name=$1
  shift
  while :; do
    [[ -e /run/down/$name ]] || "$@"
    sleep "$RESTART_S"
  done
}

start_engine() {
  # A killed dockerd leaves its pid file, and the number may be somebody else's by now.
  if [[ $(cat "/proc/$(cat /run/docker.pid 2>/dev/null)/comm" 2>/dev/null) != dockerd ]]; then
    rm -f /run/docker.pid
  fi
  # shellcheck disable=SC2086 # split at blanks, as said above
  dockerd ${SERVER_DOCKERD:-} >>/var/log/dockerd.log 2>&1
}

start_sshd() { /usr/sbin/sshd -D -e 2>>/var/log/sshd.log; }

mkdir -p /run/sshd /run/down
ssh-keygen -A >/dev/null
nested_cgroups 2>/dev/null
login root
[[ -z ${SERVER_USER-deploy} ]] || deploy_user "${SERVER_USER-deploy}"

# As PID 1 a shell ignores signals without a trap. Containers of the engine end with this one.
trap 'kill $(jobs -p) 2>/dev/null; kill "$(cat /run/docker.pid)" 2>/dev/null; sleep 1; exit 0' TERM INT
keep sshd start_sshd &
[[ ${SERVER_ENGINE:-yes} == no ]] || keep dockerd start_engine &
while :; do wait -n || sleep 1; done
