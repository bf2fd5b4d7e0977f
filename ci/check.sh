#!/usr/bin/env bash
# Checks the scripts of pipelines with ShellCheck, and their YAML with the published JSON schemas.
# BIN is the folder of both tools.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

"$BIN/shellcheck" --external-sources ci/check.sh ci/steps/*.sh
"$BIN/check-jsonschema" --builtin-schema vendor.github-actions action.yml
"$BIN/check-jsonschema" --builtin-schema vendor.github-workflows ci/github/*.yml

# The schema of GitLab is for one document, so inputs and jobs are checked one after the other. It
# skips hidden jobs, so the one that the others extend gets a name without a dot.
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
sed '/^---$/,$d' templates/bulkeic.yml >"$parts/inputs.yml"
sed '1,/^---$/d; s/^"[.]/"/' templates/bulkeic.yml >"$parts/jobs.yml"
"$BIN/check-jsonschema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$parts"/*.yml
