"""The Dask actor of a worker: calls that Dask repeats and delivers late."""

import pytest

from bulkeic.cluster.messages import Ask, Begin, decode_tell, decode_welcome, encode
from bulkeic.cluster.worker.engine_thread import EngineEndedError
from bulkeic.cluster.worker.lane_actor import LaneActor, dask_teardown
from bulkeic.core.accounts import RoleSession
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.engine.limits import EngineLimits
from bulkeic.version import __version__

BEGIN = encode(
    Begin(
        version=__version__,
        profile=None,
        region=None,
        endpoint_url="http://127.0.0.1:1",
        sandbox=False,
        role_session=RoleSession(),
        timeout_s=5,
        limits=EngineLimits(),
        terms=LeaseTerms(),
        log_format=None,
        log_level="error",
    )
)


def answered(actor: LaneActor, session: int, number: int) -> int:
    """The number of the answer to a question."""
    ask = Ask(number=number, acknowledged=number - 1, wait_s=0)
    return decode_tell(actor.exchange(session, encode(ask))).number


def ask_until_it_ends(actor: LaneActor) -> None:
    while True:
        answered(actor, 1, 1)


def test_calls_of_an_older_session_do_nothing() -> None:
    actor = LaneActor()
    try:
        for session in (1, 2):
            assert decode_welcome(actor.begin(session, BEGIN)).problem is None
            assert answered(actor, session, 1) == 1
        with pytest.raises(EngineEndedError, match="a later session"):
            answered(actor, 1, 2)
        with pytest.raises(EngineEndedError, match="a later session"):
            actor.begin(1, BEGIN)
        actor.end(1)
        assert answered(actor, 2, 2) == 2
    finally:
        actor.end(2)


def test_a_repeated_beginning_changes_nothing() -> None:
    actor, other = LaneActor(), LaneActor()
    try:
        welcome = actor.begin(1, BEGIN)
        assert answered(actor, 1, 5) == 5
        assert actor.begin(1, BEGIN) == welcome
        assert answered(actor, 1, 6) == 6
        assert other.begin(1, BEGIN) == welcome
        assert actor.begin(1, BEGIN) == welcome
        with pytest.raises(EngineEndedError, match="another command has begun"):
            answered(actor, 1, 7)
        assert answered(other, 1, 1) == 1
    finally:
        for each in (actor, other):
            each.end(1)


def test_a_worker_that_has_lost_its_scheduler_makes_no_calls() -> None:
    actor = LaneActor()
    actor.begin(1, BEGIN)
    assert answered(actor, 1, 1) == 1
    dask_teardown(None)
    with pytest.raises(EngineEndedError, match="lost the scheduler"):
        ask_until_it_ends(actor)
