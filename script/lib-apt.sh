# shellcheck shell=bash
# Debian packages: install them, or unpack them from another suite without installing.
# Sourced after lib.sh.

can_apt() { [[ $(id -u) == 0 ]] && has apt-get; }

debian_version() {
  # A subshell: os-release sets variables. Testing and sid have no VERSION_ID: newer than all.
  # shellcheck disable=SC1091 # only there on the machine that runs this
  (. /etc/os-release && [[ ${ID:-} == debian ]] && echo "${VERSION_ID:-99}") || echo 0
}

# apt_install NAME...: from the machine's own suite. Old lists name files that are gone, and a
# source of somebody else may be down: so the lists are renewed only when the first try fails,
# and only the second try's failure counts.
apt_install() {
  local log
  log=$(mktemp)
  say "  apt-get install $*"
  if ! apt_quietly install "$@" >"$log" 2>&1; then
    apt-get -qq update >>"$log" 2>&1 || true
    apt_quietly install "$@" >>"$log" 2>&1 || {
      tail -n 15 "$log" >&2
      die "apt-get install $* failed" "its last lines are above; the whole log is $log" \
        "apt-get update && apt-get install $*"
    }
  fi
  rm -f "$log"
}

# RUNLEVEL=1: without systemd a package would start its own service by an init script; with this
# invoke-rc.d leaves it alone, so that setup starts the engine and knows its pid.
apt_quietly() {
  local without_services=()
  [[ -d /run/systemd/system ]] || without_services=(RUNLEVEL=1)
  env DEBIAN_FRONTEND=noninteractive "${without_services[@]}" \
    apt-get -qq -y --no-install-recommends "$@"
}

# debian_mirror: the address of the Debian archive that this machine uses. Asked of apt, because
# sources come in two formats and in any number of files. No mirror is written down here.
debian_mirror() {
  # shellcheck disable=SC1091
  (
    . /etc/os-release
    # --no-release-info: before the first `apt-get update` too. The variables are apt's own.
    # shellcheck disable=SC2016
    apt-get --no-release-info indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
      | awk -v name="${VERSION_CODENAME:-sid}" \
        '$2 == "main" && ($1 == name || $1 ~ /^(old)*stable$|^testing$|^sid$/) {print $3; exit}'
  )
}

# unpack_from SUITE FOLDER NAME...: download the packages from SUITE and unpack them in FOLDER.
#
# apt gets lists, cache and sources of its own: this machine's /etc/apt never learns of the other
# suite, and nothing can be upgraded to it by accident. Nothing else is listed there, so no pin
# is needed. Dependencies are not followed: the caller knows what is there.
unpack_from() {
  local suite=$1 folder=$2 work mirror keyring options=()
  shift 2
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || return 1
  work=$(mktemp -d)
  # apt downloads as the user _apt, which must be able to enter.
  chmod 755 "$work"
  mkdir -p "$work"/{lists,cache/archives,packages}/partial "$folder"
  keyring=$(find /usr/share/keyrings -name 'debian-archive-keyring.*' | sort | head -n 1)
  # check-valid-until: sid's index runs out after a week, and a mirror may stand still (a snapshot,
  # a copy inside a company). Its signature is checked all the same.
  echo "deb [check-valid-until=no${keyring:+ signed-by=$keyring}] $mirror $suite main" \
    >"$work/sources.list"
  options=(-qq -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache")
  (
    cd "$work/packages"
    chown _apt . 2>/dev/null || true
    apt-get "${options[@]}" update && apt-get "${options[@]}" download "$@"
    for package in ./*.deb; do dpkg -x "$package" "$folder"; done
  ) || { rm -rf "$work"; return 1; }
  rm -rf "$work"
}
