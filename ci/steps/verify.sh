#!/usr/bin/env bash
# Compares the targets with what is wanted, for a schedule.
# Exits with bulkeic's exit code: 4 if there is drift, unless ROLLOUT_FAIL_ON_DRIFT is false.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

read_arguments
read_source
new_folder
run_bulkeic verify "${arguments[@]}" --markdown "$folder/report.md" --junit "$folder/junit.xml" \
  --no-progress "${source_words[@]}" 2>"$folder/log.txt"
cat "$folder/log.txt" >&2

output exit-code "$status"
case $status in
  0) output drift false ;;
  4) output drift true ;;
esac
ROLLOUT_COMMENT=false show verify
if [[ $status == 4 && ${ROLLOUT_FAIL_ON_DRIFT:-true} == false ]]; then
  exit 0
fi
exit "$status"
