"""``apply RUN --retry-failed``: what failed is applied again, and the run keeps what it was."""

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import load, rows

HAD, SET = {"MaximumRetryAttempts": 2}, {"MaximumRetryAttempts": 1}
CODE = "ResourceNotFoundException"


def apply_with_failures(bulkeic: Bulkeic, server: Server, *more: object) -> None:
    """Applies a run in which ``a`` and ``c`` fail, because they have no configuration."""
    load(server, {"a": None, "b": HAD, "c": None, "d": HAD})
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\nb,1\nc,1\nd,1\n")
    words = ("--run", "run.db", "--yes", "--endpoint-url", server.url)
    result = bulkeic("apply", "targets.csv", *words, *more)
    assert result.code == 1, result.err


def retry(server: Server, *more: object) -> tuple[object, ...]:
    return ("apply", "run.db", "--retry-failed", "--endpoint-url", server.url, *more)


def test_what_failed_is_applied_again_and_report_shows_both_ends(
    bulkeic: Bulkeic, server: Server
) -> None:
    apply_with_failures(bulkeic, server)
    assert "retry 1" not in bulkeic("report", "run.db").out
    load(server, {"a": HAD, "b": HAD, "c": None, "d": HAD})

    second = bulkeic(*retry(server, "--yes", "--output", "json"))
    load(server, {"a": HAD, "b": HAD, "c": HAD, "d": HAD})
    third = bulkeic(*retry(server, "--yes", "--error-code", CODE, "--output", "json"))

    assert (second.code, second.summary["updated"], second.summary["failed"]) == (1, 3, 1)
    assert (third.code, third.summary["updated"], third.summary["errors"]) == (0, 4, {})
    report = bulkeic("report", "run.db").out.splitlines()
    heads = [line.partition(": ")[2] for line in report if line.startswith("retry ")]
    assert heads == ["2 failed targets", "1 failed target"]
    assert [line.split()[:2] for line in report if f" {CODE}, started" in line] == [
        ["2", f"{CODE},"],
        ["1", f"{CODE},"],
    ]
    kept = rows(bulkeic.folder / "run.db", "SELECT retry, seq, error_code FROM earlier_outcome")
    assert sorted(kept) == [(1, 0, CODE), (1, 2, CODE), (2, 2, CODE)]


def test_a_code_that_no_failed_target_has_retries_nothing(bulkeic: Bulkeic, server: Server) -> None:
    apply_with_failures(bulkeic, server)
    calls = server.calls()
    result = bulkeic(*retry(server, "--error-code", "Throttled"))
    assert result.code == 1, result.err
    assert (
        f"no failed target has the error code 'Throttled'; the run has {CODE} (2)" in result.lines
    )
    assert "nothing left to do" in result.lines
    assert server.calls() == calls


def test_a_retry_that_is_declined_leaves_the_run_as_it_was(
    bulkeic: Bulkeic, server: Server
) -> None:
    apply_with_failures(bulkeic, server)
    before = bulkeic("export", "run.db").out
    code, screen = bulkeic.asked("n\n", *retry(server))
    assert (code, b"nothing was sent" in screen) == (3, True)
    assert bulkeic("export", "run.db").out == before
    assert "retry 1" not in bulkeic("report", "run.db").out


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({}, "stdin is not a terminal; use --yes to start without being asked"),
        ({"AWS_ACCESS_KEY_ID": "AKIA999999999999"}, "these credentials belong to"),
    ],
)
def test_a_retry_needs_a_yes_and_the_account_that_made_the_run(
    bulkeic: Bulkeic, server: Server, env: dict[str, str], says: str
) -> None:
    apply_with_failures(bulkeic, server)
    before = bulkeic("export", "run.db").out
    result = bulkeic(*retry(server), *(["--yes"] if env else []), **env)
    assert result.code == 2, result.err
    assert says in result.lines[-1]
    assert bulkeic("export", "run.db").out == before


def test_a_wave_with_retried_targets_is_verified_again(bulkeic: Bulkeic, server: Server) -> None:
    apply_with_failures(bulkeic, server, "--waves", "1,100%", "--max-failures", 5)
    query = "SELECT number, verified FROM wave ORDER BY number"
    assert rows(bulkeic.folder / "run.db", query) == [(1, 0), (2, 2)]
    load(server, {"a": HAD, "b": SET, "c": None, "d": SET})
    result = bulkeic(*retry(server, "--yes", "--max-failures", 5))
    assert result.code == 1, result.err
    assert rows(bulkeic.folder / "run.db", query) == [(1, 1), (2, 2)]


def test_error_code_requires_retry_failed(bulkeic: Bulkeic) -> None:
    refused = bulkeic("apply", "run.db", "--sandbox", "--error-code", "X")
    assert (refused.code, refused.lines) == (2, ["bulkeic: --error-code requires --retry-failed"])
