# shellcheck shell=bash
# Commands on a server, by the ssh of this machine. Sourced after lib.sh, never run.

SSH_CONNECT_S=10

# on LOGIN COMMAND: stdin goes there. The same configuration and key as `protostar` takes.
on() {
  local options=(-o BatchMode=yes -o "ConnectTimeout=$SSH_CONNECT_S")
  [[ -z ${PROTOSTAR_SSH_CONFIG:-} ]] || options+=(-F "$PROTOSTAR_SSH_CONFIG")
  [[ -z ${PROTOSTAR_SSH_KEY:-} ]] || options+=(-i "$PROTOSTAR_SSH_KEY")
  # shellcheck disable=SC2029 # COMMAND is put together here, on purpose
  ssh "${options[@]}" "$@"
}

# reach LOGIN: before anything is begun.
reach() {
  on "$1" true </dev/null || die "$1 cannot be reached by ssh; it has said why above" \
    "nothing was changed" "ssh $1 true"
}
