"""Missing permissions and untrusted servers: a lane stops, and no job fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.certificate import write_certificate

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .rollout_helpers import rows, until, write_rows

Start = Callable[..., Server]
OTHER = "eu-west-1"
EACH = 60


def begin(bulkeic: Bulkeic, url: str, *words: object, **env: str | None) -> Result:
    return bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", url, "--run", "run.db", "--results",
        "r.jsonl", "--maximum-retry-attempts", 1, "--rate", "unlimited", "--output", "json",
        "--no-before-image", *words, **env,
    )  # fmt: skip


def carry_on(bulkeic: Bulkeic, url: str, **env: str | None) -> Result:
    return bulkeic(
        "apply", "run.db", "--yes", "--endpoint-url", url, "--rate", "unlimited", "--results",
        "r.jsonl", "--output", "json", **env,
    )  # fmt: skip


def refuse(server: Server, likelihood: float) -> None:
    """Revokes a permission in one lane, or grants it again."""
    lanes = {f"{ACCOUNT}/{OTHER}": {"refuse": likelihood, "rate": "unlimited"}}
    server.window("faults", {"lanes": lanes}, "PUT")


def test_a_lane_without_permission_stops_and_can_be_resumed_with_it(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, (REGION, OTHER), EACH)
    refuse(server, 1)

    result = begin(bulkeic, server.url, "--concurrency", 16)

    assert result.code == 3, result.err
    summary = result.summary
    assert (summary["updated"], summary["failed"], summary["pending"]) == (EACH, 0, EACH)
    (stopped,) = [line for line in result.lines if line.startswith("lane ")]
    assert stopped.startswith(
        f"lane {ACCOUNT}/{OTHER} stopped: 20 jobs in a row were denied: AccessDeniedException: "
    )
    assert "is not authorized to perform: lambda:UpdateFunctionEventInvokeConfig" in stopped
    assert stopped.endswith("; its jobs are pending")
    assert server.stats()["by_status"]["403"] < 20 + 16  # with all that were in flight
    report = bulkeic("report", "run.db").out
    assert (
        f": 1 lane stopped, for example {ACCOUNT}/{OTHER}: 20 jobs in a row were denied: " in report
    )
    assert (
        "docs/reference/permissions.md lists the permissions of each command; with --max"
        in result.err
    )

    refuse(server, 0)
    resumed = carry_on(bulkeic, server.url)

    assert resumed.code == 0, resumed.err
    assert resumed.summary["updated"] == 2 * EACH
    seqs = [outcome["seq"] for outcome in bulkeic.outcomes("r.jsonl")]
    assert sorted(seqs) == list(range(2 * EACH))


def test_a_permission_lost_during_the_run_loses_no_job(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, (OTHER,), 400)
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--rate", 50, "--burst", 1,
    )  # fmt: skip
    until(lambda: server.calls() >= 20, "20 calls")
    refuse(server, 1)

    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    statuses = rows(bulkeic.folder / "run.db", "SELECT DISTINCT status FROM outcome")
    assert statuses == [("updated",)]
    refuse(server, 0)
    resumed = carry_on(bulkeic, server.url)
    assert resumed.code == 0, resumed.err
    assert resumed.summary["updated"] == 400


def test_denied_targets_can_fail_one_by_one(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, (OTHER,), EACH)
    refuse(server, 1)

    result = begin(bulkeic, server.url, "--max-denied", 0)

    assert result.code == 1, result.err
    assert result.summary["errors"] == {"AccessDeniedException": EACH}


def test_keys_that_lambda_refuses_stop_the_run(
    bulkeic: Bulkeic, server: Server, sandbox: Start
) -> None:
    write_rows(bulkeic, (REGION,), EACH)
    other = sandbox("--secret", "of before")

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--output", "json", "--maximum-retry-attempts", 1,
        AWS_ENDPOINT_URL_STS=server.url, AWS_ENDPOINT_URL_LAMBDA=other.url,
    )  # fmt: skip

    assert result.code == 3, result.err
    assert (result.summary["failed"], result.summary["pending"]) == (0, EACH)
    assert "20 jobs in a row were denied: InvalidSignatureException: " in result.err


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "ca.pem")


def test_a_server_with_an_untrusted_certificate_is_called_once(
    bulkeic: Bulkeic, sandbox: Start, server: Server, certificate: Path
) -> None:
    secure = sandbox("--rate", "unlimited", "--tls-cert", certificate)
    write_rows(bulkeic, (REGION,), EACH)
    apart = {"AWS_ENDPOINT_URL_STS": server.url, "AWS_ENDPOINT_URL_LAMBDA": secure.url}

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--output", "json", **apart,
    )  # fmt: skip

    assert result.code == 3, result.err
    summary = result.summary
    assert (summary["failed"], summary["pending"], summary["calls"]) == (0, EACH, 0)
    assert summary["elapsed_s"] < 40  # of 120 until it gives up
    (stopped,) = [line for line in result.lines if line.startswith("lane ")]
    assert "CERTIFICATE_VERIFY_FAILED" in stopped
    assert "set AWS_CA_BUNDLE to a file that contains the CA" in stopped

    trusted = bulkeic(
        "apply", "run.db", "--yes", "--rate", "unlimited", **apart,
        AWS_CA_BUNDLE=str(certificate),
    )  # fmt: skip
    assert trusted.code == 0, trusted.err


def test_an_untrusted_sts_is_one_line_at_once(
    bulkeic: Bulkeic, sandbox: Start, certificate: Path
) -> None:
    server = sandbox("--tls-cert", certificate)
    write_rows(bulkeic, (REGION,), 3)

    result = begin(bulkeic, server.url)

    assert result.code == 2, result.err
    (line,) = result.lines
    assert line.startswith("bulkeic: STS cannot be reached: ")
    assert "CERTIFICATE_VERIFY_FAILED" in line
    assert "AWS_CA_BUNDLE" in line
    # The role of a profile is assumed after that; its account's lane stops, and nothing fails.
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    bulkeic.write("targets.csv", f"FunctionName\narn:aws:lambda:{REGION}:{ACCOUNT}:function:fn\n")
    bulkeic.write("accounts.csv", f"AccountId,RoleArn,Profile\n{ACCOUNT},{role},own\n")
    keys = "aws_access_key_id = AKIA\naws_secret_access_key = secret\n"
    config = bulkeic.write("config", f"[profile own]\n{keys}")
    result = begin(bulkeic, server.url, "--accounts", "accounts.csv", AWS_CONFIG_FILE=str(config))
    assert result.code == 3, result.err
    assert (result.summary["failed"], result.summary["pending"]) == (0, 1)
    assert "CERTIFICATE_VERIFY_FAILED" in result.err
