#!/usr/bin/env bash
# Records the reference pipeline on real JPEGs and shows the report:
#   demo.sh [FOLDER_OR_TAR]   (default: the set of scripts/make_dataset.py)
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-data/imagenet-like}
[ "$data" = data/imagenet-like ] && .venv/bin/python scripts/make_dataset.py "$data"
[ -e "$data" ] || {
  echo "demo: there is no $data: DATA= names a folder of folders of JPEGs, or a .tar of them" >&2
  exit 1
}

recording=build/demo-recording
rm -rf "$recording"
job=(build/bin/datamon-pipeline "$data" --workers 2 --batch 32 --compute-ms 3 --seconds 6)
printf '\n$ MON=1 %s\n\n' "${job[*]}"
MON=1 MON_DIR=$recording "${job[@]}"
printf '\n$ datamon report %s\n\n' "$recording"
build/bin/datamon report "$recording"
cat <<END

That was a consumer that takes 3 ms for a batch and two workers that read, decode and crop
$data for it, recorded by MON=1. Try next:
  build/bin/datamon trace $recording -o trace.json
      every batch on a time line: open trace.json in ui.perfetto.dev
  make demo DATA=/path/to/your/images
  make test
END
