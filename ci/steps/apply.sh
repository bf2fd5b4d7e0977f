#!/usr/bin/env bash
# Applies the plan that was reviewed in the merged pull or merge request, and nothing else.
# With ROLLOUT_RUN_ID, resumes the run of that pipeline instead.
# Exits with bulkeic's exit code.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

read_arguments
expected=()
if [[ -n ${ROLLOUT_RUN_ID:-} ]]; then
  review fetch-run "$ROLLOUT_RUN_ID" || exit 2
else
  digest=$(review fetch-plan) || exit 2
  expected=(--expect "$digest")
fi
run_bulkeic apply "${arguments[@]}" --yes --no-progress "${expected[@]}" -- "$folder/run.db"
write_reports "$folder/run.db"
output exit-code "$status"
show apply || true # what was applied counts

case $status in
  1) echo 'bulkeic pipeline: some targets failed; the report shows what can be done' >&2 ;;
  3 | 130) echo 'bulkeic pipeline: stopped early; run the job again to resume, or roll back' >&2 ;;
esac
exit "$status"
