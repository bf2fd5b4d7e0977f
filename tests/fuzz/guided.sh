#!/bin/sh
# Fuzzes each target under atheris, for $SECONDS_EACH each. Atheris is not a dependency: if it cannot
# be installed, this prints so and succeeds.
set -eu
packages=.fuzz-packages
export PYTHONPATH="$packages:."
if ! "$BIN/python" -c 'import atheris' 2>/dev/null &&
  ! { "$BIN/python" -m pip install --quiet --disable-pip-version-check --target "$packages" atheris 2>/dev/null &&
    "$BIN/python" -c 'import atheris' 2>/dev/null; }; then
  echo "atheris does not run here; skipped"
  exit 0
fi
mkdir -p .fuzz
for name in $("$BIN/python" -c 'from tests.fuzz.targets import FUZZ; print(*FUZZ)'); do
  echo "atheris: $name"
  if ! "$BIN/python" -m tests.fuzz.guided "$name" -max_total_time="$SECONDS_EACH" -max_len=4096 \
    -timeout=20 -rss_limit_mb=1000 -artifact_prefix=.fuzz/ 2>.fuzz/log; then
    tail -n 40 .fuzz/log
    exit 1
  fi
  grep -E 'stat::number_of_executed_units|^Done ' .fuzz/log || true
done
