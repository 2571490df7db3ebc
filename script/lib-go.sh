# shellcheck shell=bash
# Programs from the Go module proxy, whose checksums go verifies.
# Sourced after lib.sh and lib-apt.sh.

# The first Go that fetches a newer toolchain by itself, and Debian 13's.
GO_LEAST=1.21
GO_PACKAGE=golang-1.24
GO_PREFIX=/opt/protostar-go

recent_go() {
  local found
  found=$(go env GOVERSION 2>/dev/null) || return
  [[ $(printf '%s\n' "$GO_LEAST" "${found#go}" | sort -V | head -n 1) == "$GO_LEAST" ]]
}

find_go() {
  ! recent_go || return 0
  local bin=$GO_PREFIX/usr/lib/${GO_PACKAGE/lang/}/bin
  if [[ ! -x $bin/go ]] && can_apt && [[ $(debian_version) != 0 ]]; then
    say "  unpack $GO_PACKAGE of Debian trixie in $GO_PREFIX"
    unpack_from trixie "$GO_PREFIX" "$GO_PACKAGE-go" "$GO_PACKAGE-src" || true
  fi
  PATH=$bin:$PATH
  recent_go
}

# go_install MODULE@VERSION...: into .venv/bin.
go_install() {
  local module
  for module; do
    GOBIN=$VENV/bin GOFLAGS=-trimpath CGO_ENABLED=0 go install "$module"
  done
}
