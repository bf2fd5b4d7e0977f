#!/bin/sh
# The example fleet in the embedded sandbox, with Lambda's quota switched on: a plan, applied, and
# taken back. Two of its 200 targets are faulty by design, so plan and apply must end with 1.
PATH=$(cd "${BIN:-.venv/bin}" && pwd):$PATH
folder=bulkeic-runs
run=$folder/demo.db
results=$folder/demo.jsonl
mkdir -p $folder
rm -f $run $results $folder/demo.diff $folder/demo-back.db

check() {
  if [ "$1" -ne "$2" ]; then
    echo "demo: it ended with exit code $1, not with $2" >&2
    exit 1
  fi
}

# Shows a command and runs it; its first argument is the exit code that it must have.
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
