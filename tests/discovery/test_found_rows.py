"""Found targets become rows that every reader of targets files takes for the same targets."""

import csv
import io
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.model import LATEST, Settings, Target
from bulkeic.core.targets.fields import CURRENT_COLUMNS
from bulkeic.core.targets.names import partition_of
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.discovery.model.criteria import FoundTarget
from bulkeic.discovery.model.found_rows import found_columns, found_row
from bulkeic.output.files.targets_codec import targets_encoder
from bulkeic.sources.rows_file import RowsFile

from .example_functions import LANE, LANES, SETTINGS, alias_names, names, versions

ENDINGS = [".csv", ".json", ".jsonl", ".ndjson"]
DEFAULTS = Defaults("999999999999", "ap-south-1", Settings(maximum_retry_attempts=1))

found_targets = st.builds(
    FoundTarget,
    st.sampled_from(LANES),
    names,
    st.just(LATEST) | versions | alias_names,
    st.none() | st.just(SETTINGS) | st.just({"MaximumRetryAttempts": 2}),
)


def role_of(target: FoundTarget, *, has_role: bool) -> str | None:
    account, partition = target.lane.account_id, partition_of(target.lane.region)
    return f"arn:{partition}:iam::{account}:role/reader" if has_role else None


def written(
    targets: list[FoundTarget], ending: str, *, has_role: bool = False, with_config: bool = True
) -> bytes:
    rows = [found_row(target, role_of(target, has_role=has_role)) for target in targets]
    columns = found_columns(with_config=with_config)
    return b"".join(targets_encoder(f"targets{ending}")(rows, columns))


@settings(deadline=None, max_examples=80)
@given(st.lists(found_targets, max_size=8), st.sampled_from(ENDINGS), st.booleans())
def test_rows_are_read_as_the_targets_that_were_found(
    targets: list[FoundTarget],
    ending: str,
    has_role: bool,  # noqa: FBT001 - drawn
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"targets{ending}")
        path.write_bytes(written(targets, ending, has_role=has_role))
        rows = [row for row in RowsFile(str(path)).rows() if isinstance(row, Row)]
    parser = RowParser("targets", DEFAULTS)
    jobs = [parser.job(seq, row) for seq, row in enumerate(rows)]

    assert [job.target for job in jobs] == [
        Target(each.lane, each.function, each.qualifier, partition_of(each.lane.region))
        for each in targets
    ]
    assert {job.settings for job in jobs} <= {DEFAULTS.settings}
    assert [job.role_arn for job in jobs] == [role_of(each, has_role=has_role) for each in targets]


@given(st.lists(found_targets, max_size=8), st.booleans())
def test_no_cell_is_a_formula_and_none_is_changed(
    targets: list[FoundTarget],
    with_config: bool,  # noqa: FBT001 - drawn
) -> None:
    targets = [each if with_config else replace(each, config=None) for each in targets]
    text = written(targets, ".csv", with_config=with_config).decode()
    header, *rows = list(csv.reader(io.StringIO(text)))

    assert tuple(header) == found_columns(with_config=with_config)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "'"))]


def test_the_columns_say_what_a_target_has() -> None:
    row = found_row(FoundTarget(LANE, "orders", "live", SETTINGS), None)
    assert row == {
        "FunctionName": "orders",
        "Qualifier": "live",
        "AccountId": "123456789012",
        "Region": "us-east-1",
        "CurrentMaximumRetryAttempts": 0,
        "CurrentMaximumEventAgeInSeconds": 3600,
        "CurrentOnFailure": "arn:aws:sqs:us-east-1:123456789012:failed",
    }
    assert set(found_row(FoundTarget(LANE, "orders", LATEST), "arn:…")) == {
        "FunctionName", "AccountId", "Region", "RoleArn"
    }  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_rows_are_written_while_they_come(ending: str) -> None:
    taken = 0

    def rows() -> object:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield found_row(FoundTarget(LANE, f"f-{number}", LATEST), None)

    pieces = targets_encoder(f"t{ending}")(rows(), found_columns(with_config=False))  # type: ignore[arg-type]
    first = [next(pieces), next(pieces)]
    assert b"f-0" in b"".join(first)
    assert 0 < taken < 3000


@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_json_has_no_control_characters(ending: str) -> None:
    config = {"DestinationConfig": {"OnFailure": {"Destination": "a\x9b31m\x7f"}}}
    data = written([FoundTarget(LANE, "f", LATEST, config)], ending)
    assert data.replace(b"\n", b"").decode().isprintable()
    assert "CurrentOnFailure" in str(json.loads(data))
    assert found_columns(with_config=True)[5:] == CURRENT_COLUMNS
