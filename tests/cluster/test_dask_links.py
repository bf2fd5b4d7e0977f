"""What the link to a Dask actor does with the actor's answers and errors."""

import asyncio
from typing import Any

import anyio
import pytest

from bulkeic.cluster.command.dask_link import DaskLink
from bulkeic.cluster.command.worker_link import LinkLostError
from bulkeic.cluster.worker.engine_thread import EngineEndedError


class ScriptedActor:
    """Answers each call with the next of some answers, or raises it."""

    def __init__(self, answers: list[object]) -> None:
        self.calls: list[tuple[str, int, bytes]] = []
        self._answers = answers

    async def begin(self, session: int, message: bytes) -> object:
        return self._answer("begin", session, message)

    async def exchange(self, session: int, message: bytes) -> object:
        return self._answer("exchange", session, message)

    def _answer(self, method: str, session: int, message: bytes) -> object:
        self.calls.append((method, session, message))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def asked(actor: ScriptedActor, questions: int) -> list[bytes]:
    async def ask() -> list[bytes]:
        link = DaskLink("worker", actor, asyncio.get_running_loop(), 7)
        return [await link.exchange(b"%d" % number) for number in range(questions)]

    return anyio.run(ask)


def test_a_call_that_a_network_has_lost_is_repeated_with_the_same_bytes() -> None:
    actor = ScriptedActor([OSError("cut"), b"welcome", OSError("cut"), b"told"])
    assert asked(actor, 2) == [b"welcome", b"told"]
    begin, exchange = ("begin", 7, b"0"), ("exchange", 7, b"1")
    assert actor.calls == [begin, begin, exchange, exchange]


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        (17, "its answer is not valid"),
        (RuntimeError("gone"), "the scheduler has lost it"),
        (EngineEndedError("it has \x1b[31mended"), r"it has \x1b[31mended"),
        (ValueError("one\x1b\ntwo"), r"ValueError: one\x1b"),
    ],
)
def test_a_worker_that_cannot_go_on_is_lost_in_one_line(answer: Any, how: str) -> None:
    with pytest.raises(LinkLostError) as lost:
        asked(ScriptedActor([b"welcome", answer]), 2)
    assert str(lost.value) == how
    assert lost.value.has_ended is isinstance(answer, EngineEndedError)
