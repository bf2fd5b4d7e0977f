"""A command imports only what it needs: the SDK takes longer than everything else."""

import pytest

from .conftest import Bulkeic, Result, Server

SDK = {"aiobotocore", "aiohttp", "botocore"}
WORK = {"bulkeic.app.run.session"}
SHOWN = {"rich", "structlog"}
WATCHERS = {"prometheus_client", "opentelemetry.sdk", "requests", "bulkeic.app.watching.run_meter"}
UNUSED = {"ijson", "jmespath", "hdrh", "importlib.metadata", "urllib3", "tenacity"}


def imported(result: Result) -> set[str]:
    lines = [line for line in result.lines if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def ran(bulkeic: Bulkeic, line: str) -> Result:
    bulkeic.write("bad.csv", "FunctionNam\nfn\n")
    bulkeic.write("good.csv", "FunctionName\nfn\n")
    return bulkeic(*line.split(), PYTHONPROFILEIMPORTTIME="1")


@pytest.mark.parametrize(
    ("line", "left_out"),
    [
        ("apply bad.csv --yes", SDK),
        ("plan bad.csv --sandbox", SDK),
        ("bench compare one.json two.json", SDK),
        ("report gone.db", SDK | WORK | SHOWN),
        ("export gone.db", SDK | WORK | SHOWN),
        ("sandbox --state gone.json", SDK | WORK | SHOWN),
    ],
)
def test_invalid_usage_is_refused_without_importing_the_sdk(
    bulkeic: Bulkeic, line: str, left_out: set[str]
) -> None:
    result = ran(bulkeic, line)

    assert result.code == 2, result.err
    assert "bulkeic.cli.process" in imported(result)
    assert not imported(result) & left_out


ROLE = "--role-arn arn:aws:iam::{account}:role/deployer"


@pytest.mark.parametrize("flags", ["--sandbox", "--endpoint-url URL", f"--endpoint-url URL {ROLE}"])
def test_a_command_calls_without_what_it_does_not_need(
    bulkeic: Bulkeic, server: Server, flags: str
) -> None:
    place = flags.replace("URL", server.url)
    line = f"apply good.csv {place} --yes --output json --maximum-retry-attempts 1"

    result = ran(bulkeic, line)

    assert result.code == 0, result.err
    assert result.summary["updated"] == 1
    assert imported(result) >= WORK
    assert not imported(result) & (SDK | SHOWN | UNUSED | WATCHERS) - (
        {"tenacity"} if ROLE in flags else set()
    )


def test_a_setting_that_only_the_sdk_understands_imports_the_sdk(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.env["AWS_MAX_ATTEMPTS"] = "1"

    result = ran(
        bulkeic,
        f"apply good.csv --endpoint-url {server.url} --yes --maximum-retry-attempts 1",
    )

    assert result.code == 0, result.err
    assert imported(result) >= SDK
