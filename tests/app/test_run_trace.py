"""The trace of a run: what the gate, the alarms and the calendar answer."""

import time

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bulkeic.app.watching.run_trace import RunTrace
from bulkeic.core.rollout.gates import GateDecision, GateKind
from bulkeic.core.rollout.run_events import GateAnswered, RunStarted, WaveDone, WaveStarted

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def trace(spans: InMemorySpanExporter) -> RunTrace:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    found = RunTrace(provider.get_tracer("test"))
    found.notice(
        RunStarted(
            at="",
            run="/runs/a.db",
            command="apply",
            source="t.csv",
            endpoint="AWS",
            targets=2,
            pending=2,
            counts={},
            waves=2,
        )
    )
    return found


def answered(trace: RunTrace, kind: GateKind, wave: int, decision: GateDecision) -> None:
    name = "" if kind is GateKind.GATE else ALARM
    trace.notice(
        GateAnswered(
            at="",
            run="/runs/a.db",
            kind=kind,
            name=name,
            wave=wave,
            decision=decision,
            reason="why",
        )
    )


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    found = spans.get_finished_spans()
    assert len({span.name for span in found}) == len(found)
    return {span.name: span for span in found}


def answers(span: ReadableSpan) -> list[tuple[object, ...]]:
    names = ("bulkeic.kind", "bulkeic.name", "bulkeic.decision", "bulkeic.reason")
    return [tuple((event.attributes or {}).get(name) for name in names) for event in span.events]


def test_an_alarm_that_halts_a_wave_is_an_event_of_the_wave(
    trace: RunTrace, spans: InMemorySpanExporter
) -> None:
    answered(trace, GateKind.ALARM, 1, GateDecision.CONTINUE)
    trace.notice(WaveStarted(at="", run="/runs/a.db", wave=1, of=2, targets=1))
    answered(trace, GateKind.ALARM, 1, GateDecision.HALT)
    trace.close()

    found = by_name(spans)
    assert set(found) == {"bulkeic apply", "wave 1"}
    assert answers(found["wave 1"]) == [("alarm", ALARM, "halt", "why")]
    assert answers(found["bulkeic apply"]) == [("alarm", ALARM, "continue", "why")]


def test_each_kind_that_holds_has_a_span_of_its_own(
    trace: RunTrace, spans: InMemorySpanExporter
) -> None:
    answered(trace, GateKind.CALENDAR, 1, GateDecision.HOLD)
    answered(trace, GateKind.CALENDAR, 1, GateDecision.CONTINUE)
    trace.notice(WaveStarted(at="", run="/runs/a.db", wave=1, of=2, targets=1))
    trace.notice(
        WaveDone(at="", run="/runs/a.db", wave=1, of=2, targets=1, verified=1, drifted=0, failed=0)
    )
    answered(trace, GateKind.GATE, 1, GateDecision.HOLD)
    answered(trace, GateKind.ALARM, 1, GateDecision.HALT)
    trace.close()

    found = by_name(spans)
    assert set(found) == {"bulkeic apply", "wave 1", "calendar", "gate"}
    assert [answer[2] for answer in answers(found["calendar"])] == ["hold", "continue"]
    assert dict(found["calendar"].attributes or {}) == {
        "bulkeic.wave": 1, "bulkeic.decision": "continue",
    }  # fmt: skip
    assert answers(found["gate"]) == [("gate", "", "hold", "why")]
    assert answers(found["bulkeic apply"]) == [("alarm", ALARM, "halt", "why")]


def test_the_gate_of_a_resumed_run_begins_with_the_session(
    trace: RunTrace, spans: InMemorySpanExporter
) -> None:
    asked_ns = time.time_ns()
    answered(trace, GateKind.GATE, 1, GateDecision.HALT)
    trace.close()

    found = by_name(spans)
    gate, session = found["gate"], found["bulkeic apply"]
    assert gate.start_time is not None
    assert session.start_time is not None
    assert session.start_time <= gate.start_time <= asked_ns
    assert not gate.status.is_ok
