#!/usr/bin/env bash
# Formats the C and C++ files of the project; --check only refuses.
# The version is fixed: other versions of clang-format disagree with one another.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=${CLANG_FORMAT:-clang-format-14}
command -v "$tool" >/dev/null || {
  echo "format: no $tool; scripts/bootstrap.sh ci installs it" >&2
  exit 1
}
options=(-i)
[ "${1:-}" = --check ] && options=(--dry-run --Werror)
find . -path "./build*" -prune -o -path "./.*/*" -prune -o -path ./data -prune -o -type f \
  \( -name '*.h' -o -name '*.hpp' -o -name '*.c' -o -name '*.cpp' -o -name '*.cu' \) -print0 |
  xargs -0 -r -n 32 -P 2 "$tool" --style=file "${options[@]}"
echo "format: $([ "${1:-}" = --check ] && echo 'all files are formatted' || echo done)"
