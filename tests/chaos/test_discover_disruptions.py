"""Discoveries with workers elsewhere that are killed and frozen: no function is lost."""

import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.conftest import REGION, Bulkeic, Server
from tests.e2e.dask_cluster import DaskCluster, dask_cluster
from tests.e2e.discover_helpers import LATEST, found_keys, there_is
from tests.e2e.forks import Process
from tests.e2e.rollout_helpers import until

pytestmark = [
    pytest.mark.skipif(not os.environ.get("BULKEIC_ROUNDS"), reason="it takes minutes: make chaos"),
    pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc"),
]

FUNCTIONS = 100
ALL = 2 * FUNCTIONS
BURST = 5


@pytest.fixture
def cluster(bulkeic: Bulkeic) -> Iterator[DaskCluster]:
    with dask_cluster(bulkeic) as running:
        yield running


@pytest.fixture
def server(sandbox: Callable[..., Server]) -> Server:
    return sandbox("--functions", FUNCTIONS, "--varied", "--regions", 2, "--rate", "unlimited")


def start(bulkeic: Bulkeic, server: Server, cluster: DaskCluster) -> Process:
    """Starts a discovery, and waits until it has read some pages."""
    process = bulkeic.start(
        "discover", "--regions", f"{REGION},us-east-2", "--endpoint-url", server.url,
        "--qualifiers", "latest,aliases", "--run", "found.db", "--out", "found.csv",
        "--rate", 15, "--burst", BURST, *cluster.flags(),
    )  # fmt: skip
    until(lambda: server.calls("ListAliases") > 40, "some pages are read")
    return process


def check_all(bulkeic: Bulkeic, server: Server, most_twice: int) -> None:
    """Each function was found once, and few pages were read twice."""
    found = found_keys((bulkeic.folder / "found.csv").read_text())
    assert found == there_is(server, lambda each: [LATEST, *each["Aliases"]])
    assert ALL <= server.calls("ListAliases") <= ALL + most_twice


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_costs_time_and_no_function(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster, number: signal.Signals
) -> None:
    process = start(bulkeic, server, cluster)
    victim = cluster.process_of("one")
    os.kill(victim, number)
    try:
        _, err = process.communicate(timeout=90)
    finally:
        if number is signal.SIGSTOP:
            os.kill(victim, signal.SIGCONT)
    assert process.returncode == 0, err
    assert len([line for line in err.splitlines() if "is lost" in line]) == 1
    check_all(bulkeic, server, 2 * BURST)


def test_a_killed_command_is_resumed_after_the_leases(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start(bulkeic, server, cluster)
    process.kill()
    process.communicate()
    resumed = bulkeic(
        "discover", "--run", "found.db", "--out", "found.csv", "--endpoint-url", server.url,
        "--rate", "unlimited", *cluster.flags(),
    )  # fmt: skip
    assert resumed.code == 0, resumed.err
    assert "waiting 11 s for the leases of its workers to end" in resumed.err
    # The workers go on for at most 2 s, and what they read then is not stored.
    check_all(bulkeic, server, 2 * (BURST + 4 * 15))


def test_a_killed_scheduler_stops_the_discovery_which_can_be_resumed(
    bulkeic: Bulkeic, server: Server, cluster: DaskCluster
) -> None:
    process = start(bulkeic, server, cluster)
    cluster.scheduler.kill()
    _, err = process.communicate(timeout=90)
    assert process.returncode == 3, err
    assert "stopped: no worker is left" in err
    resumed = bulkeic(
        "discover", "--run", "found.db", "--out", "found.csv", "--endpoint-url", server.url,
        "--rate", "unlimited", "--workers", 2,
    )  # fmt: skip
    assert resumed.code == 0, resumed.err
    check_all(bulkeic, server, 2 * (BURST + 4 * 15))
