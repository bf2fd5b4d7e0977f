#!/bin/sh
# Makes sure that there is a Chromium for the tests of pages; installs Debian's if there is none.
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
root=
if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
if command -v apt-get >/dev/null 2>&1 && $root true 2>/dev/null; then
  $root apt-get -qq update
  $root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium >/dev/null
  exit 0
fi
echo "the tests need Chromium; install it so that chromium or google-chrome is on the PATH" >&2
exit 1
