"""A run waits for the workers of a killed session on other machines, and for no others."""

import pytest

from bulkeic.core.leases.earlier_session import may_have_leases
from bulkeic.core.report.run_end import SessionRecord

FAR = ["--rate", "5", "--workers", "tls://scheduler:8786", "--yes"]


def session(words: list[str], ended: str | None = None) -> SessionRecord:
    return SessionRecord("apply", "2026-01-01T00:00:00.000Z", 1.0, ended, words=words)


@pytest.mark.parametrize(
    ("sessions", "waits"),
    [
        ([], False),
        ([session(FAR)], True),
        ([session(FAR, "done"), session(FAR)], True),
        ([session(FAR, "interrupted")], False),
        ([session(FAR), session([], "done")], False),
        ([session(["--workers", "2"])], False),
        ([session(["--run", "tls://x", "--yes"])], False),
        ([session(["--workers"])], False),
    ],
)
def test_only_a_killed_session_with_workers_elsewhere_is_waited_for(
    sessions: list[SessionRecord], *, waits: bool
) -> None:
    assert may_have_leases(sessions) is waits
