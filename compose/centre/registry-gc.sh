#!/bin/sh
# Removes from Centre's registry what no manifest names any more, and says what it freed.
#
#   sh /srv/protostar/config/current/compose/registry-gc.sh [CONTAINER]
#
# Once a week at night, by cron. The registry is stopped meanwhile: an upload during a collection
# loses layers. It is started again however this ends. Run again: nothing to remove.
#
# It removes what was deleted (`DELETE /v2/NAME/manifests/DIGEST`), not what only lost its tag:
# --delete-untagged takes the images of an index (several platforms, or a provenance) for untagged.
# https://github.com/distribution/distribution/issues/3178
set -eu

registry=${1:-$(docker ps --all --quiet --filter label=com.docker.compose.service=registry)}
if [ "$(printf '%s\n' "$registry" | grep -c .)" != 1 ]; then
  echo "Error: which container is the registry?" >&2
  echo "State: nothing was changed" >&2
  echo "Try: sh registry-gc.sh protostar-centre-registry-1" >&2
  exit 2
fi

# The same image, rights and volume, and no network.
in_its_place() {
  docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges:true \
    --memory 512m --pids-limit 100 --volumes-from "$registry" --entrypoint sh "$image" -c "$1"
}
used_kb() { in_its_place 'du -sk /var/lib/registry' | cut -f1; }

image=$(docker inspect --format '{{.Config.Image}}' "$registry")
docker stop "$registry" >/dev/null
trap 'docker start "$registry" >/dev/null' EXIT
trap 'exit 130' INT TERM

before_kb=$(used_kb)
# Debian calls the program docker-registry, the official image registry. Nothing was ever pushed:
# it would end with an error.
# shellcheck disable=SC2016 # the container's shell reads it
in_its_place '[ -d /var/lib/registry/docker/registry/v2/repositories ] || exit 0
  program=$(command -v docker-registry || command -v registry)
  "$program" garbage-collect /etc/docker/registry/config.yml >/dev/null'
echo "freed $((before_kb - $(used_kb))) KB of $before_kb"
