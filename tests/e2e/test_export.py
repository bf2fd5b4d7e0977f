"""``bulkeic export``: outcomes, pending jobs, and targets files that plan and apply accept."""

import csv
import json
from pathlib import Path

import pytest

from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import exported, load, states

QUEUE = "arn:aws:sqs:{region}:{account}:failures"
HAD = {"MaximumRetryAttempts": 2}
MISSING, DENIED = "ResourceNotFoundException", "AccessDeniedException"


def run_with_failures(bulkeic: Bulkeic, server: Server) -> None:
    """``a`` is updated, ``b`` and ``c`` fail, and ``d`` is pending."""
    load(server, {"a": HAD, "b": None, "c": None, "d": HAD})
    header = "FunctionName,MaximumRetryAttempts,OnSuccess,OnFailure"
    lines = [header, "a,1,none,", f"b,1,none,{QUEUE}", "c,2,,", "d,0,,"]
    bulkeic.write("targets.csv", "\n".join(lines) + "\n")
    words = ("--run", "run.db", "--yes", "--endpoint-url", server.url, "--waves", "1,3,100%")
    result = bulkeic("apply", "targets.csv", *words, "--max-failures", 2)
    assert result.code == 3, result.err


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("name", ["left.csv", "left.json", "left.jsonl", "left.ndjson"])
def test_failed_targets_become_a_targets_file_that_is_applied_as_it_is(
    bulkeic: Bulkeic, server: Server, name: str, command: str
) -> None:
    run_with_failures(bulkeic, server)
    words = ("--format", "targets", "--status", "failed", "--out", name)
    result = bulkeic("export", "run.db", *words)
    assert (result.code, result.out) == (0, ""), result.err
    assert result.lines == ["2 targets left out by the selection"]
    load(server, {"a": None, "b": HAD, "c": HAD, "d": None})

    common = ("--endpoint-url", server.url, "--run", "next.db")
    used = bulkeic(command, name, *common, *(["--yes"] if command == "apply" else []))

    assert used.code == 0, used.err
    if command == "apply":
        settings = {
            one["function_name"][-1]: one["settings"] for one in exported(bulkeic, "next.db")
        }
        queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failures"
        destinations = {"OnSuccess": {}, "OnFailure": {"Destination": queue}}
        assert settings == {
            "b": {"MaximumRetryAttempts": 1, "DestinationConfig": destinations},
            "c": {"MaximumRetryAttempts": 2},
        }
        found = {name: config for (_, name), config in states(server).items()}
        assert (found["a"], found["d"]) == (None, None)


def test_a_targets_file_of_a_whole_run_gives_the_same_run(bulkeic: Bulkeic, server: Server) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/deployer"
    bulkeic.write(
        "targets.csv",
        "FunctionName,Qualifier,RoleArn,MaximumRetryAttempts\n"
        f"a,live,{role},1\nb,,,0\n-c,-live,,0\n",
    )
    words = ("--endpoint-url", server.url, "--run")
    assert bulkeic("plan", "targets.csv", *words, "one.db").code == 0
    text = bulkeic("export", "one.db", "--format", "targets").out
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
    assert list(csv.reader(text.splitlines()))[1:] == [
        [f"{arn}a", "live", "1", "", "", "", role],
        [f"{arn}b", "", "0", "", "", "", role],
        [f"{arn}-c:-live", "", "0", "", "", "", role],  # no cell looks like a formula
    ]
    bulkeic.write("again.csv", text)
    assert bulkeic("plan", "again.csv", *words, "two.db").code == 0
    assert bulkeic("export", "two.db", "--format", "targets").out == text


def test_pending_jobs_are_exported_in_file_order(bulkeic: Bulkeic, server: Server) -> None:
    run_with_failures(bulkeic, server)
    lines = bulkeic("export", "run.db", "--status", "pending", "--status", "updated").out
    found = [json.loads(line) for line in lines.splitlines()]
    assert [(one["function_name"], one["status"]) for one in found] == [
        ("a", "updated"),
        ("d", "pending"),
    ]
    assert found[1]["settings"] == {"MaximumRetryAttempts": 0}
    assert found[1].keys() == found[0].keys()
    as_csv = bulkeic("export", "run.db", "--status", "pending", "--format", "csv").out
    assert [row["status"] for row in csv.DictReader(as_csv.splitlines())] == ["pending"]
    load(server, {"a": HAD, "b": HAD, "c": HAD, "d": HAD})
    words = ("--retry-failed", "--yes", "--endpoint-url", server.url)
    assert bulkeic("apply", "run.db", *words).code == 0
    assert bulkeic("export", "run.db", "--status", "pending").out == ""


