#!/bin/sh
# The example fleet in the embedded sandbox, with Lambda's quota switched on.
# Two of its 200 targets are faulty by design, so apply must end with exit code 1: some failed.
PATH=$(cd "${BIN:-.venv/bin}" && pwd):$PATH
run=bulkeic-runs/demo.db
results=bulkeic-runs/demo.jsonl
mkdir -p bulkeic-runs
rm -f "$run" "$results"

show() {
  echo "\$ $*"
  "$@"
}

show bulkeic apply examples/fleet.csv --sandbox --run "$run" --results "$results"
code=$?
if [ "$code" -ne 1 ]; then
  echo "demo: apply ended with exit code $code, not with 1" >&2
  exit 1
fi
if [ "$(wc -l < "$results")" -ne 200 ]; then
  echo "demo: $results does not have 200 outcomes" >&2
  exit 1
fi
echo
show bulkeic export "$run" --status failed
