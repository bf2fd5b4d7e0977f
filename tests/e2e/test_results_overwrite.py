"""Nothing is overwritten or emptied by accident: results files, and input without targets."""

from pathlib import Path

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import exported, resume, words

TARGETS = "FunctionName\nfn-0\nfn-1\n"
THEIRS = "their,own\nwork,1\n"


def refusal(name: str) -> str:
    return (
        f"bulkeic: --results '{name}' exists already, and this run did not start it; "
        "use another file, or replace it with --overwrite"
    )


@pytest.mark.parametrize("command", ["apply", "verify", "rollback", "resume"])
def test_a_results_file_of_another_run_is_refused_and_left_alone(
    bulkeic: Bulkeic, server: Server, command: str
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    theirs = bulkeic.write("r.csv", THEIRS)
    assert bulkeic(*words(server, "--yes")).code == 0
    ends = ("--endpoint-url", server.url, "--results", "r.csv")
    commands = {
        "apply": ("apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, *ends),
        "verify": ("verify", "targets.csv", "--maximum-retry-attempts", 1, *ends),
        "rollback": ("rollback", "run.db", "--yes", "--run", "back.db", *ends),
        "resume": resume(server, "--yes", "--results", "r.csv"),
    }
    sent = server.stats()["calls"]

    refused = bulkeic(*commands[command])

    assert (refused.code, refused.lines) == (2, [refusal("r.csv")])
    assert theirs.read_text() == THEIRS
    assert server.stats()["calls"] == sent
    assert not (bulkeic.folder / "back.db").exists()

    replaced = bulkeic(*commands[command], "--overwrite")

    assert replaced.code == 0, replaced.err
    assert len(theirs.read_text().splitlines()) == 3
    assert "their" not in theirs.read_text()


def test_a_run_writes_to_its_own_results_file_and_to_an_empty_one(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    bulkeic.write("r.jsonl", "")

    assert bulkeic(*words(server, "--yes", "--results", "r.jsonl")).code == 0
    again = bulkeic(*resume(server, "--yes", "--results", "r.jsonl"))

    assert again.code == 0, again.err
    assert sorted(one["seq"] for one in bulkeic.outcomes("r.jsonl")) == [0, 1]
    assert len(exported(bulkeic)) == 2


def test_a_device_is_no_file_to_protect(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", TARGETS)
    Path(bulkeic.folder / "null.jsonl").symlink_to("/dev/null")

    assert bulkeic(*words(server, "--yes", "--results", "null.jsonl")).code == 0


EMPTY = {
    "none.csv": "FunctionName,MaximumRetryAttempts\n", "none.json": "[]", "none.jsonl": "\n",
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.parametrize("command", ["apply", "plan", "verify"])
def test_input_without_targets_is_refused_unless_allowed(
    bulkeic: Bulkeic, name: str, command: str
) -> None:
    bulkeic.write(name, EMPTY[name])

    refused = bulkeic(command, name, "--sandbox")
    allowed = bulkeic(command, name, "--sandbox", "--allow-empty", "--output", "json")

    assert refused.code == 2
    assert refused.lines == [
        f"bulkeic: {name} has no targets; use --allow-empty if it may be empty"
    ]
    assert allowed.code == 0, allowed.err
    assert allowed.summary["targets"] == 0
