# shellcheck shell=bash
# The Docker engine: is there one, install it, start it, stop it again.
# Sourced after lib.sh and lib-apt.sh.
#
# Rule: an engine that answers is somebody's, and is left alone. Only an engine that was started
# from here (it has its pid file in ENGINE_RUN) is ever stopped from here.

# Where the engine's pid and the locks are: root's place, since only root starts engines; another
# user's locks are his own.
ENGINE_RUN=/run/protostar-engine
[[ $(id -u) == 0 ]] || ENGINE_RUN=${XDG_RUNTIME_DIR:-/tmp}/protostar-engine-$(id -u)
ENGINE_LOG=/var/log/protostar-engine.log
# Programs of a newer Debian, unpacked beside the machine's own. See engine_unpack.
ENGINE_PREFIX=/opt/protostar-engine
ENGINE_START_S=60
ENGINE_STOP_S=60

# First in PATH, because an old engine or client may stand elsewhere.
if [[ -d $ENGINE_PREFIX/usr/bin ]]; then
  PATH=$ENGINE_PREFIX/usr/sbin:$ENGINE_PREFIX/usr/bin:$PATH
fi
# Debian keeps dockerd and iptables here, and a user's PATH may lack it.
PATH=$PATH:/usr/sbin:/sbin
export PATH

engine_answers() { has docker && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

plugin_answers() { docker "$1" version >/dev/null 2>&1; }

plugins_answer() { plugin_answers compose && plugin_answers buildx; }

engine_version() {
  docker version --format 'docker {{.Server.Version}} (API {{.Server.APIVersion}})'
}

plugin_versions() {
  say "compose $(docker compose version --short), buildx $(docker buildx version | cut -d' ' -f2)"
}

# --- install ----------------------------------------------------------------------------------

engine_install() {
  # An address that was set on purpose and does not answer: an engine of our own would not mend it.
  [[ -z ${DOCKER_HOST:-} ]] || die "the engine at DOCKER_HOST=$DOCKER_HOST does not answer" \
    "nothing was installed or started" "docker version   # or: unset DOCKER_HOST"
  if has dockerd && has docker && has iptables; then return; fi
  can_apt && [[ $(debian_version) -ge 12 ]] || die \
    "no Docker engine answers, and it can be installed only as root on Debian 12 or newer" \
    "you are $(id -un); nothing was installed" \
    "install Docker with its Compose and buildx plug-ins, start it, and run this again"
  if [[ $(debian_version) -ge 13 ]]; then
    apt_install docker.io docker-cli docker-compose docker-buildx iptables tini
  else
    apt_install iptables runc tini
    # A client that is here already serves: what was put in this machine's PATH is meant to be used.
    # Debian's own takes 0.04 s longer at each start (measured: go-runewidth builds a table).
    if has docker; then
      engine_unpack docker.io containerd docker-compose docker-buildx
    else
      engine_unpack docker.io docker-cli containerd docker-compose docker-buildx
    fi
  fi
}

# engine_unpack NAME...: Debian 12 has engine 20.10 and no Compose 2. The programs of a newer
# Debian run there (they ask for libc 2.34), all but runc, which stays Debian 12's. Sid first, for
# the engine of today; when sid has moved on to a libc that is too new, Debian 13.
engine_unpack() {
  local suite
  for suite in sid trixie; do
    say "  unpack $* of Debian $suite in $ENGINE_PREFIX"
    rm -rf "$ENGINE_PREFIX"
    unpack_from "$suite" "$ENGINE_PREFIX" "$@" || continue
    PATH=$ENGINE_PREFIX/usr/sbin:$ENGINE_PREFIX/usr/bin:$PATH
    hash -r
    if dockerd --version >/dev/null 2>&1 && docker --version >/dev/null 2>&1; then
      engine_client_on_path
      return
    fi
  done
  die "no engine of a newer Debian could be unpacked" "nothing was started" \
    "apt-get update   # do the machine's Debian sources answer?"
}

# A shell of yours finds the client too, unless it finds another already: any client serves.
engine_client_on_path() {
  [[ -e /usr/local/bin/docker || -e /usr/bin/docker ]] \
    || ln -s "$ENGINE_PREFIX/usr/bin/docker" /usr/local/bin/docker
}

# plugins_install: into the user's own folder, and only those that are missing. An installed
# docker-compose or docker-buildx is found by the client itself.
plugins_install() {
  local name source target=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
  plugins_fetch
  for name in compose buildx; do
    plugin_answers "$name" && continue
    source=$ENGINE_PREFIX/usr/libexec/docker/cli-plugins/docker-$name
    [[ -x $source ]] || die "the docker plug-in $name is missing" "the engine answers" \
      "install the plug-in docker-$name, then run this again"
    say "  copy docker-$name to $target"
    mkdir -p "$target"
    install -m 755 "$source" "$target/"
  done
}

plugins_fetch() {
  plugins_answer && return
  [[ ! -d $ENGINE_PREFIX/usr/libexec ]] || return 0
  can_apt && [[ $(debian_version) -ge 12 ]] || return 0
  if [[ $(debian_version) -ge 13 ]]; then
    apt_install docker-compose docker-buildx
  else
    say "  unpack docker-compose docker-buildx of Debian sid in $ENGINE_PREFIX"
    unpack_from sid "$ENGINE_PREFIX" docker-compose docker-buildx
  fi
}

# engine_lock NAME [OPTION]: machine-wide, until this script ends.
engine_lock() {
  local descriptor
  mkdir -p "$ENGINE_RUN"
  exec {descriptor}>"$ENGINE_RUN/$1.lock"
  flock "${2:---exclusive}" "$descriptor"
  ENGINE_LOCK=$descriptor
}

# --- start and stop ---------------------------------------------------------------------------

engine_start() {
  if [[ -d /run/systemd/system ]]; then
    # There the engine is a service of the machine, which stays.
    say "  systemctl start docker"
    systemctl start docker || engine_failed "systemd could not start the Docker engine"
  else
    [[ $(id -u) == 0 ]] || die "no Docker engine answers, and only root can start one" \
      "nothing was started" "run this as root, or start the engine and join its group"
    engine_launch
  fi
  engine_await
}

engine_launch() {
  local init
  init=$(command -v docker-init || command -v tini-static || command -v tini || true)
  mkdir -p "$ENGINE_RUN"
  say "  start dockerd, log in $ENGINE_LOG"
  # Detached from this terminal and from the lock that this script may hold (every file it has
  # open would be the engine's too).
  (
    close_inherited
    exec setsid dockerd --pidfile "$ENGINE_RUN/dockerd.pid" ${init:+--init-path "$init"} \
      </dev/null >"$ENGINE_LOG" 2>&1
  ) &
  ENGINE_LAUNCHED=$!
  disown
  [[ -z ${ENGINE_LENT:-} ]] || touch "$ENGINE_RUN/lent"
}

close_inherited() {
  local descriptor
  for descriptor in /proc/self/fd/*; do
    descriptor=${descriptor##*/}
    [[ $descriptor -le 2 || $descriptor -eq 255 ]] || eval "exec $descriptor>&-"
  done
}

