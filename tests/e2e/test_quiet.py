"""At the default level, a rollout with trouble everywhere prints a page, not a log."""

import json
from collections.abc import Callable

from .conftest import Bulkeic, Server

LANES, EACH = 800, 5
LINES = 40
LINES_OF_AN_ERROR = 4
"""Of a third kind of error, which random faults can bring."""
FIRST = 100_000_000_000


def write_fleet(bulkeic: Bulkeic) -> None:
    """4,000 targets over 800 lanes: 400 accounts in two Regions."""
    rows = [
        f"fn-{number},{region},{account},arn:aws:iam::{account}:role/x"
        for account in range(FIRST, FIRST + LANES // 2)
        for region in ("us-east-1", "eu-west-1")
        for number in range(EACH)
    ]
    text = "FunctionName,Region,AccountId,RoleArn\n" + "\n".join(rows)
    bulkeic.write("targets.csv", f"{text}\n")


def test_a_rollout_with_faults_prints_at_most_forty_lines(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    server = sandbox("--rate", 20, "--throttle", 0.05, "--refuse", 0.03, "--error", 0.03)
    write_fleet(bulkeic)
    refused = {f"{FIRST + account}/eu-west-1": {"refuse": 1} for account in range(40)}
    server.window(
        "faults", {"throttle": 0.05, "refuse": 0.03, "error": 0.03, "lanes": refused}, "PUT"
    )

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--rate", 50, "--concurrency", 256, "--max-denied", 3, "--max-attempts", 2,
        "--endpoint-url", server.url, "--output", "json",
    )  # fmt: skip

    assert result.code == 3, result.err
    summary = json.loads(result.out)
    assert (summary["targets"], summary["lanes"]) == (LANES * EACH, LANES)
    assert summary["throttles"] > 100
    assert summary["failed"] > 50
    assert summary["pending"] >= 40 * EACH - 40
    more = LINES_OF_AN_ERROR * max(0, len(summary["errors"]) - 2)
    assert len(result.lines) <= LINES + more, result.err
    assert result.lines[-1] == f"resume with: {summary['next']['resume']}"
