#!/bin/sh
# Plans, applies and rolls back a change of the example fleet, in the embedded sandbox with Lambda's
# quota. Two of its 200 targets fail on purpose, so plan and apply must exit with 1.
PATH=$(cd "${BIN:-.venv/bin}" && pwd):$PATH
folder=bulkeic-runs
run=$folder/demo.db
results=$folder/demo.jsonl
mkdir -p $folder
rm -f $run $results $folder/demo.diff $folder/demo-back.db

check() {
  if [ "$1" -ne "$2" ]; then
    echo "demo: exit code $1; expected $2" >&2
    exit 1
  fi
}

# Prints and runs a command; the first argument is the expected exit code.
show() {
  wanted=$1
  shift
  echo "\$ $*"
  "$@"
  check $? "$wanted"
}

lines() {
  if [ "$(wc -l < "$1")" -ne "$2" ]; then
    echo "demo: $1 does not have $2 lines" >&2
    exit 1
  fi
}

echo "\$ bulkeic plan examples/fleet.csv --sandbox --run $run --diff > $folder/demo.diff"
bulkeic plan examples/fleet.csv --sandbox --run $run --diff > $folder/demo.diff
check $? 1
echo
show 0 head -n 6 $folder/demo.diff
echo
show 1 bulkeic apply $run --sandbox --results $results
lines $results 200
echo
show 0 bulkeic rollback $run --sandbox --run $folder/demo-back.db
