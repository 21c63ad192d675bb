#!/usr/bin/env bash
# What gpu_check.py runs, as one folder (40 MB) to carry to a machine that has a GPU and its driver, but no
# network, compiler or packages. `make gpu-pack` builds first.
#   scripts/gpu_pack.sh [FOLDER]      default: build/gpu-pack
#   FOLDER/run.sh [OPTIONS]           there: those of gpu_check.py. Needs Linux on the same kind of processor,
#                                     a C and C++ library as new as this machine's, python3 from 3.11 on
# Afterwards FOLDER/docs has the page and its JSON, FOLDER/build/gpu-check log, reports and recordings.
#   DATA=PATH   the images (default data/imagenet-like)
set -euo pipefail
cd "$(dirname "$0")/.."

to=${1:-build/gpu-pack}
build=build
data=${DATA:-data/imagenet-like}
system_libraries='^(linux-vdso|ld-linux|libc|libm|libdl|librt|libpthread|libz|libstdc[+][+]|libgcc_s)[.-]'

fail() {
  echo "gpu-pack: $*" >&2
  exit 1
}

programs="datamon datamon-pipeline gpu-job bench-gpu gpu_device_test gpu_program_test nvjpeg_test
  cupti_test cupti_headers_test cupti_job cupti_cuda_job"
libraries="libdatamon.so.0* libdatamon-cupti.so libdatamon-preload.so libdatamon-nvtx.so libfake_cupti.so"

rm -rf "$to"
mkdir -p "$to"/{scripts,benchmarks,docs,tests/gpu_job} "$to"/build/{bin,lib/packed}
cp scripts/gpu_*.py scripts/bench.py "$to/scripts"
cp benchmarks/pairs.py "$to/benchmarks"
cp tests/gpu_job/train_resnet18.py "$to/tests/gpu_job"
for program in $programs; do
  [ -x "$build/bin/$program" ] || fail "$build/bin/$program was not built (make gpu-pack)"
  cp "$build/bin/$program" "$to/build/bin"
done
for library in $libraries; do cp -L "$build"/lib/$library "$to/build/lib"; done
cp -r "$build/python" "$to/build/python"
mkdir -p "$to/build/tests/cupti/driver"
cp -L "$build"/tests/cupti/driver/libcuda.so.1 "$to/build/tests/cupti/driver"
# Of the libraries that programs are linked with those that not every machine has.
ldd "$to"/build/bin/* "$to"/build/lib/*.so* | awk '/=> \// { print $1, $3 }' | sort -u |
  while read -r name path; do
    [[ $name =~ $system_libraries || -e "$to/build/lib/$name" ]] || cp -L "$path" "$to/build/lib/packed/$name"
  done
strip --strip-unneeded "$to"/build/bin/* "$to"/build/lib/*.so*
# Found through VIRTUAL_ENV, which gpu_check.py sets to this.
packages=$(echo .venv-cuda/lib/python3*/site-packages/nvidia/cu*/lib)
[ -d "$packages" ] || fail "there is no .venv-cuda (scripts/bootstrap.sh cuda)"
mkdir -p "$to/$packages" "$to/${packages%/lib}/include"  # a test goes through it
cp "$packages"/libnvjpeg.so.1* "$packages"/libcupti.so.1* "$to/$packages"
# Each third image: they are used again and again anyway.
find "$data" -name '*.jpg' | sort | awk 'NR % 3 == 1' | while read -r image; do
  class=$(basename "$(dirname "$image")")
  mkdir -p "$to/data/imagenet-like/$class"
  cp "$image" "$to/data/imagenet-like/$class"
done
[ -d "$to/data" ] || fail "there are no JPEGs in $data (make data)"

git rev-parse --short=12 HEAD >"$to/commit" 2>/dev/null || echo unknown >"$to/commit"
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || sed -i 's/$/ and changes/' "$to/commit"
pwd -P >"$to/built-at"
nvcc=$(sed -n 's/^DATAMON_NVCC_WORKS:INTERNAL=//p' "$build/CMakeCache.txt")
"$nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p' >"$to/build/cuda-version"
cat >"$to/run.sh" <<'RUN'
#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")"
# Tests know programs and libraries by where they were built.
built=$(cat built-at)
if [ ! -e "$built" ]; then
  { mkdir -p "$(dirname "$built")" && ln -s "$PWD" "$built"; } ||
    echo "gpu-check: $built cannot be made: some tests will not find their programs" >&2
fi
export LD_LIBRARY_PATH=$PWD/build/lib:$PWD/build/lib/packed${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
exec "${PYTHON:-python3}" scripts/gpu_check.py --commit "$(cat commit)" "$@"
RUN
chmod +x "$to/run.sh"
echo "gpu-pack: $(du -sm "$to" | cut -f1) MB in $to; there: run.sh"
