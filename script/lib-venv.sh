# shellcheck shell=bash
# The virtual environment. Sourced after lib.sh and lib-apt.sh.

# Two marks say what the environment was made from: the packages, and the checkout's own entry (its
# version and its commands). A change of a tool's settings in pyproject.toml touches neither.
venv_current() { venv_packages_current && venv_link_current; }

# The folder and the interpreter belong to it: an environment that was moved, or whose Python is
# gone, does not run.
venv_packages_current() {
  [[ $(cat "$VENV/.packages" 2>/dev/null) == "$(venv_packages)" ]] \
    && "$VENV/bin/python" -c '' 2>/dev/null
}

venv_link_current() { [[ $(cat "$VENV/.link" 2>/dev/null) == "$(venv_link)" ]]; }

venv_packages() { { echo "$ROOT" && cat "$ROOT/requirements-dev.txt"; } | sha256sum; }

venv_link() {
  {
    sed '/^\[dependency-groups\]/,$d' "$ROOT/pyproject.toml"
    grep __version__ "$ROOT/pyhelpers/__init__.py"
  } | sha256sum
}

venv_make() {
  venv_packages_current || venv_install
  venv_link_current || venv_install_checkout
}

venv_install() {
  local python
  python=$(venv_python) || {
    can_apt || die "no Python 3.11 or newer with venv" "nothing was installed" \
      "install python3 and python3-venv, then run this again"
    apt_install python3 python3-venv
    python=$(venv_python) || die "this system's Python is older than 3.11" \
      "python3 is $(python3 --version 2>&1)" "put a python3.11 or newer in PATH"
  }
  say "  $("$python" --version), packages with hashes"
  # --clear: a half-made one, or one of another Python.
  "$python" -m venv --clear "$VENV"
  venv_pip --require-hashes -r "$ROOT/requirements-dev.txt"
  venv_packages >"$VENV/.packages"
}

# venv_python: the first that is new enough and can make an environment with pip in it.
venv_python() {
  local name
  for name in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
    then
      command -v "$name"
      return
    fi
  done
  return 1
}

venv_pip() {
  "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@" || die \
    "pip could not install the requirements" "$VENV is unfinished; nothing else was changed" \
    "script/setup   # again, when the package index answers"
}

# Editable, so the code that runs is the code that is here. What builds it came with the
# requirements, so no index is asked.
venv_install_checkout() {
  say "  the checkout itself"
  venv_pip --no-deps --no-build-isolation --editable "$ROOT"
  venv_link >"$VENV/.link"
}

# The bytecode of our own code, which pip makes for a package that it installs and not for an
# editable one. Where PYTHONDONTWRITEBYTECODE is set each command would compile all of it anew, for
# 0.2 s (measured). Nothing to do is done in 0.1 s.
venv_compile() { "$VENV/bin/python" -m compileall -q "$ROOT/pyhelpers" "$ROOT/bench"; }
