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

image=$(docker inspect --format '{{.Config.Image}}' "$registry")
docker stop "$registry" >/dev/null
trap 'docker start "$registry" >/dev/null' EXIT
trap 'exit 130' INT TERM

# In its place: the same image, rights and volume, and no network. Debian calls the program
# docker-registry, the official image registry. Where nothing was ever pushed it ends with an error.
# shellcheck disable=SC2016 # the container's shell reads it
docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges:true \
  --memory 512m --pids-limit 100 --volumes-from "$registry" --entrypoint sh "$image" -euc '
  used_kb() { du -sk /var/lib/registry | cut -f1; }
  before_kb=$(used_kb)
  if [ -d /var/lib/registry/docker/registry/v2/repositories ]; then
    program=$(command -v docker-registry || command -v registry)
    "$program" garbage-collect /etc/docker/registry/config.yml >/dev/null
  fi
  echo "freed $((before_kb - $(used_kb))) KB of $before_kb"'
