#!/usr/bin/env bash
# Runs every libFuzzer target of a build on its committed corpus, then on a fixed
# number of mutations of it: fuzz.sh BUILD_FOLDER [RUNS]. The corpus is not changed;
# an input that breaks something is left in BUILD_FOLDER/findings, with the command
# that shows it again.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
runs=${2:-12000}
findings=$folder/findings
mkdir -p "$findings"

# One target's corpus and mutations; what it printed is in its log.
fuzz() {
  local subject=$1 name=fuzz_$1
  local target=$folder/bin/$name corpus=fuzz/corpus/$subject grown=$folder/corpus/$name
  mkdir -p "$grown"
  [ -x "$target" ] || { echo "fuzz: $target is not there: make fuzz builds it" >&2; return 1; }
  [ -d "$corpus" ] || { echo "fuzz: $name has no corpus in $corpus" >&2; return 1; }
  if "$target" "$grown" "$corpus" -runs="$runs" -seed=1 -timeout=20 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="$findings/$name-" >"$folder/$name.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log") inputs, nothing found"
  else
    tail -n 40 "$folder/$name.log"
    echo "$name: FAILED; again: $target $(ls -t "$findings/$name"-* 2>/dev/null | head -n 1)"
    return 1
  fi
}

running=()
for source in fuzz/*_fuzzer.cpp; do
  fuzz "$(basename "$source" _fuzzer.cpp)" &
  running+=($!)
done
passed=0 failed=0
for process in "${running[@]}"; do
  if wait "$process"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]
