"""A run as a trace: a span for each session, with spans for its waves, passes, gates and holds."""

import time

from opentelemetry.trace import Link, Span, Status, StatusCode, Tracer, set_span_in_context

from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.rollout.gates import GateDecision, GateKind
from bulkeic.core.rollout.run_events import (
    AnyRunEvent,
    GateAnswered,
    RunEnded,
    RunHalted,
    RunStarted,
    WaveDone,
    WaveStarted,
)
from bulkeic.core.telemetry.run_metrics import in_utf8


class RunTrace:
    """Makes the spans of the sessions of one command.

    Each session is a trace of its own; that of an automatic rollback has a link to the halted one.

    Args:
        tracer: makes spans.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._session: Span | None = None
        self._before: Span | None = None
        self._wave: Span | None = None
        self._pass: Span | None = None
        self._deciding: dict[GateKind, Span] = {}
        self._gate_from_ns: int | None = None

    def notice(self, event: AnyRunEvent) -> None:
        """Starts and ends spans as an event says."""
        match event:
            case RunStarted():
                self._start(event)
            case WaveStarted():
                self._wave = self._child(f"wave {event.wave}", self._session)
                self._wave.set_attributes(
                    {
                        "bulkeic.wave": event.wave,
                        "bulkeic.last_wave": event.of,
                        "bulkeic.targets": event.targets,
                    }
                )
            case WaveDone():
                self._end_wave(event)
            case GateAnswered():
                self._add_answer(event)
            case RunHalted() if self._session is not None:
                text = sanitize(event.reason)
                self._session.add_event(
                    "halted", {"bulkeic.halt": event.halt.value, "bulkeic.reason": text}
                )
                self._session.set_status(Status(StatusCode.ERROR, text))
            case RunEnded():
                self._end(event)

    def _start(self, event: RunStarted) -> None:
        self.close()
        links = [] if self._before is None else [Link(self._before.get_span_context())]
        self._session = self._tracer.start_span(f"bulkeic {event.command}", links=links)
        self._session.set_attributes(
            {
                "bulkeic.command": event.command,
                "bulkeic.run": in_utf8(event.run),
                "bulkeic.source": sanitize(event.source),
                "bulkeic.endpoint": sanitize(event.endpoint),
                "bulkeic.targets": event.targets,
                "bulkeic.waves": event.waves,
            }
        )
        self._gate_from_ns = time.time_ns()

    def _end_wave(self, event: WaveDone) -> None:
        self._gate_from_ns = time.time_ns()
        if self._wave is not None:
            self._wave.set_attributes(
                {
                    "bulkeic.verified": event.verified,
                    "bulkeic.drifted": event.drifted,
                    "bulkeic.failed": event.failed,
                }
            )
            self._wave.end()
            self._wave = None

    def _add_answer(self, event: GateAnswered) -> None:
        """Adds an answer to the span of its kind, or of what it does not hold: wave or session."""
        span = self._deciding.get(event.kind)
        is_hold = event.decision is GateDecision.HOLD
        if span is None and (is_hold or event.kind is GateKind.GATE):
            # A gate's span includes the time to bake.
            start_ns = self._gate_from_ns if event.kind is GateKind.GATE else None
            span = self._child(event.kind.value, self._session, start_ns=start_ns)
            span.set_attribute("bulkeic.wave", event.wave)
            self._deciding[event.kind] = span
        reason = sanitize(event.reason)
        place = span or self._wave or self._session
        if place is not None:
            facts = {"kind": event.kind.value, "name": event.name,
                     "decision": event.decision.value, "reason": reason}  # fmt: skip
            place.add_event("answer", {f"bulkeic.{name}": text for name, text in facts.items()})
        if span is not None and not is_hold:
            span.set_attribute("bulkeic.decision", event.decision.value)
            if event.decision is GateDecision.HALT:
                span.set_status(Status(StatusCode.ERROR, reason))
            span.end()
            del self._deciding[event.kind]

    def _end(self, event: RunEnded) -> None:
        if self._session is None:
            return
        for status, number in event.counts.items():
            self._session.set_attribute(f"bulkeic.outcomes.{status}", number)
        self._session.set_attribute("bulkeic.outcomes.pending", event.pending)
        self._session.set_attribute("bulkeic.exit_code", int(event.exit_code))
        if event.exit_code:
            text = event.stopped or f"exit code {int(event.exit_code)}"
            self._session.set_status(Status(StatusCode.ERROR, sanitize(text)))
        self.close()

    def start_pass(self, doing: str, *, lanes: int, targets: int) -> None:
        """Starts the span of a pass over targets.

        Args:
            doing: the pass in one word.
            lanes: number of lanes.
            targets: number of targets.
        """
        self._pass = self._child(doing, self._wave or self._session)
        self._pass.set_attributes({"bulkeic.lanes": lanes, "bulkeic.targets": targets})

    def end_pass(self) -> None:
        """Ends the span of the pass."""
        if self._pass is not None:
            self._pass.end()
            self._pass = None

    def close(self) -> None:
        """Ends every span that is open."""
        for span in (self._pass, *self._deciding.values(), self._wave, self._session):
            if span is not None:
                span.end()
        self._before = self._session or self._before
        self._pass = self._wave = self._session = self._gate_from_ns = None
        self._deciding.clear()

    def _child(self, name: str, parent: Span | None, start_ns: int | None = None) -> Span:
        context = None if parent is None else set_span_in_context(parent)
        return self._tracer.start_span(name, context, start_time=start_ns)
