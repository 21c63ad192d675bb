#!/usr/bin/env bash
# Runs the tests of one build folder and ends with a plain line for people and
# programs: run_tests.sh BUILD_FOLDER [ctest options]. Tests labelled "slow" run
# by `make test-slow` only; sanitizer builds stop a test at the first finding.
set -uo pipefail
cd "$(dirname "$0")/.."
folder=$1
shift

export ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
# A program with threads that ends would wait a second for late races, a chain of forks each time.
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1:atexit_sleep_ms=100}
unset MON MON_DIR MON_LIBRARY

jobs=${JOBS:-$(nproc)}
# Under CI a test that fails gets one more try: some hold real processes to real
# time, and machines stall. ctest's log names each try.
tries=()
[ -z "${CI:-}" ] || tries=(--repeat until-pass:2)
log=$folder/test.log
ctest --test-dir "$folder" -LE slow -j "$jobs" --timeout 180 --output-on-failure --no-tests=error \
  "${tries[@]}" "$@" 2>&1 |
  tee "$log" | grep -vE '^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .* Passed '
status=${PIPESTATUS[0]}

# "99% tests passed, 1 tests failed out of 120" and "...***Skipped" of ctest.
read -r failed total < <(sed -nE 's/.*tests passed, ([0-9]+) tests failed out of ([0-9]+).*/\1 \2/p' "$log" | tail -n 1)
skipped=$(grep -cE '\*\*\*Skipped|\*\*\*Not Run \(Disabled\)' "$log")
printf '%s: %d passed, %d failed, %d skipped\n' "$folder" \
  $((${total:-0} - ${failed:-0} - skipped)) "${failed:-0}" "$skipped"
exit "$status"
