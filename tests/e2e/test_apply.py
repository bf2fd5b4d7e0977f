"""The main job: a targets file in, every function updated, all outcomes reported."""

import csv
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from bulkeic.core.outcome_fields import OUTCOME_FIELDS

from .conftest import ACCOUNT, REGION, Bulkeic, Server

TARGETS = """\
FunctionName,Qualifier,MaximumRetryAttempts,MaximumEventAgeInSeconds,OnSuccess,OnFailure
orders,,1,3600,,arn:aws:sqs:us-east-1:123456789012:dead
billing:live,,0,,none,
arn:aws:lambda:eu-west-1:123456789012:function:mail,7,2,60,,none
"""
SUMMARY_FIELDS = [
    "run", "targets", "updated", "created", "unchanged", "not_matched", "failed", "unknown",
    "invalid", "pending", "left_out", "calls", "throttles", "conflicts", "retries", "elapsed_s",
    "targets_per_s", "total", "lanes", "errors", "next", "can_be_rolled_back", "exit_code",
]  # fmt: skip
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def state(server: Server) -> Any:
    return server.window("state")


def test_every_target_is_updated_and_reported(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", TARGETS)

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--results", "results.jsonl", "--output", "json",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert list(result.summary) == SUMMARY_FIELDS
    assert result.summary["run"] == "run.db"
    assert result.summary["targets"] == result.summary["updated"] == 3
    assert result.summary["calls"] == 6  # each names one half of its destinations
    assert result.summary["lanes"] == 2
    outcomes = sorted(bulkeic.outcomes("results.jsonl"), key=lambda outcome: outcome["seq"])
    assert [list(outcome) for outcome in outcomes] == [list(OUTCOME_FIELDS)] * 3
    first, second, third = outcomes
    assert first["source"] == "targets.csv:2"
    assert first["function_name"] == "orders"
    assert first["function_arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    assert (first["qualifier"], first["account_id"]) == ("$LATEST", ACCOUNT)
    assert (first["status"], first["attempts"], first["http_status"]) == ("updated", 2, 200)
    assert first["error_code"] is first["error_message"] is None
    assert RFC3339.fullmatch(first["started_at"])
    assert RFC3339.fullmatch(first["config"]["LastModified"])
    assert 0 <= first["call_s"] <= first["duration_s"]
    destinations = {
        "OnSuccess": {},
        "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"},
    }
    assert first["settings"] == {
        "MaximumRetryAttempts": 1,
        "MaximumEventAgeInSeconds": 3600,
        "DestinationConfig": destinations,
    }
    assert first["config"]["DestinationConfig"] == destinations
    assert first["before"]["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert (second["function_name"], second["qualifier"]) == ("billing:live", "live")
    assert second["settings"]["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert (third["region"], third["qualifier"]) == ("eu-west-1", "7")
    assert third["config"]["FunctionArn"].endswith(":function:mail:7")


def test_flags_are_defaults_that_a_row_beats(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nown,2\nflag,\n")

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--results", "r.jsonl",
        "--maximum-retry-attempts", 0, "--maximum-event-age-in-seconds", 99, "--on-failure", "none",
    )  # fmt: skip

    assert result.code == 0, result.err
    sent = {
        outcome["function_name"]: outcome["settings"] for outcome in bulkeic.outcomes("r.jsonl")
    }
    assert sent["own"]["MaximumRetryAttempts"] == 2
    assert sent["flag"]["MaximumRetryAttempts"] == 0
    assert sent["own"]["MaximumEventAgeInSeconds"] == 99
    assert sent["own"]["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}


def test_sts_is_called_once_for_names_without_an_account(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,us-east-1\nc,eu-west-1\n")

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url,
        "--maximum-retry-attempts", 1, "--results", "r.jsonl",
        AWS_ACCESS_KEY_ID="AKIA210987654321",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert server.calls("GetCallerIdentity") == 1
    assert {outcome["account_id"] for outcome in bulkeic.outcomes("r.jsonl")} == {"210987654321"}


def test_failures_are_reported_and_not_retried(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    bulkeic.write("there.csv", "FunctionName\ngood\nnew-unconfigured\n")
    server = sandbox("--rate", "unlimited", "--targets", "there.csv")
    bulkeic.write("targets.csv", "FunctionName\ngood\ngone\nnew-unconfigured\n")

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--output", "json", "--no-before-image",
    )  # fmt: skip

    assert result.code == 1
    assert result.summary["errors"] == {"ResourceNotFoundException": 2}
    assert result.summary["failed"] == 2
    assert server.calls() == 3
    failed = bulkeic("export", "run.db", "--status", "failed")
    codes = [json.loads(line)["error_message"] for line in failed.out.splitlines()]
    assert codes[0] == "The function doesn't exist."
    assert codes[1].endswith("doesn't have an EventInvokeConfig")
    events = [json.loads(line) for line in result.lines if line.startswith("{")]
    assert [(event["event"], event["function"], event["code"]) for event in events] == [
        ("failed", "gone", "ResourceNotFoundException"),
        ("failed", "new-unconfigured", "ResourceNotFoundException"),
    ]
    assert events[0]["lane"] == f"{ACCOUNT}/{REGION}"


def test_the_embedded_sandbox_needs_no_credentials_and_no_answer(bulkeic: Bulkeic) -> None:
    lanes = [(account, region) for account in ("111122223333", "444455556666")
             for region in ("us-east-1", "cn-north-1")]  # fmt: skip
    lines = ["FunctionName,AccountId,Region,MaximumRetryAttempts"]
    lines += [f"f{number},{','.join(lane)},1" for number in range(4) for lane in lanes]
    bulkeic.write("targets.csv", "\n".join(lines))
    nothing = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"))

    result = bulkeic("apply", "targets.csv", "--sandbox", "--output", "json", **nothing)

    assert result.code == 0, result.err
    assert (result.summary["updated"], result.summary["lanes"]) == (16, 4)
    assert "on the sandbox" in result.err


def test_results_and_export_are_equal_in_both_formats(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", TARGETS)
    bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--results", "r.csv",
    )  # fmt: skip

    with (bulkeic.folder / "r.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: int(row["seq"]))
    exported = bulkeic("export", "run.db", "--format", "csv").out
    jsonl = [json.loads(line) for line in bulkeic("export", "run.db").out.splitlines()]

    assert rows == list(csv.DictReader(exported.splitlines()))
    assert list(rows[0]) == list(OUTCOME_FIELDS)
    assert [row["source"] for row in rows] == [outcome["source"] for outcome in jsonl]
    assert [json.loads(row["config"]) for row in rows] == [outcome["config"] for outcome in jsonl]


def test_results_on_stdout_are_nothing_but_results(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", TARGETS)

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--results", "-"
    )

    assert {json.loads(line)["seq"] for line in result.out.splitlines()} == {0, 1, 2}
    both = bulkeic("apply", "targets.csv", "--yes", "--results", "-", "--output", "json")
    assert both.code == 2
    assert "both write to stdout" in both.err


def test_a_csv_cell_never_starts_a_formula(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region,MaximumRetryAttempts\n=1+1,us-east-1,1\n")

    result = bulkeic("apply", "targets.csv", "--sandbox", "--skip-invalid", "--results", "r.csv")

    assert result.code == 1
    assert ',"\'=1+1",' in (bulkeic.folder / "r.csv").read_text()


def test_report_has_sessions_counts_and_examples(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName\ngood\nbad-missing\n")
    bulkeic("apply", "targets.csv", "--sandbox", "--run", "run.db", "--maximum-retry-attempts", 1)

    result = bulkeic("report", "run.db")

    assert result.code == 0
    assert result.err == ""
    assert "targets.csv, on the sandbox" in result.out
    assert ": done" in result.out
    assert "2 targets: 1 updated, 1 failed" in result.out
    assert "1 ResourceNotFoundException, for example targets.csv:3 bad-missing" in result.out


def test_a_run_file_is_private_and_plain_sqlite(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", TARGETS)
    bulkeic("apply", "targets.csv", "--sandbox", "--results", "r.jsonl")

    (path,) = (bulkeic.folder / "bulkeic-runs").glob("*.db")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (bulkeic.folder / "r.jsonl").stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d+Z\.db", path.name)
    database = sqlite3.connect(path)
    try:
        rows = database.execute("SELECT function, status FROM result ORDER BY seq").fetchall()
        assert rows == [("orders", "updated"), ("billing", "updated"), ("mail", "updated")]
        assert database.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    finally:
        database.close()


@pytest.mark.parametrize("word", ["-h", "--help", "--version"])
def test_help_and_version_exit_with_0(bulkeic: Bulkeic, word: str) -> None:
    result = bulkeic(word)

    assert (result.code, result.err) == (0, "")
    assert "bulkeic" in result.out


def test_the_summary_of_a_run_names_elapsed_time_and_rate(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName\n" + "\n".join(f"f{n}" for n in range(30)))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--output", "json",
        "--maximum-retry-attempts", 1, "--rate", 20, "--burst", 10,
    )  # fmt: skip

    # 20 targets beyond the burst at 20 a second take a second, whatever the machine.
    assert result.summary["elapsed_s"] >= 0.95
    expected = 30 / result.summary["elapsed_s"]
    assert result.summary["targets_per_s"] == pytest.approx(expected, rel=0.01)
