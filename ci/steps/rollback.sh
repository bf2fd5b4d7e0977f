#!/usr/bin/env bash
# Rolls back the run of an earlier pipeline, ROLLOUT_RUN_ID. Exits with bulkeic's exit code.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

[[ -n ${ROLLOUT_RUN_ID:-} ]] || refuse 'name the pipeline whose run is to be rolled back'
read_arguments
review fetch-run "$ROLLOUT_RUN_ID" || exit 2
run_bulkeic rollback "${arguments[@]}" --yes --no-progress --run "$folder/rollback.db" \
  -- "$folder/run.db" 2>"$folder/log.txt"
cat "$folder/log.txt" >&2
write_reports "$folder/rollback.db"
output exit-code "$status"
ROLLOUT_COMMENT=false show rollback
exit "$status"
