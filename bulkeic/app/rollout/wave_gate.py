"""Asks the gate of a run after a wave, until it decides."""

import json
from functools import partial

from bulkeic.app.options.rollout_options import GateOptions
from bulkeic.app.rollout.gate_log import GateLog
from bulkeic.app.rollout.gate_process import ask_gate
from bulkeic.app.run.session import RunSession
from bulkeic.core.rollout.gates import (
    ConditionAnswer,
    GateDecision,
    GateRecord,
    GateResult,
    gate_document,
)
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.waves import Wave
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted, duration
from bulkeic.output.terminal.styles import DECISION_STYLES, styled, styled_line
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_SHOWN_LINES = 5


class WaveGate:
    """The gate of a run.

    Args:
        session: that it may stop.
        run: the run file.
        options: of the gate; its command is set.
        console: shows its decisions.
    """

    def __init__(
        self, session: RunSession, run: RunFile, options: GateOptions, console: Console
    ) -> None:
        self._session = session
        self._run = run
        self._options = options
        self._console = console
        self._log = GateLog(session, run)

    async def ask(self, wave: Wave, following: Wave | None, waves: int) -> None:
        """Asks until the gate continues or halts the run, or the session is stopped.

        Args:
            wave: that has ended.
            following: the next wave; ``None``: there is none.
            waves: number of all waves.
        """
        name = f"wave {wave.number} of {waves}"
        document = self._document(wave, following, waves)
        record = self._log.begin(wave.number)
        while self._session.stopped is None:
            document["asked"] = record.asks + 1
            result = await self._result(document)
            if result is None:
                return
            record = self._saved(record, result)
            if record.decision is GateDecision.CONTINUE:
                self._print_end(record, name)
                return
            if record.decision is GateDecision.HALT:
                self._print_output(record)
                self._session.stop(f"{name}: halted by the gate: {record.reason}", Halt.GATE)
                return
            if record.asks == 1:
                interval = duration(self._options.interval_s)
                self._print_decision(
                    name, record, "holds", f" ({record.reason}) and is asked every {interval}"
                )
                self._print_output(record)
            await self._session.pause(self._options.interval_s)

    async def _result(self, document: dict[str, object]) -> GateResult | None:
        command = self._options.command
        assert command is not None  # noqa: S101 - as said above
        text = f"{json.dumps(document)}\n".encode()
        return await self._session.until_stopped(
            partial(ask_gate, command, text, self._options.timeout_s)
        )

    def _document(self, wave: Wave, following: Wave | None, waves: int) -> dict[str, object]:
        run = self._run
        document: dict[str, object] = gate_document(
            run.summary(),
            wave,
            following,
            run=str(run.path.absolute()),
            source=run.metadata.source,
            asked=1,
            waves=waves,
            failed=sum(run.jobs.lanes(JobFilter.NOT_DONE, wave.number).values()),
        )
        return document

    def _saved(self, record: GateRecord, result: GateResult) -> GateRecord:
        reason = result.reason(self._options.timeout_s)
        answer = ConditionAnswer(result.decision, reason)
        return self._log.store(self._log.answered(record, answer, output=result.output))

    def _print_end(self, record: GateRecord, name: str) -> None:
        asked = f" after {counted(record.asks - 1, 'hold')}" if record.asks > 1 else ""
        self._print_decision(name, record, "continues", asked)

    def _print_decision(self, name: str, record: GateRecord, verb: str, more: str) -> None:
        decision = styled(verb, DECISION_STYLES[record.decision])
        self._console.print(styled_line(f"{name}: the gate ", decision, more))

    def _print_output(self, record: GateRecord) -> None:
        for line in record.output.splitlines()[-_SHOWN_LINES:]:
            self._console.print(f"  gate: {line}")
