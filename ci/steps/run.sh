#!/usr/bin/env bash
# Runs the step that ROLLOUT_COMMAND names, in its own place: signals of the runner reach it.
# shellcheck source-path=SCRIPTDIR source=step.sh
source "$(dirname "${BASH_SOURCE[0]}")/step.sh"

case ${ROLLOUT_COMMAND:-} in
  plan | apply | verify | rollback) exec "$steps/$ROLLOUT_COMMAND.sh" ;;
  *) refuse "'${ROLLOUT_COMMAND:-}' is not a command; expected plan, apply, verify or rollback" ;;
esac