def test_outcomes_can_be_selected_and_written_to_a_file(bulkeic: Bulkeic, server: Server) -> None:
    run_with_failures(bulkeic, server)
    result = bulkeic("export", "run.db", "--name", "[ab]", "--limit", 1, "--out", "some.csv")
    assert result.code == 0, result.err
    with (bulkeic.folder / "some.csv").open() as file:
        assert [row["function_name"] for row in csv.DictReader(file)] == ["a"]
    assert Path(bulkeic.folder / "some.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "targets.csv"], "--out 'targets.csv' exists already; use another file"),
        (["--out", "no/x.csv"], "--out 'no/x.csv' cannot be written: No such file or directory"),
        (["--format", "targets", "--out", "x.txt"], "the file ending is not a known format"),
        (["--seed", 1], "--seed requires --sample"),
    ],
)
def test_an_export_that_cannot_be_written_is_one_line(
    bulkeic: Bulkeic, server: Server, words: list[str], says: str
) -> None:
    run_with_failures(bulkeic, server)
    result = bulkeic("export", "run.db", *words)
    assert (result.code, len(result.lines)) == (2, 1), result.err
    assert says in result.lines[0]


def test_a_rollback_is_not_a_targets_file(bulkeic: Bulkeic, server: Server) -> None:
    run_with_failures(bulkeic, server)
    words = ("--yes", "--endpoint-url", server.url, "--run", "back.db")
    assert bulkeic("rollback", "run.db", *words).code == 0
    refused = bulkeic("export", "back.db", "--format", "targets")
    assert (refused.code, refused.out) == (2, "")
    assert "rolls back another run" in refused.lines[0]


def test_flags_that_are_not_in_the_rows_are_named(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\n")
    words = ("--sandbox", "--run", "run.db", "--create-missing")
    assert bulkeic("apply", "targets.csv", *words).code == 0
    result = bulkeic("export", "run.db", "--format", "targets", "--out", "t.csv")
    assert result.lines == ["note: the run was made with --create-missing; give them again"]


def run_with_two_codes(bulkeic: Bulkeic, server: Server) -> None:
    """``a`` to ``c`` have no configuration, ``d`` and ``e`` are denied, and ``f`` is updated."""
    load(server, {name: None if name in "abc" else HAD for name in "abcdef"})
    names = "".join(f"{name}\n" for name in "abcdef")
    bulkeic.write("targets.csv", f"FunctionName\n{names}")
    words = ("--maximum-retry-attempts", 1, "--yes", "--endpoint-url", server.url)
    some = bulkeic("plan", "targets.csv", "--run", "run.db", *words[:2], *words[3:])
    assert some.code == 1, some.err
    assert bulkeic("apply", "run.db", *words[2:], "--name", "f").code == 0
    server.window("faults", {"refuse": 1}, "PUT")
    result = bulkeic("apply", "run.db", *words[2:])
    server.window("faults", {}, "PUT")
    assert result.code == 1, result.err


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (["--error-code", MISSING], "abc"),
        (["--error-code", MISSING, "--error-code", DENIED], "abcde"),
        (["--error-code", DENIED, "--status", "failed"], "de"),
        (["--error-code", MISSING, "--status", "unknown"], ""),
        (["--error-code", MISSING, "--name", "!b", "--limit", 2], "ac"),
        (["--error-code", MISSING, "--limit", 2], "ab"),
        (["--error-code", DENIED, "--sample", "100%"], "de"),
    ],
)
def test_failed_jobs_are_selected_by_error_code(
    bulkeic: Bulkeic, server: Server, flags: list[object], names: str
) -> None:
    run_with_two_codes(bulkeic, server)

    result = bulkeic("export", "run.db", *flags)
    targets = bulkeic("export", "run.db", *flags, "--format", "targets")

    assert (result.code, targets.code) == (0, 0), result.err
    assert [json.loads(line)["function_name"] for line in result.out.splitlines()] == [*names]
    listed = csv.DictReader(targets.out.splitlines())
    assert [row["FunctionArn"].rpartition(":")[2] for row in listed] == [*names]
    assert result.lines[0].startswith(f"{6 - len(names)} target")


def test_a_code_that_nothing_failed_with_is_named(bulkeic: Bulkeic, server: Server) -> None:
    run_with_two_codes(bulkeic, server)
    result = bulkeic("export", "run.db", "--error-code", "Denied", "--error-code", MISSING)
    assert (result.code, len(result.out.splitlines())) == (0, 3)
    assert result.lines == [
        f"no failed target has the error code 'Denied'; the run has {DENIED} (2), {MISSING} (3)",
        "3 targets left out by the selection",
    ]
    refused = bulkeic("export", "run.db", "--error-code", MISSING, "--status", "pending")
    assert (refused.code, refused.lines) == (
        2,
        ["bulkeic: --error-code selects failed targets, and --status leaves them out; omit one"],
    )


def test_intact_outcomes_of_a_damaged_run_are_selected_by_error_code(
    bulkeic: Bulkeic, server: Server
) -> None:
    run_with_two_codes(bulkeic, server)
    path = bulkeic.folder / "run.db"
    path.write_bytes(path.read_bytes().replace(b"updated", b"created", 1))
    result = bulkeic("export", "run.db", "--error-code", MISSING)
    assert result.code == 1
    assert [json.loads(line)["function_name"] for line in result.out.splitlines()] == [
        "a",
        "b",
        "c",
    ]
    (line,) = result.lines
    assert line.endswith("exported 3 intact outcomes, left out 1 damaged; others may be missing")
