"""Stores what gates, alarms and the calendar decide, and announces it."""

import time

import msgspec

from bulkeic.app.run.session import RunSession
from bulkeic.core.model import rfc3339
from bulkeic.core.rollout.gates import ConditionAnswer, GateDecision, GateKind, GateRecord
from bulkeic.core.rollout.run_events import GateAnswered
from bulkeic.store.run_file import RunFile

_NOT_STORED = 0


class GateLog:
    """The decisions of a session.

    Args:
        session: announces them.
        run: the run file.
    """

    def __init__(self, session: RunSession, run: RunFile) -> None:
        self._session = session
        self._run = run

    def begin(self, wave: int, kind: GateKind = GateKind.GATE) -> GateRecord:
        """A record without an answer, which is not stored.

        Args:
            wave: number of the wave; 0: the run has no waves.
            kind: what is asked.
        """
        now = rfc3339(time.time())
        return GateRecord(_NOT_STORED, wave, now, now, 0, GateDecision.HOLD, "", "", kind)

    def answered(
        self, record: GateRecord, answer: ConditionAnswer, *, output: str = ""
    ) -> GateRecord:
        """Announces an answer, and returns the record with it.

        Args:
            record: of the earlier answers.
            answer: the new one.
            output: the end of what a gate wrote.
        """
        self._session.announce(
            GateAnswered,
            kind=record.kind,
            name=answer.name,
            wave=record.wave,
            decision=answer.decision,
            reason=answer.reason,
        )
        return msgspec.structs.replace(
            record,
            answered_at=rfc3339(time.time()),
            asks=record.asks + 1,
            decision=answer.decision,
            reason=answer.reason,
            output=output,
            name=answer.name,
        )

    def store(self, record: GateRecord) -> GateRecord:
        """Stores a record, and returns it with its number. No outcome may be stored meanwhile."""
        if record.number == _NOT_STORED:
            number = len(self._run.gates.all()) + 1
            record = msgspec.structs.replace(record, number=number)
        self._run.gates.save(record)
        return record
