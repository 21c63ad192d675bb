#!/usr/bin/env bash
# Brings a bare Debian 12 or Ubuntu 24.04 to the point where GROUP works:
#   scripts/bootstrap.sh [build|test|ci]      (each group includes those before it)
#   scripts/bootstrap.sh torch                as test, and .venv-torch for tests with PyTorch (6 GB)
#   scripts/bootstrap.sh rival                as torch, and .venv-rival for benchmarks beside TraceML
#   scripts/bootstrap.sh cuda                 as build, and .venv-cuda: nvcc and the CUDA runtime (400 MB)
# Installs the missing ones of scripts/apt-packages.txt, through sudo when not
# root, and the Python packages of scripts/requirements-dev.txt into .venv, those of
# scripts/requirements-torch.txt into .venv-torch, those of scripts/requirements-cuda.txt
# into .venv-cuda.
# Asks nothing, changes nothing that is already there, and may be run at any time.
#   DATAMON_NO_BOOTSTRAP=1  install nothing: the machine is prepared by other means
#   PYTHON=PATH             the Python for .venv (default /usr/bin/python3)
set -euo pipefail
cd "$(dirname "$0")/.."

group=${1:-build}
torch= rival= cuda=
case $group in
  torch) group=test torch=1 ;;
  rival) group=test torch=1 rival=1 ;;
  cuda) group=build cuda=1 ;;
esac
system_certificates=/etc/ssl/certs/ca-certificates.crt
export DEBIAN_FRONTEND=noninteractive

say() { printf 'bootstrap: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

distribution() { (. /etc/os-release 2>/dev/null && echo "${ID:-unknown}") || echo unknown; }

# The lines of apt-packages.txt up to and with $group, for this distribution.
wanted() {
  awk -v last="$group" -v here="$(distribution)" '
    /^[[:space:]]*(#|$)/ { next }
    /^\[/ { gsub(/[][]/, ""); if (found) exit; if ($1 == last) found = 1; next }
    { only = ""
      if (match($0, /\[[a-z]+\]/)) { only = substr($0, RSTART + 1, RLENGTH - 2); sub(/\[[a-z]+\]/, "") }
      if (only == "" || only == here) { gsub(/[[:space:]]/, ""); print } }
    END { if (!found) exit 1 }' scripts/apt-packages.txt
}

# Of the wanted packages (alternatives as "a|b") those that are not installed.
missing() {
  local installed line name
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' | awk '$2 == "installed" { print $1 }')
  while read -r line; do
    for name in ${line//|/ }; do
      grep -qxF -- "$name" <<<"$installed" && continue 2
    done
    echo "$line"
  done
}

# The first alternative that apt knows.
choose() {
  local line name
  while read -r line; do
    for name in ${line//|/ }; do
      if apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
        echo "$name"
        continue 2
      fi
    done
    echo "${line%%|*}"
  done
}

# Runs a command as root. Only sudo itself may ask for a password, and only on a terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif sudo -n true 2>/dev/null || [ -t 0 ]; then
    sudo DEBIAN_FRONTEND=noninteractive "$@"
  else
    return 1
  fi
}

install_system_packages() {
  local packages names
  packages=$(wanted) || fail "there is no group '$group' in scripts/apt-packages.txt"
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this is not a Debian or Ubuntu (no apt-get): install the counterparts of these by hand," \
      "then set DATAMON_NO_BOOTSTRAP=1: $(echo $packages)"
  fi
  packages=$(missing <<<"$packages")
  [ -n "$packages" ] || return 0
  names=$(choose <<<"$packages" | xargs)
  say "installing $names"
  if [ "$(id -u)" != 0 ] && { ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; }; then
    fail "not root, and sudo is missing or wants a password; run this as root, then try again:" \
      "apt-get update && apt-get install -y --no-install-recommends $names"
  fi
  # shellcheck disable=SC2086
  apt_install $names || {
    as_root apt-get -qq -o Acquire::Retries=3 update || fail "apt-get update failed: is there a network?"
    names=$(choose <<<"$packages" | xargs)
    apt_install $names || fail "apt-get could not install $names (see above)"
  }
}

# Quiet on success; the first try may fail for want of fresh package lists.
apt_install() {
  local log status=0
  log=$(mktemp)
  as_root apt-get -y -q -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 install --no-install-recommends "$@" \
    </dev/null >"$log" 2>&1 || { status=$?; tail -n 3 "$log" >&2; }
  rm -f "$log"
  return $status
}

# make_environment FOLDER REQUIREMENTS [BASE]: remade when the pinned packages or the interpreter
# change. It sees the packages of the environment BASE, too.
make_environment() {
  local folder=$1 requirements=$2 base=${3:-} python stamp site
  python=${PYTHON:-/usr/bin/python3}
  [ -x "$python" ] || python=$(command -v python3) || fail "no python3: set PYTHON to one of version 3.11 or later"
  stamp="$("$python" -c 'import sys; print(sys.executable, sys.version)') $(sha256sum <"$requirements") $PWD"
  [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && return 0
  say "making $folder"
  # Debian's pip trusts a list of its own; the system's also holds a company's proxy.
  [ -z "${PIP_CERT:-}" ] && [ -r "$system_certificates" ] && export PIP_CERT=$system_certificates
  rm -rf "$folder"
  "$python" -m venv "$folder" || fail "$python cannot make a virtual environment (Debian: apt-get install python3-venv)"
  if [ -n "$base" ]; then
    for site in "$base"/lib/python*/site-packages; do
      echo "$PWD/$site" >"$folder/${site#"$base"/}/base.pth"
    done
  fi
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    -r "$requirements" || fail "pip could not install $requirements (see above)"
  echo "$stamp" >"$folder/stamp"
}

# The packages lay a toolkit out as Python wants it; CMake looks for a lib64 and for a library
# under its plain name.
complete_toolkit() {
  local root
  for root in "$1"/lib/python3*/site-packages/nvidia/cu*; do
    ln -sfn lib "$root/lib64"
    ln -sf "$(cd "$root/lib" && ls -d libcudart.so.*)" "$root/lib/libcudart.so"
  done
}

[ "${DATAMON_NO_BOOTSTRAP:-0}" = 1 ] || install_system_packages
make_environment .venv scripts/requirements-dev.txt
[ -z "$torch" ] || make_environment .venv-torch scripts/requirements-torch.txt
[ -z "$rival" ] || make_environment .venv-rival scripts/requirements-rival.txt .venv-torch
if [ -n "$cuda" ]; then
  make_environment .venv-cuda scripts/requirements-cuda.txt
  complete_toolkit .venv-cuda
fi
