#!/usr/bin/env bash
# The tests of Python jobs with older PyTorch and other Pythons, one extension for all:
#   scripts/test_matrix.sh BUILD_FOLDER [NAME...]
# Each line of the table below is an environment .venv-matrix/NAME, made when it is
# first used (1 to 6 GB each). A Python that is not here is passed over, and said.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1")
shift
folder=.venv-matrix
system_certificates=/etc/ssl/certs/ca-certificates.crt
[ -n "${PIP_CERT:-}" ] || [ ! -r "$system_certificates" ] || export PIP_CERT=$system_certificates

# name, Python, packages
table="
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

make_environment() { # folder, python, packages...
  local where=$1 python=$2 stamp
  shift 2
  stamp="$python $*"
  [ "$(cat "$where/stamp" 2>/dev/null)" = "$stamp" ] && return 0
  rm -rf "$where"
  "$python" -m venv "$where" && "$where/bin/python" -m pip install --quiet --no-input \
    --disable-pip-version-check "$@" && echo "$stamp" >"$where/stamp"
}

# The tests of one environment; what needs other libraries is not chosen.
test_environment() {
  cmake -DBUILD="$build" -DENVIRONMENT="$1" -P tests/python/install_package.cmake || return 1
  DATAMON_SOURCE=$PWD DATAMON_BUILD=$build DATAMON_BIN=$build/bin DATAMON_LIB=$build/lib \
    DATAMON_TORCH=$1 PYTHONDONTWRITEBYTECODE=1 .venv/bin/python -m pytest -q -p no:cacheprovider \
    tests/python/test_training.py tests/python/test_loaders.py tests/python/test_failures.py \
    tests/python/test_processes.py tests/python/test_config.py tests/python/test_libraries.py \
    -k "not notebook and not lightning and not hugging_face and not webdataset and not albumentations"
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
    result="FAILED: pip could not install $packages"
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
