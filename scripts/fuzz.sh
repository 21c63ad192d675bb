#!/usr/bin/env bash
# Runs every libFuzzer target of a build on its committed corpus, then on a fixed
# number of mutations of it: fuzz.sh BUILD_FOLDER [RUNS]. The corpus is not changed;
# an input that breaks something is left in BUILD_FOLDER/findings, with the command
# that shows it again.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
runs=${2:-20000}
findings=$folder/findings
mkdir -p "$findings"

targets=("$folder"/bin/fuzz_*)
[ -x "${targets[0]}" ] || {
  echo "fuzz: no target in $folder/bin" >&2
  exit 1
}
passed=0 failed=0
for target in "${targets[@]}"; do
  name=$(basename "$target")
  corpus=fuzz/corpus/${name#fuzz_}
  grown=$folder/corpus/$name
  mkdir -p "$grown"
  [ -d "$corpus" ] || { echo "fuzz: $name has no corpus in $corpus" >&2; exit 1; }
  if "$target" "$grown" "$corpus" -runs="$runs" -seed=1 -timeout=20 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="$findings/$name-" >"$folder/$name.log" 2>&1; then
    passed=$((passed + 1))
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log") inputs, nothing found"
  else
    failed=$((failed + 1))
    tail -n 40 "$folder/$name.log"
    echo "$name: FAILED; again: $target $(ls -t "$findings/$name"-* 2>/dev/null | head -n 1)"
  fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
