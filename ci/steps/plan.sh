#!/usr/bin/env bash
# Plans a change, and writes what reviewers read: report, changes and digest.
# Exits with 0 if the plan is complete and in a comment, otherwise with bulkeic's exit code or 2.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

read_arguments
read_source
new_folder
run_bulkeic plan "${arguments[@]}" --run "$folder/run.db" --diff --detailed-exitcode \
  --no-progress "${source_words[@]}" >"$folder/changes.diff" 2>"$folder/log.txt"
cat "$folder/log.txt" >&2
write_reports "$folder/run.db"

output exit-code "$status"
case $status in
  0) output changes false ;;
  4) output changes true ;;
esac
shown=0
show plan || shown=$?
output digest "$digest"

case $status in
  0 | 4) exit "$shown" ;; # reviewers need the comment
  1) echo 'bulkeic pipeline: some targets cannot be changed as planned; see the report' >&2 ;;
  3 | 130) echo 'bulkeic pipeline: the plan was stopped early; run the job again' >&2 ;;
esac
exit "$status"
