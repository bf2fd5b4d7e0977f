"""The fields of an outcome: the run file, JSON and CSV follow from the struct ``Outcome``."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import bulkeic
from bulkeic.core.model import Outcome
from bulkeic.core.outcome_fields import OUTCOME_FIELDS
from bulkeic.store.outcome_columns import OBJECT_FIELDS, STORED_FIELDS
from tests.store.run_files import load, make_job

FIRST_PROPERTY = "\n    @property\n    def function_arn(self)"
ROUND_TRIP = """
import sys
from pathlib import Path
from bulkeic.core.model import Job, Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.outcome_fields import outcome_values
from bulkeic.core.summary import Traffic
from bulkeic.output.files.outcome_codec import HEADER, csv_rows, jsonl
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata

path = Path(sys.argv[1])
source = SourceLine("targets.csv", 2)
target = Target(Lane("111111111111", "us-east-1"), "fn")
loader = Loader(path, RunMetadata(source="targets.csv"))
loader.add(Job(0, source, "fn", target, Settings(1)))
loader.finish()
outcome = Outcome(0, source, "fn", target, Status.UPDATED, settings=Settings(1).to_api(),
                  retry_mode="standard", cost={"calls": 2})
run = RunFile(path)
run.begin_session("apply", 0.0)
run.record(run.rows([outcome]), Traffic())
run.close()
run = RunFile(path, read_only=True)
assert list(run.outcomes()) == [outcome]
run.close()
values = outcome_values(outcome)
sys.stdout.buffer.write(jsonl([values]) + HEADER + csv_rows([values]))
"""


def test_a_new_field_of_the_struct_is_stored_read_and_written_without_another_change(
    tmp_path: Path,
) -> None:
    """The package is copied, and the copy's struct gets two more fields."""
    copy = tmp_path / "bulkeic"
    shutil.copytree(Path(bulkeic.__file__).parent, copy)
    model = copy / "core" / "model.py"
    text = model.read_text()
    before, outcome, after = text.partition("class Outcome(")
    assert after.count(FIRST_PROPERTY) == 1
    fields = "    retry_mode: str | None = None\n    cost: dict[str, Any] | None = None\n"
    changed = after.replace(FIRST_PROPERTY, fields + FIRST_PROPERTY)
    model.write_text(before + outcome + changed)

    run_path = tmp_path / "run.db"
    ended = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP, str(run_path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    line, header, cells = ended.stdout.splitlines()
    assert json.loads(line)["retry_mode"] == "standard"
    assert json.loads(line)["cost"] == {"calls": 2}
    assert header.endswith(f",{OUTCOME_FIELDS[-1]},retry_mode,cost")
    assert cells.endswith(',"standard","{""calls"":2}"')
    with sqlite3.connect(run_path) as database:
        query = "SELECT retry_mode, cost FROM result"
        assert database.execute(query).fetchall() == [("standard", '{"calls":2}')]
    database.close()


def test_the_view_result_has_every_field_but_the_arn(path: Path) -> None:
    load(path, [make_job(0)])
    with sqlite3.connect(path) as database:
        columns = [row[0] for row in database.execute("SELECT * FROM result").description]
    database.close()
    wanted = [name if name != "function_arn" else "function" for name in OUTCOME_FIELDS]
    assert columns == wanted


def test_each_field_is_in_one_place() -> None:
    assert set(STORED_FIELDS) < set(Outcome.__struct_fields__)
    assert OBJECT_FIELDS == ("settings", "config", "before")
