#!/bin/sh
# Lets the controller in.
#
#   JENKINS_AGENT_PUBLIC_KEY  the public half of the key that it comes with
#   /etc/jenkins-hosts/KNOWN_HOSTS  keys of the git server and of the servers that are deployed to
#
# The host key is made once and kept in the volume: the controller remembers it.
set -eu

[ -n "${JENKINS_AGENT_PUBLIC_KEY:-}" ] || {
  echo 'Error: JENKINS_AGENT_PUBLIC_KEY is not set, so nobody could come in' >&2
  exit 1
}
own=$HOME/.ssh
mkdir -p "$own" && chmod 700 "$own"
[ -s "$own/host_ed25519" ] || ssh-keygen -q -t ed25519 -N '' -C "$(hostname)" -f "$own/host_ed25519"
printf '%s\n' "$JENKINS_AGENT_PUBLIC_KEY" >"$own/authorized_keys"
chmod 600 "$own/authorized_keys"
if [ -r /etc/jenkins-hosts/KNOWN_HOSTS ]; then cp /etc/jenkins-hosts/KNOWN_HOSTS "$own/known_hosts"; fi
unset JENKINS_AGENT_PUBLIC_KEY
exec /usr/sbin/sshd -D -e -f /etc/ssh/agent_config
