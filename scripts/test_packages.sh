#!/bin/sh
# Installs the servers and programs that some tests run against and that pip cannot install: Debian's packages, as root.
# Without them `make test` leaves these tests out; with CI=true, as in .ci/run, they have to be there.
set -eu

missing=
for pair in docker-registry:docker-registry; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || { echo "error: install with your package manager:$missing" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # several words are meant
apt-get install -y -qq --no-install-recommends $missing >/dev/null
