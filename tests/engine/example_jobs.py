"""Example jobs in lanes, and how long they should take."""

from hypothesis import strategies as st

from bulkeic.core.model import LATEST, Job, Lane, Outcome, Settings, SourceLine, Target


def lane_of(outcome: Outcome) -> Lane:
    return Lane(outcome.account_id or "", outcome.region or "")


def lane(number: int) -> Lane:
    return Lane("123456789012", f"xx-test-{number}")


def job(seq: int, number: int = 0, function: str | None = None, qualifier: str = LATEST) -> Job:
    name = function or f"fn-{seq}"
    target = Target(lane(number), name, qualifier)
    return Job(
        seq, SourceLine("targets.csv", seq + 2), name, target, Settings(maximum_retry_attempts=1)
    )


def fleet(lanes: int, each: int) -> list[Job]:
    """``each`` jobs in each of ``lanes`` lanes, sorted by lane."""
    return [job(seq, seq // each) for seq in range(lanes * each)]


def ideal(jobs: int, rate: float, burst: float, latency: float) -> float:
    """Seconds of a lane: its first call alone, then the rest of the burst, then the rate."""
    if jobs == 1:
        return latency
    return latency + max(0.0, jobs - burst) / rate + latency


@st.composite
def fleets(draw: st.DrawFn) -> list[Job]:
    """Jobs of a few lanes in any order, some of them qualifiers of the same function."""
    numbers = draw(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=40)
    )
    return [
        job(seq, number, f"fn-{function}", f"v{seq}")
        for seq, (number, function) in enumerate(numbers)
    ]
