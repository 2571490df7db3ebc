# shellcheck shell=bash
# The AI worker's own environment. Sourced after lib.sh, lib-apt.sh and lib-venv.sh.

# Its packages are many and large, and nothing else of the project needs one of them: so they have
# an environment and locks of their own.
WORKER=$ROOT/ai-worker

worker_venv_current() {
  [[ $(cat "$WORKER/.venv/.packages" 2>/dev/null) == "$(worker_packages)" ]] \
    && "$WORKER/.venv/bin/python" -c '' 2>/dev/null
}

worker_packages() { { echo "$WORKER" && cat "$WORKER/requirements-dev.txt"; } | sha256sum; }

# worker_setup: a second call has nothing to do. The lock is the folder itself.
worker_setup() {
  local python start=$SECONDS descriptor
  exec {descriptor}<"$WORKER"
  flock "$descriptor"
  if ! worker_venv_current; then
    say "Setting up the AI worker's virtual environment in ai-worker/.venv"
    python=$(venv_python) || die "no Python 3.11 or newer with venv" "nothing was installed" \
      "script/setup"
    "$python" -m venv --clear "$WORKER/.venv"
    worker_pip --require-hashes -r "$WORKER/requirements-dev.txt"
    worker_pip --no-deps --no-build-isolation --editable "$WORKER"
    worker_packages >"$WORKER/.venv/.packages"
    say "  done in $(seconds_since "$start")"
  fi
  worker_compile
  exec {descriptor}<&-
}

# As venv_compile: without it each worker that a test or a bench starts compiles all of its own code
# anew, and none does so in its image.
worker_compile() {
  "$WORKER/.venv/bin/python" -m compileall -q -x node_modules "$WORKER/protostar_worker" \
    "$ROOT/bench" "$ROOT/tests/worker"
}

worker_pip() {
  "$WORKER/.venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@" \
    || die "pip could not install the AI worker's requirements" \
      "$WORKER/.venv is unfinished; nothing else was changed" \
      "script/setup   # again, when the package index answers"
}

# worker_node: the producer on the other side is BullMQ's own package.
worker_node() {
  local folder=$ROOT/tests/worker/node
  if ! has node || ! has npm; then
    can_apt || die "no node with npm" "nothing was installed" "install nodejs and npm"
    apt_install nodejs npm
  fi
  [[ $(digest "$folder/package-lock.json") != $(cat "$folder/node_modules/.lock" 2>/dev/null) ]] \
    || return 0
  say "  npm ci in tests/worker/node"
  npm --prefix "$folder" ci --silent --no-audit --no-fund --ignore-scripts >/dev/null || die \
    "npm could not install the packages of tests/worker/node" "nothing else was changed" \
    "script/test worker   # again, when the package registry answers"
  digest "$folder/package-lock.json" >"$folder/node_modules/.lock"
}

worker_checks() {
  local bin=$WORKER/.venv/bin
  say "== ai-worker: ruff, mypy"
  (cd "$WORKER" && "$bin/ruff" check . && "$bin/ruff" format --check .)
  (cd "$WORKER" && "$bin/mypy" protostar_worker)
  (cd "$ROOT" && "$bin/mypy" --config-file "$WORKER/pyproject.toml" tests/worker bench/worker)
}

# worker_images: two versions of the same, to deploy one over the other.
worker_images() {
  local version
  for version in 1 2; do
    script/images --from ai-worker "protostar/ai-worker:v$version" --build-arg "VERSION=$version"
  done
}

# worker_tests [ARGUMENT...]: pytest's arguments.
worker_tests() {
  attend "$WORKER/.venv/bin/python" -m pytest -c "$WORKER/pyproject.toml" --rootdir "$ROOT" \
    "$ROOT/tests/worker" "$@"
}
