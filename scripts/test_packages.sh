#!/bin/sh
# Installs the servers and programs that some tests run against and that pip cannot install: Debian's packages, as root,
# and gitlab-ci-local from npm, in build/npm. Without them `make test` leaves these tests out; with CI=true, as in
# .ci/run, they have to be there.
set -eu
cd "$(dirname "$0")/.."

missing=
for pair in docker-registry:docker-registry npm:npm rsync:rsync; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || { echo "error: install with your package manager:$missing" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # several words are meant
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# The last release that runs on Node 20.
[ -x build/npm/node_modules/.bin/gitlab-ci-local ] ||
  npm install --silent --no-fund --no-audit --prefix build/npm gitlab-ci-local@4.65.0
