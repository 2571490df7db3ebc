#!/bin/sh
# Makes the store's users, buckets and policies. Run again, it changes nothing and says so.
#
# A user is each S3_<USER>_SECRET_KEY of the environment; its access key is its name in small
# letters. A bucket is each file in policies/: its name is the bucket's, its content the policy.
#
# Buckets and policies are S3's own requests. S3 has none for users, so those are versitygw's; on
# another server they are made by its own means first, and this finds them there.
set -eu
umask 077

FOLDER=${STORE_FOLDER:-/store}
WAIT_S=60
CHANGED=

fail() {
  printf 'Error: %s\nState: what was made before stays; the same again goes on\nTry: %s\n' \
    "$1" "$2" >&2
  exit 1
}

# as ACCESS SECRET METHOD PATH [FILE]: a signed request; prints the status, the answer is in
# /tmp/answer. The keys go by stdin: an argument can be read in `ps`.
as() {
  access=$1 secret=$2 method=$3 path=$4 file=${5:-}
  printf 'user = "%s:%s"\n' "$access" "$secret" \
    | curl --config - --silent --show-error --max-time 20 --aws-sigv4 "aws:amz:$S3_REGION:s3" \
        --request "$method" ${file:+--data-binary "@$file"} \
        --output /tmp/answer --write-out '%{http_code}' "$S3_ENDPOINT$path"
}
admin() { as "$S3_ADMIN_ACCESS_KEY" "$S3_ADMIN_SECRET_KEY" "$@"; }

changed() {
  CHANGED=yes
  echo "$1"
}

await_store() {
  waited_s=0
  until curl --silent --output /dev/null --max-time 5 "$S3_ENDPOINT/"; do
    [ "$waited_s" -lt "$WAIT_S" ] \
      || fail "$S3_ENDPOINT does not answer within $WAIT_S s" "docker compose logs s3"
    sleep 1
    waited_s=$((waited_s + 1))
  done
  [ "$(admin GET /)" = 200 ] \
    || fail "the store refuses its owner's keys" "compare S3_ADMIN_SECRET_KEY with the store's"
}

# user NAME SECRET: whoever may list buckets with these keys is there, with these keys.
user() {
  [ "$(as "$1" "$2" GET /)" != 200 ] || return 0
  printf '<Account><Access>%s</Access><Secret>%s</Secret><Role>user</Role></Account>' "$1" "$2" \
    >/tmp/user
  status=$(admin PATCH /create-user /tmp/user)
  if [ "$status" = 409 ]; then
    printf '<MutableProps><Secret>%s</Secret></MutableProps>' "$2" >/tmp/user
    status=$(admin PATCH "/update-user?access=$1" /tmp/user)
  fi
  rm -f /tmp/user
  case $status in
    2??) changed "user $1: made, or its key changed" ;;
    *) fail "the user $1 cannot be made: status $status" \
      "make it by the server's own means, with the access key $1, then the same again" ;;
  esac
}

bucket() {
  [ "$(admin GET "/$1?location=")" != 200 ] || return 0
  status=$(admin PUT "/$1")
  [ "$status" = 200 ] || fail "the bucket $1 cannot be made: status $status" "docker compose logs s3"
  changed "bucket $1: made"
}

# Some servers write the policy anew: blanks do not count.
plain() { tr -d ' \n' <"$1"; }

policy() {
  status=$(admin GET "/$1?policy=")
  if [ "$status" = 200 ] && [ "$(plain /tmp/answer)" = "$(plain "$2")" ]; then return 0; fi
  status=$(admin PUT "/$1?policy=" "$2")
  case $status in
    2??) changed "bucket $1: policy set" ;;
    *) fail "the policy of $1 is refused: $(cat /tmp/answer)" "edit store/policies/$1.json" ;;
  esac
}

await_store
for variable in $(env | sed -n 's/^\(S3_[A-Z]*_SECRET_KEY\)=.*/\1/p' | grep -v '^S3_ADMIN_' | sort); do
  name=${variable#S3_}
  name=$(echo "${name%_SECRET_KEY}" | tr '[:upper:]' '[:lower:]')
  eval "secret_key=\$$variable"
  # shellcheck disable=SC2154 # set by eval, from a name that sed has checked
  user "$name" "$secret_key"
done
for file in "$FOLDER"/policies/*.json; do
  name=$(basename "$file" .json)
  bucket "$name"
  policy "$name" "$file"
done
[ -n "$CHANGED" ] || echo "nothing to do"
