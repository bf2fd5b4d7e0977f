"""The process of a gate: its secrets are removed, and a shell that is missing halts the run."""

from collections.abc import Iterable

import anyio
import pytest

from bulkeic.app.rollout import gate_process
from bulkeic.app.setup import shell_process
from bulkeic.aws.answers.sanitizer import register_secrets
from bulkeic.core.rollout.gates import GateEnd, GateResult

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"


class Owner:
    def secrets(self) -> Iterable[str]:
        return [SECRET]


async def test_secrets_are_removed_from_the_output_also_at_its_cut() -> None:
    owner = Owner()
    register_secrets(owner)
    for missing in range(len(SECRET) + 2):
        kept = gate_process.OUTPUT_BYTES - missing
        command = f"echo {SECRET}; head -c {kept} /dev/zero | tr '\\0' x"
        result = await gate_process.ask_gate(command, b"{}", 30)
        assert result.end is GateEnd.EXITED
        assert not any(SECRET[at : at + 8] in result.output for at in range(len(SECRET) - 8))


async def test_a_document_that_is_not_read_holds_nothing_up() -> None:
    document = b"x" * 1_000_000

    assert await gate_process.ask_gate("true", document, 30) == GateResult(GateEnd.EXITED)
    counted = await gate_process.ask_gate("wc -c", document, 30)

    assert counted == GateResult(GateEnd.EXITED, output="1000000")


async def test_a_gate_that_cannot_be_started_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_process, "_SHELL", "/no/such/shell")

    result = await gate_process.ask_gate("true", b"{}", 30)

    assert result == GateResult(GateEnd.NOT_STARTED, problem="No such file or directory")


async def test_a_process_that_leaves_the_group_does_not_hold_the_decision_up() -> None:
    with anyio.fail_after(20):
        result = await gate_process.ask_gate("setsid sleep 5 & echo began; exit 1", b"{}", 30)

    assert result == GateResult(GateEnd.EXITED, 1, output="began")
