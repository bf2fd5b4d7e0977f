"""A source of credentials that fails never fails a job: lanes wait, then stop, and can resume."""

from collections.abc import Iterator

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .credential_sources import CANARY, KINDS, RUNS_BEFORE, Source, all_text, open_source

TARGETS = 60
# The SDK goes on with the expired keys of IMDS, on purpose.
LASTING = [
    (kind, mode)
    for kind in KINDS
    for mode in ("always", "garbage", "expired")
    if (kind, mode) != ("imds", "expired")
]
REASONS = {
    ("process", "always"): "credential_process ended with exit code 3",
    ("process", "garbage"): "credential_process printed no JSON",
    ("container", "always"): "container-role gave no credentials",
}
MOST_RUNS = 12


@pytest.fixture
def source(request: pytest.FixtureRequest, bulkeic: Bulkeic) -> Iterator[Source]:
    rows = [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f{number}" for number in range(TARGETS)]
    bulkeic.write("targets.csv", "\n".join(["FunctionArn", *rows, ""]))
    with open_source(request.param, bulkeic) as opened:
        yield opened


def apply(bulkeic: Bulkeic, source: Source, url: str, *words: object) -> Result:
    return bulkeic(
        "apply", "--yes", "--endpoint-url", url, "--output", "json", "--give-up-after", 1,
        "--rate", "unlimited", "--log-level", "debug", *words, **source.env,
    )  # fmt: skip


def start(bulkeic: Bulkeic, source: Source, url: str, *more: object) -> Result:
    return apply(
        bulkeic, source, url, "targets.csv", "--run", "run.db", "--results", "r.jsonl",
        "--maximum-retry-attempts", 1, "--no-before-image", *more,
    )  # fmt: skip


def assert_no_canary(bulkeic: Bulkeic, *results: Result) -> None:
    for result in results:
        assert CANARY not in result.out + result.err
    assert CANARY.encode() not in all_text(bulkeic.folder)


@pytest.mark.parametrize("mode", ["once", "slow"])
@pytest.mark.parametrize(
    ("source", "after"),
    [*((kind, 0) for kind in KINDS), *RUNS_BEFORE.items()],
    indirect=["source"],
)
def test_a_source_that_fails_once_or_is_slow_delays_the_jobs(
    bulkeic: Bulkeic, server: Server, source: Source, mode: str, after: int
) -> None:
    source.fail(mode, after=after)

    result = start(bulkeic, source, server.url, "--give-up-after", 30)

    assert result.code == 0, result.err
    assert (result.summary["updated"], result.summary["failed"]) == (TARGETS, 0)
    assert {outcome["attempts"] for outcome in bulkeic.outcomes("r.jsonl")} == {1}
    assert server.calls() == TARGETS
    assert source.runs() <= MOST_RUNS
    assert_no_canary(bulkeic, result)


@pytest.mark.parametrize(
    ("source", "mode"), [case for case in LASTING if case[0] in RUNS_BEFORE], indirect=["source"]
)
def test_a_source_that_always_fails_in_the_run_leaves_all_jobs_pending(
    bulkeic: Bulkeic,
    server: Server,
    source: Source,
    mode: str,
    request: pytest.FixtureRequest,
) -> None:
    kind = request.node.callspec.params["source"]
    source.fail(mode, after=RUNS_BEFORE[kind])

    result = start(bulkeic, source, server.url)

    assert result.code == 3, result.err
    summary = result.summary
    assert (summary["updated"], summary["failed"], summary["pending"]) == (0, 0, TARGETS)
    assert server.calls() == 0
    assert source.runs() <= MOST_RUNS
    (stopped,) = [line for line in result.lines if line.startswith("lane ")]
    assert "stopped: no credentials for 1 s: no usable AWS credentials" in stopped
    assert REASONS.get((kind, mode), "") in stopped

    source.fail("ok")
    resumed = apply(bulkeic, source, server.url, "run.db")

    assert resumed.code == 0, resumed.err
    assert (resumed.summary["updated"], resumed.summary["failed"]) == (TARGETS, 0)
    assert_no_canary(bulkeic, result, resumed)


@pytest.mark.parametrize(("source", "mode"), LASTING, indirect=["source"])
def test_a_source_that_always_fails_before_the_run_is_one_line_and_nothing_is_sent(
    bulkeic: Bulkeic, server: Server, source: Source, mode: str
) -> None:
    source.fail(mode)

    result = start(bulkeic, source, server.url)

    assert result.code == 2, result.err
    assert "no usable AWS credentials" in result.lines[-1]
    assert sum(server.stats()["by_operation"].values()) == 0
    assert source.runs() <= MOST_RUNS
    assert_no_canary(bulkeic, result)


@pytest.mark.parametrize("source", ["process"], indirect=True)
def test_a_process_that_hangs_in_the_run_leaves_all_jobs_pending(
    bulkeic: Bulkeic, server: Server, source: Source
) -> None:
    source.fail("hangs", after=RUNS_BEFORE["process"])

    result = apply(
        bulkeic, source, server.url, "targets.csv", "--maximum-retry-attempts", 1, "--timeout", 1
    )

    assert result.code == 3, result.err
    assert (result.summary["failed"], result.summary["pending"]) == (0, TARGETS)
    assert "their source did not answer in time" in result.err
