#!/bin/sh
# Installs what "make test-browser" needs: a Chromium of the machine's, and the pinned packages that drive it.
# usage: browser.sh PYTHON
set -eu

found() {
  for name in ${GITOPS_CHROMIUM:-} chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  return 1
}

if ! found && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo 'installing chromium' >&2
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
found || {
  echo 'error: no Chromium was found' >&2
  echo 'hint: install it (on Debian: apt install chromium), or say where it is: GITOPS_CHROMIUM=/path/to/chrome' >&2
  exit 1
}
"$1" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.txt
