"""``failed`` means not changed, also where answers are garbage, cut or late."""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .rollout_helpers import until

Start = Callable[..., Server]
LANE = f"{ACCOUNT}/{REGION}"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"


def write_targets(bulkeic: Bulkeic, count: int) -> None:
    names = "\n".join(f"fn-{number}" for number in range(count))
    bulkeic.write("targets.csv", f"FunctionName\n{names}\n")


def apply(bulkeic: Bulkeic, server: Server, *words: object) -> Result:
    return bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--rate", "unlimited", "--output", "json", *words,
    )  # fmt: skip


def retries_of(server: Server) -> dict[str, Any]:
    """The retries of each function; the sandbox's functions have two at first."""
    functions = server.window("state").get(LANE, {})
    return {name: found["$LATEST"]["MaximumRetryAttempts"] for name, found in functions.items()}


@pytest.mark.parametrize("before_image", [True, False], ids=["before-image", "plain"])
def test_outcomes_are_true_where_half_of_the_answers_are_lost(
    bulkeic: Bulkeic, sandbox: Start, *, before_image: bool
) -> None:
    server = sandbox("--rate", "unlimited", "--garbage", 0.3, "--cut-after", 0.2, "--seed", 5)
    write_targets(bulkeic, 80)
    image = ("--before-image",) if before_image else ()

    result = apply(
        bulkeic, server, "--maximum-retry-attempts", 1, "--max-attempts", 1, "--results",
        "r.jsonl", *image,
    )  # fmt: skip

    outcomes, has = bulkeic.outcomes("r.jsonl"), retries_of(server)
    allowed = {"updated": {1}, "failed": {2}, "unknown": {1, 2}}
    for outcome in outcomes:
        found = has.get(outcome["function_name"], 2)
        assert found in allowed[outcome["status"]], outcome
    statuses = [outcome["status"] for outcome in outcomes]
    counts = {status: statuses.count(status) for status in allowed}
    assert counts["unknown"] > 0
    assert counts == {status: result.summary[status] for status in allowed}
    assert result.code == result.summary["exit_code"] == 1
    notes = [each["error_message"] for each in outcomes if each["status"] == "updated"]
    assert any(note and note.startswith("the change is made; ") for note in notes)
    exported = bulkeic("export", "run.db", "--status", "unknown").out.splitlines()
    assert {json.loads(line)["error_code"] for line in exported} == {"OutcomeUnknown"}
    assert len(exported) == counts["unknown"]
    assert f"{counts['unknown']} unknown" in result.err
    if before_image:
        server.window("faults", {}, "PUT")
        ends = ("--yes", "--endpoint-url", server.url, "--rate", "unlimited")
        assert bulkeic("rollback", "run.db", *ends).code == 0
        assert set(retries_of(server).values()) == {2}


def test_a_busy_account_consumes_no_attempts(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--throttle", 0.2, "--conflict", 0.2, "--seed", 5)
    write_targets(bulkeic, 30)

    result = apply(bulkeic, server, "--maximum-retry-attempts", 1, "--max-attempts", 1)

    assert result.code == 0, result.err
    assert result.summary["updated"] == 30
    assert result.summary["throttles"] + result.summary["conflicts"] >= 5


def test_without_a_throttle_budget_a_throttled_target_fails(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox("--rate", "unlimited", "--throttle", 1)
    write_targets(bulkeic, 3)

    result = apply(bulkeic, server, "--maximum-retry-attempts", 1, "--throttle-budget", 0,
        "--no-before-image",
    )  # fmt: skip

    assert result.code == 1
    assert result.summary["errors"] == {"TooManyRequestsException": 3}
    assert server.calls() == 3


def test_a_new_destination_is_retried_until_iam_knows_it(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--iam-propagation", 2)
    write_targets(bulkeic, 1)
    replace = "--replace-destinations"

    refused = apply(bulkeic, server, replace, "--on-failure", QUEUE)

    assert refused.code == 1
    assert refused.summary["errors"] == {"InvalidParameterValueException": 1}
    (bulkeic.folder / "run.db").unlink()

    waited = apply(
        bulkeic, server, replace, "--on-failure", f"{QUEUE}-2", "--wait-for-iam", "60s",
        "--max-attempts", 1,
    )  # fmt: skip

    assert waited.code == 0, waited.err
    assert waited.summary["updated"] == 1
    assert server.calls() > 2


def test_a_suspended_process_does_not_blame_the_server(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 20)
    server.window("faults", {"hang": 1}, "PUT")
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--timeout", 4, "--give-up-after", 7,
    )  # fmt: skip
    until(lambda: server.window("stats")["calls"] > 0, "a call is in flight")
    os.kill(process.pid, signal.SIGSTOP)
    stopped_at = time.monotonic()
    server.window("faults", {}, "PUT")
    until(lambda: time.monotonic() > stopped_at + 9, "more than --give-up-after is over")
    os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=50)

    assert process.returncode == 0, err
    assert "20 targets: 20 updated" in err
