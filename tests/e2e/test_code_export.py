"""``bulkeic export`` as Terraform code and CloudFormation templates: they say what AWS has.

``make trial`` does the same with more functions; ``BULKEIC_FUNCTIONS`` says how many.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from bulkeic.core.change.snapshot import snapshot_of
from bulkeic.core.model import Lane, Settings
from tests.iac.example_known_configs import check_format
from tests.iac.parsed_terraform import Found, ParsedTerraform

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .fleet import ROLE
from .random_fleet import State, drawn_rows, drawn_state, state_of, write_rows
from .rollout_helpers import change, load

FUNCTIONS = int(os.environ.get("BULKEIC_FUNCTIONS", "40"))
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
HAD = {"MaximumRetryAttempts": 2, "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}}
NOT_KNOWN = "note: left out {} whose configuration is not known"
DECLARED = "note: left out 2 configurations of the Terraform state"
CONFIG = "aws_lambda_function_event_invoke_config"

Fleet = dict[Lane, Found]
"""What the targets of each lane have, those without a configuration left out."""


def fleet_of(state: State, rows: list[list[object]]) -> Fleet:
    """What the targets of some rows have at the server."""
    fleet: Fleet = {}
    for name, qualifier, account, region, *_ in rows:
        key = (str(name), str(qualifier) or "$LATEST")
        config = state[f"{account}/{region}"][key[0]][key[1]]
        if config:
            fleet.setdefault(Lane(str(account), str(region)), {})[key] = snapshot_of(config)
    return fleet


def in_terraform(bulkeic: Bulkeic, run: str, lanes: Fleet) -> Fleet:
    """What the code sets that export makes of a run with several lanes."""
    result = bulkeic("export", run, "--format", "terraform")
    assert result.code == 0, result.err
    check_format(result.out.encode())
    parsed = ParsedTerraform(result.out.encode())
    assert len(parsed.providers()) == len(lanes)
    return {lane: parsed.map_entries(lane) for lane in lanes}


def in_templates(folder: Path) -> Fleet:
    """What the templates in a folder set."""
    fleet: Fleet = {}
    for path in folder.glob("*.template.json"):
        lane = Lane(*path.name.split(".")[:2])
        for resource in json.loads(path.read_text())["Resources"].values():
            properties = resource["Properties"]
            key = properties["FunctionName"], properties["Qualifier"]
            fleet.setdefault(lane, {})[key] = snapshot_of(properties)
    return fleet


def test_exports_agree_with_the_server_field_by_field(bulkeic: Bulkeic, server: Server) -> None:
    chance = random.Random(5)
    server.window("state", drawn_state(chance, FUNCTIONS), "PUT")
    before = state_of(server)
    rows = drawn_rows(chance, before)
    write_rows(bulkeic.folder / "targets.csv", rows)
    words = ("--endpoint-url", server.url, "--role-arn", ROLE, "--rate", "unlimited")

    def check(run: str, expected: Fleet, folder: str) -> None:
        assert in_terraform(bulkeic, run, expected) == expected
        result = bulkeic("export", run, "--format", "cloudformation", "--out", folder)
        assert result.code == 0, result.err
        assert in_templates(bulkeic.folder / folder) == expected

    plan = ("plan", "targets.csv", "--run", "run.db", "--create-missing")
    assert bulkeic(*plan, *words).code == 0
    had = fleet_of(before, rows)
    check("run.db", had, "planned")

    applied = bulkeic("apply", "run.db", "--yes", *words)
    assert applied.code == 0, applied.err
    has = fleet_of(state_of(server), rows)
    assert has != had
    check("run.db", has, "applied")

    assert bulkeic("rollback", "run.db", "--run", "back.db", "--yes", *words).code == 0
    changed = {
        lane: {key: old for key, old in found.items() if old != has[lane][key]}
        for lane, found in had.items()
    }
    check("back.db", changed, "rolled-back")


def export(bulkeic: Bulkeic, *words: object) -> Result:
    result = bulkeic("export", "run.db", "--format", "terraform", *words)
    assert result.code == 0, result.err
    return result


def names(result: Result) -> set[str]:
    """The functions in code."""
    if not result.out:
        return set()
    return {function for function, _ in ParsedTerraform(result.out.encode()).single_resources()}


def test_targets_that_failed_are_exported_as_they_were_read(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"a": HAD, "b": None, "c": HAD, "d": HAD})
    bulkeic.write("targets.csv", "FunctionName\na\nb\nc\nd\n")
    words = ("--endpoint-url", server.url, "--rate", "unlimited")
    settings = ("--maximum-retry-attempts", 1, "--run", "run.db")
    assert bulkeic("plan", "targets.csv", *settings, *words).code == 1
    planned = export(bulkeic)
    assert names(planned) == {"a", "c", "d"}
    assert planned.lines == ["note: left out 1 target without a configuration"]

    for name in "cd":
        change(server, (REGION, name), MaximumRetryAttempts=0)
    assert bulkeic("apply", "run.db", "--yes", *words).code == 1

    failed = export(bulkeic, "--status", "failed")
    found = ParsedTerraform(failed.out.encode()).single_resources()
    changed = Settings(0, None, "", QUEUE)
    assert found == {("c", "$LATEST"): changed, ("d", "$LATEST"): changed}
    only = export(bulkeic, "--name", "[ad]", "--limit", 1)
    assert ParsedTerraform(only.out.encode()).single_resources() == {
        ("a", "$LATEST"): Settings(1, None, "", QUEUE)
    }
    assert only.lines == ["3 targets left out by the selection"]

    stacks = bulkeic("export", "run.db", "--format", "cloudformation", "--out", "stacks")
    assert stacks.code == 0, stacks.err
    template = f"stacks/{ACCOUNT}.{REGION}.template.json"
    compared = bulkeic("verify", "--template", template, *words)
    assert compared.code == 0, compared.err
    change(server, (REGION, "d"), MaximumRetryAttempts=2)
    assert bulkeic("verify", "--template", template, *words).code == 4


def test_a_run_that_read_nothing_knows_what_it_has_changed(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"a": HAD, "b": HAD})
    bulkeic.write("targets.csv", "FunctionName\na\nb\n")
    words = ("--endpoint-url", server.url, "--run", "run.db", "--no-before-image", "--yes")
    server.window("faults", {"refuse": 1}, "PUT")
    refused = bulkeic("apply", "targets.csv", "--maximum-retry-attempts", 1, *words)
    assert refused.code == 1, refused.err

    nothing = export(bulkeic, "--out", "none.tf")
    assert nothing.lines == [
        "note: there is no configuration to export",
        NOT_KNOWN.format("2 targets"),
    ]
    assert (bulkeic.folder / "none.tf").read_bytes() == b""
    folder = bulkeic("export", "run.db", "--format", "cloudformation", "--out", "none")
    assert folder.lines == nothing.lines
    assert [path.name for path in (bulkeic.folder / "none").iterdir()] == ["import-commands.sh"]


def shown(*resources: dict[str, Any]) -> str:
    return json.dumps(
        {"format_version": "1.0", "values": {"root_module": {"resources": resources}}}
    )


def resource(address: str, **values: Any) -> dict[str, Any]:
    kind, name = address.split(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}


def test_what_a_state_declares_is_referred_to_and_not_exported(
    bulkeic: Bulkeic, server: Server
) -> None:
    fleet: dict[str, dict[str, Any] | None] = dict.fromkeys("abc", HAD)
    load(server, fleet | {"d": {"MaximumEventAgeInSeconds": 60}})
    bulkeic.write("targets.csv", "FunctionName,MaximumEventAgeInSeconds\na,60\nb,60\nc,60\nd,60\n")
    words = ("--endpoint-url", server.url, "--run", "run.db", "--yes")
    assert bulkeic("apply", "targets.csv", *words).code == 0
    halves = [{"on_failure": [{"destination": QUEUE}]}]
    declared: dict[str, Any] = {"maximum_retry_attempts": 2, "destination_config": halves}
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:c"
    state = shown(
        resource(f"{CONFIG}.c", function_name="a", maximum_event_age_in_seconds=60, **declared),
        resource(f"{CONFIG}.b", function_name="b", **declared),
        resource("aws_lambda_function.c", function_name="c", arn=arn),
        resource("aws_sqs_queue.failed", arn=QUEUE),
    )
    bulkeic.write("state.json", state)

    result = export(bulkeic, "--terraform", "state.json", "--name", "[abc]")

    assert result.lines == [
        f"{DECLARED}; change the code of those with other values there: {CONFIG}.b",
        "1 target left out by the selection",
    ]
    assert 'resource "aws_lambda_function_event_invoke_config" "c_2" {' in result.out
    assert "function_name                = aws_lambda_function.c.function_name" in result.out
    assert "destination = aws_sqs_queue.failed.arn" in result.out
    check_format(result.out.encode())
    default = export(bulkeic, "--name", "d")
    assert default.lines[0] == (
        "note: 1 configuration without MaximumRetryAttempts; the AWS provider sets 2, which is "
        "Lambda's default, and terraform plan shows that as a change"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["--format", "cloudformation"],
            "--format cloudformation writes several files; add --out FOLDER",
        ),
        (
            ["--format", "cloudformation", "--out", "full"],
            "--out 'full' is not empty; use another folder",
        ),
        (
            ["--format", "cloudformation", "--out", "targets.csv"],
            "--out 'targets.csv': File exists",
        ),
        (
            ["--format", "cloudformation", "--out", "no/such"],
            "--out 'no/such': No such file or directory",
        ),
        (
            ["--format", "terraform", "--out", "x.json"],
            "Terraform does not read such a file; expected a name that ends in .tf or .tofu",
        ),
        (
            ["--format", "terraform", "--terraform", "no.json"],
            "no.json: cannot be read: No such file or directory",
        ),
        (
            ["--format", "terraform", "--terraform", "targets.csv"],
            "run 'terraform show -json > state.json', or the same with tofu, and give that file",
        ),
        (["--terraform", "s.json"], "--terraform requires --format terraform"),
        (
            ["--terraform", "s.json", "--format", "cloudformation"],
            "--terraform requires --format terraform",
        ),
    ],
)
def test_a_wrong_combination_is_one_line(bulkeic: Bulkeic, words: list[str], says: str) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\n")
    (bulkeic.folder / "full").mkdir()
    bulkeic.write("full/x", "")
    assert bulkeic("apply", "targets.csv", "--sandbox", "--run", "run.db").code == 0

    result = bulkeic("export", "run.db", *words)

    assert (result.code, result.out, len(result.lines)) == (2, "", 1), result.err
    assert result.lines[0].endswith(says)
