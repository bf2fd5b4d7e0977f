# What all steps share: their variables, the run of bulkeic, and the outputs of a step.
# Every input comes in a variable. None becomes part of a command line that a shell parses.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the steps read the variables that are set here

set -euo pipefail
umask 077

steps=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export ROLLOUT_NAME=${ROLLOUT_NAME:-bulkeic}
export ROLLOUT_FOLDER=${ROLLOUT_FOLDER:-bulkeic-run}
folder=$ROLLOUT_FOLDER
home=${ROLLOUT_HOME:-${RUNNER_TEMP:-$PWD/.bulkeic}/bulkeic}
PATH=$home/bin:$PATH

refuse() {
  printf 'bulkeic pipeline: %s\n' "$1" >&2
  exit 2
}

[[ $ROLLOUT_NAME =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$ ]] ||
  refuse 'the name may have 64 letters, digits, dots, dashes and underscores'

review() {
  python3 "$steps/../review.py" "$@"
}

# Sets the array `arguments` from ROLLOUT_ARGUMENTS, one argument a line.
# Spaces around a line do not count, and neither do empty lines and those that start with #.
# They come before what a step itself gives, which holds if both give an option.
arguments=()
read_arguments() {
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    line="${line#"${line%%[![:space:]]*}"}"
    line="${line%"${line##*[![:space:]]}"}"
    if [[ -n $line && $line != '#'* ]]; then
      arguments+=("$line")
    fi
  done <<<"${ROLLOUT_ARGUMENTS:-}"
}

# Sets the array `source_words` to the targets file, which comes after all options.
source_words=()
read_source() {
  if [[ -n ${ROLLOUT_SOURCE:-} ]]; then
    source_words=(-- "$ROLLOUT_SOURCE")
  fi
}

# The run file and the reports of this step need a new folder.
new_folder() {
  mkdir -p "$(dirname "$folder")"
  mkdir "$folder" 2>/dev/null || refuse "the folder '$folder' exists already; use a clean checkout"
}

# Runs bulkeic and sets `status` to its exit code. A runner that cancels the job sends a signal to
# this process alone, so it is passed on: bulkeic then finishes the calls in flight.
run_bulkeic() {
  local child='' stopped=0
  status=0
  # Before bulkeic starts, so that it never goes on without this step.
  trap 'stopped=1; [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true' INT TERM HUP
  bulkeic "$@" </dev/null &
  child=$!
  if ((stopped)); then
    kill -TERM "$child" 2>/dev/null || true
  fi
  while true; do
    wait "$child" && status=0 || status=$?
    if ((!stopped)); then
      break
    fi
    stopped=0
  done
  trap - INT TERM HUP
}

# Writes report.md, report.html and report.json of a run file.
write_reports() {
  if [[ -e $1 ]]; then
    bulkeic report "$1" --markdown "$folder/report.md" --html "$folder/report.html" --json \
      >"$folder/report.json"
  fi
}

# output NAME VALUE: for the steps and jobs that follow.
output() {
  if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  fi
  local name=${1//-/_}
  printf 'ROLLOUT_%s=%s\n' "${name^^}" "$2" >>"$folder/outputs.env"
}

# show KIND: puts the reports into the summary of the job and, unless that is turned off, into a comment.
# Sets `digest` to that of a complete plan, empty if there is none. Fails if the comment fails.
show() {
  local failed=0
  export ROLLOUT_STATUS=$status
  digest=$(review show "$1") || failed=$?
  if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
    cat "$folder/comment.md" >>"$GITHUB_STEP_SUMMARY"
  fi
  return "$failed"
}
