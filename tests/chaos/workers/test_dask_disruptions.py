"""A Dask cluster whose processes are killed and frozen: no job is lost, and none is written twice.

Before-images are on, so a target that was updated and not recorded is read first.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from os import kill

import pytest

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.dask_cluster import DaskCluster, dask_cluster, make_certificates, other_worker
from tests.e2e.forks import Process
from tests.e2e.frame_recorder import FrameRecorder, frame_recorder
from tests.e2e.rollout_helpers import REGIONS, line_with, states, until, words, write_rows
from tests.e2e.test_workers import statuses

pytestmark = [
    pytest.mark.skipif(not os.environ.get("BULKEIC_ROUNDS"), reason="it takes minutes: make chaos"),
    pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc"),
]

EACH = 100
ALL = EACH * len(REGIONS)


@pytest.fixture
def cluster(bulkeic: Bulkeic) -> Iterator[DaskCluster]:
    with dask_cluster(bulkeic, certificates=make_certificates(bulkeic.folder / "ca")) as running:
        yield running


def start_apply(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster, address: str | None = None
) -> Process:
    """Starts an apply, and waits until it has updated some targets."""
    write_rows(bulkeic, REGIONS, EACH)
    process = bulkeic.start(*words(server, "--yes", "--rate", 20, *cluster.flags(address)))
    until(lambda: server.calls() > 40, "some targets are updated")
    return process


def finish(bulkeic: Bulkeic, server: Server, *more: object) -> str:
    """Resumes the run to its end: what was printed."""
    done = bulkeic(
        "apply", "run.db", "--yes", "--endpoint-url", server.url, "--rate", "unlimited", *more
    )
    assert done.code == 0, done.err
    return done.err


def check_all(bulkeic: Bulkeic, server: Server) -> None:
    """Every target was updated once and has its outcome."""
    found = statuses(bulkeic)
    assert found["updated"] + found["unchanged"] == ALL == sum(found.values())
    assert len(states(server)) == ALL
    assert server.calls() == ALL


def end_of(process: Process) -> str:
    _, err = process.communicate(timeout=90)
    assert "Traceback" not in err, err
    return err


def test_the_lanes_of_a_killed_worker_move_and_its_next_process_gets_none(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start_apply(bulkeic, server, cluster)
    kill(cluster.process_of("one"), signal.SIGKILL)
    err = end_of(process)
    assert process.returncode == 0, err
    (lost,) = [line for line in err.splitlines() if "is lost" in line]
    assert lost.startswith("worker one (tls://127.0.0.1:")
    assert "its 2 lanes move to 1 other worker" in lost
    check_all(bulkeic, server)
    # Each process asks once, before it makes calls: the command and the two workers at its start.
    assert server.calls("GetCallerIdentity") == 3


def test_a_frozen_worker_sends_nothing_when_it_wakes_up(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start_apply(bulkeic, server, cluster)
    frozen = cluster.process_of("one")
    kill(frozen, signal.SIGSTOP)
    line_with(process, "is lost: not heard for 10 s; its 2 lanes move")
    until(lambda: server.calls() > ALL - 20, "the other worker has the lanes")
    kill(frozen, signal.SIGCONT)
    err = end_of(process)
    assert process.returncode == 0, err
    check_all(bulkeic, server)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_scheduler_stops_the_run_and_its_workers(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster, number: signal.Signals
) -> None:
    process = start_apply(bulkeic, server, cluster)
    cluster.scheduler.send_signal(number)
    err = end_of(process)
    calls = server.stats()["calls"]
    assert process.returncode == 3, err
    assert "stopped: no worker is left" in err
    if number is signal.SIGKILL:
        for worker in cluster.workers.values():
            assert end_of(worker).endswith(f"bulkeic: lost the scheduler {cluster.address}\n")
            assert worker.returncode == 3
        assert server.stats()["calls"] == calls
        finish(bulkeic, server)
    else:
        cluster.scheduler.send_signal(signal.SIGCONT)
        finish(bulkeic, server, *cluster.flags())
    check_all(bulkeic, server)


@contextmanager
def proxy_of(cluster: DaskCluster) -> Iterator[tuple[FrameRecorder, str]]:
    """A proxy in front of the scheduler, and the address there."""
    with frame_recorder(int(cluster.address.rpartition(":")[2])) as proxy:
        yield proxy, f"tls://127.0.0.1:{proxy.port}"


def wait_for_hold(server: Server) -> None:
    """Waits until the workers hold: no call has arrived for a second."""
    seen, since = -1, 0.0

    def is_quiet() -> bool:
        nonlocal seen, since
        calls = server.stats()["calls"]
        if calls != seen:
            seen, since = calls, time.monotonic()
        return time.monotonic() - since > 1

    until(is_quiet, "the workers hold")


def test_workers_hold_while_the_network_is_silent_and_go_on(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    with proxy_of(cluster) as (proxy, address):
        process = start_apply(bulkeic, server, cluster, address)
        proxy.go_silent()
        wait_for_hold(server)
        assert server.calls() < ALL
        proxy.go_on()
        err = end_of(process)
    assert process.returncode == 0, err
    assert "is lost" not in err
    check_all(bulkeic, server)


def test_a_cut_connection_to_the_scheduler_stops_the_run(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    with proxy_of(cluster) as (proxy, address):
        process = start_apply(bulkeic, server, cluster, address)
        proxy.cut()
        err = end_of(process)
        assert process.returncode == 3, err
        finish(bulkeic, server, *cluster.flags())
    check_all(bulkeic, server)


def test_a_killed_command_is_resumed_at_once(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start_apply(bulkeic, server, cluster)
    process.kill()
    process.communicate()
    err = finish(bulkeic, server, *cluster.flags())
    assert "the last session was killed: waiting 11 s" in err
    check_all(bulkeic, server)


def test_a_second_command_takes_the_workers(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start_apply(bulkeic, server, cluster)
    bulkeic.write("other.csv", "FunctionName\nother\n")
    other = bulkeic(
        "verify", "other.csv", "--maximum-retry-attempts", 2, "--endpoint-url", server.url,
        *cluster.flags(),
    )  # fmt: skip
    assert other.code in {0, 4}, other.err
    err = end_of(process)
    assert process.returncode == 3, err
    assert "is lost: another command has begun" in err
    finish(bulkeic, server)
    assert len(states(server)) >= ALL


def test_a_scheduler_without_workers_is_waited_for(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 1)
    with dask_cluster(bulkeic, names=()) as empty:
        done = bulkeic(*words(server, "--yes", *empty.flags()))
        assert done.code == 2
        assert "no worker has joined for 30 s" in done.err
        with other_worker(empty.address, "0.0.1"):
            assert bulkeic(*words(server, "--yes", *empty.flags())).code == 2
    assert server.stats()["calls"] == 0


def test_a_worker_has_its_own_credentials(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 5)
    own = bulkeic.env
    with dask_cluster(bulkeic, names=()) as cluster:
        bulkeic.env = own | {"AWS_ACCESS_KEY_ID": "AKIA999999999999"}
        cluster.start_worker("foreign")
        cluster.wait_for("foreign")
        bulkeic.env = own
        done = bulkeic(*words(server, "--yes", *cluster.flags()))
    assert done.code == 3, done.err
    assert "999999999999" in done.err
    assert set(server.stats()["by_operation"]) == {"GetCallerIdentity"}