engine_await() {
  local deadline=$((SECONDS + ENGINE_START_S))
  until engine_answers; do
    if [[ -n ${ENGINE_LAUNCHED:-} ]] && ! kill -0 "$ENGINE_LAUNCHED" 2>/dev/null; then
      engine_failed "the Docker engine ended while it was starting"
    fi
    ((SECONDS < deadline)) || engine_failed "no Docker engine answers after $ENGINE_START_S s"
    sleep 0.2
  done
}

engine_failed() {
  local log=(tail -n 20 "$ENGINE_LOG")
  [[ ! -d /run/systemd/system ]] || log=(journalctl --unit docker --lines 20 --no-pager)
  "${log[@]}" >&2 || true
  die "$1" "the end of its log is above; nothing else was started" \
    "mend what the log says (${log[*]}), then script/setup"
}

# engine_pid: of the engine that was started from here, and only while it lives. A number that
# went to another process since then does not count.
engine_pid() {
  local pid
  pid=$(cat "$ENGINE_RUN/dockerd.pid" 2>/dev/null) || return 1
  [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]] && echo "$pid"
}

# engine_stop: dockerd stops the containers, and then the containerd that it started.
engine_stop() {
  local pid containerd
  pid=$(engine_pid) || { engine_forget; return 0; }
  containerd=$(cat /run/docker/containerd/containerd.pid 2>/dev/null || true)
  say "Stopping the Docker engine (pid $pid)"
  kill "$pid"
  await_end "$pid" || kill -KILL "$pid"
  # Its child ends with it; when dockerd was killed it does not.
  if [[ -n $containerd && $(cat "/proc/$containerd/comm" 2>/dev/null) == containerd ]]; then
    kill "$containerd" && await_end "$containerd" || true
  fi
  engine_forget
}

# The lock files stay: who waits for one must wait for the same one.
engine_forget() { rm -f "$ENGINE_RUN"/{dockerd.pid,lent}; }

await_end() {
  local deadline=$((SECONDS + ENGINE_STOP_S))
  while kill -0 "$1" 2>/dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# --- for as long as a script runs -------------------------------------------------------------

# engine_session [CLEANUP]: from here to the end of the script, however it ends. CLEANUP, a
# function, always runs at the end. An engine that had to be started for the script is stopped.
#
# Two scripts may run at once: each holds the lock `users` shared, and the last one out stops the
# engine. `script/setup` by hand takes the engine for good.
engine_session() {
  ENGINE_CLEANUP=${1:-:}
  # script/setup, called by the script, reads it.
  export ENGINE_LENT=1
  engine_lock users --shared
  ENGINE_USERS=$ENGINE_LOCK
  trap engine_session_end EXIT
  trap 'end_attended; exit 129' HUP
  trap 'end_attended; exit 130' INT
  trap 'end_attended; exit 143' TERM
}

engine_session_end() {
  local code=$?
  # A second signal must not cut the tidying short.
  trap '' HUP INT TERM
  set +e
  end_attended
  "$ENGINE_CLEANUP"
  # Quietly: the last line stays the script's own, pytest's summary for one.
  if [[ -e $ENGINE_RUN/lent ]] && engine_alone; then engine_stop >/dev/null; fi
  exit "$code"
}

# engine_alone: is no other script in a session? From then on none can begin one before this ends.
engine_alone() { flock --exclusive --nonblock "$ENGINE_USERS"; }
