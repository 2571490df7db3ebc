# shellcheck shell=bash
# Images: the official reference when it can be had, else a build from Debian packages.
# Sourced after lib.sh and lib-apt.sh, with an engine that answers.

# An image carries the digest of what it was made from. Same digest, nothing to do.
IMAGE_LABEL=org.protostar.content

# Is a registry in reach at all? The client asks for the manifest, a few KB; a pull would have no
# deadline that suits both "nobody there" and "a slow line".
REGISTRY_ASK_S=10
REGISTRY_PULL_S=600
# The machine's certificates, of which a proxy that inspects TLS may be one. See docker/base.
IMAGE_CA=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}

# image_digest TAG: what the image was made from; empty when it is not there, or not ours.
image_digest() {
  docker image inspect --format "{{index .Config.Labels \"$IMAGE_LABEL\"}}" "$1" 2>/dev/null || true
}

# folder_digest FOLDER [WORD...]: the files' names, modes and contents, and the words.
folder_digest() (
  cd "$1" || exit
  shift
  # Nor what tools leave there: an environment, their caches.
  files=(-type f -not -path '*/__pycache__/*' -not -path '*/.venv/*' -not -path '*/.*_cache/*')
  {
    echo "$@"
    find . "${files[@]}" -printf '%p %m\n' | LC_ALL=C sort
    find . "${files[@]}" -print0 | LC_ALL=C sort -z | xargs -0 cat
  } | sha256sum | cut -c1-64
)

# image_make TAG FOLDER DIGEST [OPTION...]: build it, whatever is there.
image_make() {
  local tag=$1 folder=$2 digest=$3 start=$SECONDS log
  shift 3
  say "Building $tag"
  log=$(mktemp)
  docker buildx build --progress plain --load --tag "$tag" --label "$IMAGE_LABEL=$digest" \
    "${IMAGE_OPTIONS[@]}" "$@" "$folder" >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    die "the image $tag could not be built" "the end of its log is above; the whole is $log" \
      "script/images"
  }
  rm -f "$log"
  say "  done in $(seconds_since "$start")"
}

# What every build gets: the certificates as a secret, and this shell's proxies, if any. Both
# reach the steps of the build only, never the image.
image_options() {
  local name
  IMAGE_OPTIONS=()
  [[ ! -r $IMAGE_CA ]] || IMAGE_OPTIONS+=(--secret "id=ca,src=$IMAGE_CA")
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    # Without a value: the client takes it from the environment, so no argv shows it.
    [[ -z ${!name:-} ]] || IMAGE_OPTIONS+=(--build-arg "$name")
  done
}
image_options

# official REFERENCE: make it available here. The first "no" of a run is remembered.
official() {
  docker image inspect "$1" >/dev/null 2>&1 && return
  [[ ${REGISTRY:-} != none ]] || return 1
  if ! timeout "$REGISTRY_ASK_S" docker manifest inspect "$1" >/dev/null 2>&1 </dev/null; then
    say "The image $1 cannot be pulled: building from Debian packages instead"
    REGISTRY=none
    return 1
  fi
  say "Pulling $1"
  timeout "$REGISTRY_PULL_S" docker pull --quiet "$1" >/dev/null </dev/null
}

# --- what there is ------------------------------------------------------------------------------

image_base() {
  local tag=protostar/base:trixie folder=$ROOT/docker/base debian=debian:trixie-slim digest
  digest=$(folder_digest "$folder")
  [[ $(image_digest "$tag") != "$digest" ]] || return 0
  if ! official "$debian"; then
    debian=protostar/debian:trixie-slim
    debian_root "$debian"
  fi
  image_make "$tag" "$folder" "$digest" --build-arg "DEBIAN=$debian"
}

# image_like TAG FOLDER REFERENCE: the official image, or the same from Debian packages.
image_like() {
  local tag=$1 folder=$2 digest options=()
  image_base
  digest=$(folder_digest "$folder" "$(image_digest protostar/base:trixie)")
  [[ $(image_digest "$tag") != "$digest" ]] || return 0
  ! official "$3" || options=(--file "$folder/official.Dockerfile")
  image_make "$tag" "$folder" "$digest" "${options[@]}"
}

# image_from TAG FOLDER [OPTION...]: an application's own folder, built on protostar/base:trixie.
image_from() {
  local tag=$1 folder=$2 digest
  shift 2
  image_base
  digest=$(folder_digest "$folder" "$@" "$(image_digest protostar/base:trixie)")
  [[ $(image_digest "$tag") == "$digest" ]] || image_make "$tag" "$folder" "$digest" "$@"
}

# image_made TAG FOLDER [OPTION...]: from whatever its Dockerfile names, unless it is current.
image_made() {
  local tag=$1 folder=$2 digest
  shift 2
  digest=$(folder_digest "$folder" "$@")
  [[ $(image_digest "$tag") == "$digest" ]] || image_make "$tag" "$folder" "$digest" "$@"
}

# The agent carries pyhelpers of this checkout, in the version that this checkout has.
image_jenkins_agent() {
  local version code
  version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$ROOT/pyhelpers/__init__.py")
  code=$(folder_digest "$ROOT/pyhelpers" "$(digest "$ROOT/requirements.txt")")
  image_from "protostar/jenkins-agent:$version" "$ROOT/docker/jenkins-agent" \
    --build-context "checkout=$ROOT" --label "org.protostar.code=$code"
}

# debian_root TAG: a stand-in for Debian's official image, made as that one is: the minimal
# variant, without documents and translations, and apt keeps no caches (80 MB a layer). The
# options go on holding in the image; so does this machine's word on mirrors that stand still.
debian_root() {
  local tag=$1 start=$SECONDS log options=() valid
  ! docker image inspect "$tag" >/dev/null 2>&1 || return 0
  has mmdebstrap || { can_apt && apt_install mmdebstrap; } || die \
    "no registry is in reach, and a Debian image can be made only as root on Debian" \
    "the engine answers; no image was made" "docker pull debian:trixie-slim"
  say "Making $tag with mmdebstrap"
  eval "$(apt-config shell valid Acquire::Check-Valid-Until)"
  [[ -z ${valid:-} ]] || options=(--aptopt="Acquire::Check-Valid-Until \"$valid\"")
  log=$(mktemp)
  mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Languages "none"' \
    --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' \
    --aptopt='DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; }' \
    --dpkgopt=path-exclude='/usr/share/doc/*' --dpkgopt=path-include='/usr/share/doc/*/copyright' \
    --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/locale/*' \
    "${options[@]}" trixie - 2>"$log" | docker import - "$tag" >/dev/null || {
    tail -n 20 "$log" >&2
    die "mmdebstrap could not make $tag" "the end of its log is above" "script/images base"
  }
  rm -f "$log"
  say "  done in $(seconds_since "$start")"
}
