"""The engine's log events."""

from .engine_runs import run
from .example_jobs import fleet, lane
from .fake_lambda import REFUSED, SERVER, THROTTLED, Server, script


def test_each_failure_is_logged_with_lane_function_and_code() -> None:
    faults = {0: script(THROTTLED, THROTTLED), 1: script(SERVER), 2: script(REFUSED)}
    log = run(fleet(1, 3), Server(fault=lambda call: faults[call.job.seq](call))).log
    assert {(event["event"], event.get("function"), event["code"]) for event in log} == {
        ("throttled", "fn-0", "TooManyRequestsException"),
        ("lane slowed down", None, "TooManyRequestsException"),
        ("retry", "fn-1", "ServiceException"),
        ("failed", "fn-2", "ResourceNotFoundException"),
    }
    assert {event["lane"] for event in log} == {str(lane(0))}
