#!/usr/bin/env bash
# The tests of Python jobs with older PyTorch and other Pythons, one extension for all:
#   scripts/test_matrix.sh BUILD_FOLDER [NAME...]
# Each line of the table below is an environment .venv-matrix/NAME, made when it is
# first used (1 to 6 GB each). A Python that is not here is passed over, and said. Packages apt:NAME
# are the distribution's, installed when the machine lacks them; the environment sees them.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1")
shift
folder=.venv-matrix
system_certificates=/etc/ssl/certs/ca-certificates.crt
[ -n "${PIP_CERT:-}" ] || [ ! -r "$system_certificates" ] || export PIP_CERT=$system_certificates

# name, Python, packages
table="
debian   3.11  apt:python3-torch apt:python3-torchvision
oldest   3.11  torch==2.0.1 torchvision==0.15.2 numpy==1.26.4 pillow==10.4.0
between  3.11  torch==2.4.1 torchvision==0.19.1 numpy==1.26.4 pillow==10.4.0
py310    3.10  torch==2.4.1 torchvision==0.19.1 numpy==1.26.4 pillow==10.4.0
py312    3.12  torch==2.6.0 torchvision==0.21.0 numpy==2.2.6 pillow==11.3.0
py313    3.13  torch==2.15.0 torchvision==0.29.2 numpy==2.4.6 pillow==12.3.0
py314    3.14  torch==2.15.0 torchvision==0.29.2 numpy==2.4.6 pillow==12.3.0
"

# An interpreter of that version: in PATH, of pyenv, of the distribution.
find_python() {
  local candidate
  for candidate in "/usr/bin/python$1" "$(command -v "python$1")" \
    "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
      echo "$candidate"
      return 0
    fi
  done
  return 1
}

# The system's packages among the arguments: installed, through sudo when not root.
install_system_packages() {
  local as_root=() package
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed && continue
    "${as_root[@]}" apt-get -y -qq -o Dpkg::Use-Pty=0 install --no-install-recommends "$package" </dev/null || return 1
  done
}

make_environment() { # folder, python, packages...
  local where=$1 python=$2 stamp package system=() wheels=() options=()
  shift 2
  stamp="$python $*"
  [ "$(cat "$where/stamp" 2>/dev/null)" = "$stamp" ] && return 0
  for package in "$@"; do
    case $package in apt:*) system+=("${package#apt:}") ;; *) wheels+=("$package") ;; esac
  done
  rm -rf "$where"
  if [ "${#system[@]}" != 0 ]; then
    install_system_packages "${system[@]}" || return 1
    options+=(--system-site-packages)
  fi
  "$python" -m venv "${options[@]}" "$where" || return 1
  [ "${#wheels[@]}" = 0 ] || "$where/bin/python" -m pip install --quiet --no-input \
    --disable-pip-version-check "${wheels[@]}" || return 1
  echo "$stamp" >"$where/stamp"
}

# The tests of one environment; what needs other libraries is not chosen.
test_environment() {
  local unfit="notebook or lightning or hugging_face or webdataset or albumentations"
  # torchrun of 1.13 cannot start anything under Python 3.11: its own enum has no default there.
  [[ $1 != */debian ]] || unfit+=" or torchrun"
  cmake -DBUILD="$build" -DENVIRONMENT="$1" -P tests/python/install_package.cmake || return 1
  DATAMON_SOURCE=$PWD DATAMON_BUILD=$build DATAMON_BIN=$build/bin DATAMON_LIB=$build/lib \
    DATAMON_TORCH=$1 PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m pytest -q -p no:cacheprovider \
    tests/python/test_training.py tests/python/test_loaders.py tests/python/test_failures.py \
    tests/python/test_processes.py tests/python/test_config.py tests/python/test_libraries.py \
    -k "not ($unfit)"
}

failed=0 summary=()
mkdir -p "$folder" "$build"
while read -r name version packages; do
  [ -n "$name" ] || continue
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  result=FAILED
  if ! python=$(find_python "$version"); then
    result="skipped: there is no Python $version"
  elif ! make_environment "$folder/$name" "$python" $packages; then
    result="FAILED: could not install $packages"
  elif test_environment "$PWD/$folder/$name" 2>&1 </dev/null | tee "$build/matrix-$name.log"; then
    result=$(tail -n 1 "$build/matrix-$name.log")
  else
    result="FAILED: $(tail -n 1 "$build/matrix-$name.log")"
  fi
  [[ $result != FAILED* ]] || failed=1
  summary+=("$(printf '%-8s Python %-5s %-13s %s' "$name" "$version" "${packages%% *}" "$result")")
done <<<"$table"
printf '\n'
printf '%s\n' "${summary[@]}"
exit "$failed"
