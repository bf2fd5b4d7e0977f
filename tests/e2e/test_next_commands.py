"""Every end names the next step, as a command that works as it is."""

import shlex

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import rows

FLAGS = ("--rate", 50, "--timeout", 5, "--role-session-name", "deploy-1")


def write(bulkeic: Bulkeic, *names: str) -> None:
    text = "".join(f"{name},1\n" for name in names)
    bulkeic.write("targets.csv", f"FunctionName,MaximumRetryAttempts\n{text}")


def steps(lines: list[str]) -> dict[str, str]:
    """Each step with its command, from the lines of an end."""
    found = (line.partition(" with: ") for line in lines)
    return {step: command for step, _, command in found if command.startswith("bulkeic ")}


def again(bulkeic: Bulkeic, command: str, *more: str) -> tuple[int, list[str]]:
    program, *words = shlex.split(command)
    assert program == "bulkeic"
    result = bulkeic(*words, *more)
    return result.code, result.lines


def test_a_run_that_ended_well_names_what_follows_with_its_flags(
    bulkeic: Bulkeic, server: Server
) -> None:
    write(bulkeic, "a", "b")
    common = ("--endpoint-url", server.url, *FLAGS)
    result = bulkeic(
        "apply", "targets.csv", "--yes", "--before-image", "--run", "my run.db", *common
    )

    assert result.code == 0, result.err
    found = steps(result.lines)
    assert list(found) == ["verify", "report", "roll back"]
    for step in ("verify", "roll back"):
        assert f"--endpoint-url {server.url}" in found[step]
        assert "--rate 50 --timeout 5" in found[step].replace("50.0", "50").replace("5.0", "5")
        assert "--role-session-name deploy-1" in found[step]
    report = bulkeic("report", "my run.db")
    assert steps(report.out.splitlines()) == {
        step: command for step, command in found.items() if step != "report"
    }
    assert again(bulkeic, found["verify"])[0] == 0
    assert again(bulkeic, found["report"])[0] == 0
    assert again(bulkeic, found["roll back"], "--yes")[0] == 0
    as_json = bulkeic("apply", "my run.db", "--yes", *common, "--output", "json").summary
    assert as_json["calls"] == 0
    assert as_json["total"]["calls"] == 4
    assert set(as_json["next"]) == {"verify", "report", "roll_back"}


def test_failed_targets_can_be_retried_with_the_command_of_the_end(
    bulkeic: Bulkeic, server: Server
) -> None:
    write(bulkeic, "a", "b", "c")
    server.window("faults", {"refuse": 1}, "PUT")
    words = ("--endpoint-url", server.url, "--max-denied", 0, "--results", "r.jsonl")
    first = bulkeic("apply", "targets.csv", "--yes", "--run", "run.db", *words)
    assert first.code == 1, first.err
    assert list(steps(first.lines)) == ["report", "retry"]
    assert any("need lambda:GetFunctionEventInvokeConfig" in line for line in first.lines)
    server.window("faults", {}, "PUT")

    code, lines = again(bulkeic, steps(first.lines)["retry"], "--yes", "--results", "r.jsonl")

    assert code == 0, lines
    assert "3 targets: 3 updated" in lines
    assert any(line.startswith("this session: 3 targets, 6 calls ") for line in lines)
    assert any(line.startswith("whole run: 9 calls ") for line in lines)
    assert [each["status"] for each in bulkeic.outcomes("r.jsonl")] == ["updated"] * 3
    assert rows(bulkeic.folder / "run.db", "SELECT count(*) FROM outcome") == [(3,)]


def test_retry_failed_requires_a_run_file(bulkeic: Bulkeic) -> None:
    write(bulkeic, "a")
    refused = bulkeic("apply", "targets.csv", "--sandbox", "--retry-failed")
    assert (refused.code, refused.lines) == (2, ["bulkeic: --retry-failed requires a run file"])


@pytest.mark.parametrize("planned", [True, False])
def test_the_end_of_a_verification_names_the_command_that_ends_the_drift(
    bulkeic: Bulkeic, server: Server, *, planned: bool
) -> None:
    bulkeic.write("targets.csv", "FunctionName\na\n")
    words = ("targets.csv", "--maximum-retry-attempts", 0, "--endpoint-url", server.url)
    verb = "plan" if planned else "verify"
    result = bulkeic(verb, *words, *(("--run", "run.db") if planned else ()))

    command = steps(result.lines)["apply"]
    assert result.lines[-1] == f"apply with: {command}"
    assert planned or "--maximum-retry-attempts 0" in command
    assert again(bulkeic, command, "--yes")[0] == 0
    assert bulkeic("verify", *words).code == 0
