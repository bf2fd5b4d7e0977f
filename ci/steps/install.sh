#!/usr/bin/env bash
# Installs bulkeic for the steps that follow: a released file whose SHA-256 is given, or the checkout
# that this script is in, with the versions of its lock file.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  refuse 'bulkeic needs Python 3.11 or newer as python3'
root=$(cd "$steps/../.." && pwd)
mkdir -p "$home/bin"

# fetch URL FILE
fetch() {
  [[ $1 == https://* || $1 == http://127.0.0.1:* ]] || refuse "'$1' is not an https:// URL"
  python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], sys.argv[2])' \
    "$1" "$2" || refuse "'$1' cannot be downloaded"
}

# check FILE: refuses a file whose SHA-256 is not ROLLOUT_SHA256.
check() {
  python3 -c 'import hashlib, sys
with open(sys.argv[1], "rb") as file:
    sys.exit(hashlib.file_digest(file, "sha256").hexdigest() != sys.argv[2])' \
    "$1" "${ROLLOUT_SHA256:-}" || refuse "'$1' does not have the SHA-256 that is given"
}

# install_package REQUIREMENT: into an environment of its own, with the versions of the lock file.
install_package() {
  sed -E -n 's/^([A-Za-z0-9_.-]+==[^ ]+).*$/\1/p' "$root/requirements.lock" >"$home/versions.txt"
  python3 -m venv "$home/venv"
  PIP_CONSTRAINT=$home/versions.txt PIP_BUILD_CONSTRAINT=$home/versions.txt \
    "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$1"
  ln -sf "$home/venv/bin/bulkeic" "$home/bin/bulkeic"
}

given=${ROLLOUT_FILE:-}
if [[ -z $given ]]; then
  install_package "$root"
else
  file=$home/${given##*/}
  case $given in
    *://*) fetch "$given" "$file" ;;
    *) cp -- "$given" "$file" ;;
  esac
  check "$file"
  case $file in
    *.pyz)
      cp -- "$file" "$home/bin/bulkeic"
      chmod +x "$home/bin/bulkeic"
      ;;
    *.whl) install_package "$file" ;;
    *) refuse "'$given' is neither a .pyz nor a .whl file" ;;
  esac
fi
bulkeic --version >&2
