"""discover --workers: worker processes read the pages, and everything else is as in one process."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from bulkeic.store.discovery.discovery_file import DiscoveryFile

from .conftest import REGION, Bulkeic, Server
from .discover_helpers import LATEST, READER, discover, found_keys, scenario, there_is
from .rollout_helpers import line_with, until
from .test_discover_resume import FILE, until_read
from .worker_processes import have_ended, wait_for_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")

Start = Callable[..., Server]
FUNCTIONS = 60
"""In each of two lanes."""
TWO_REGIONS = ("--regions", f"{REGION},us-east-2")
# What one process and workers are given in turn; make chaos runs all of them.
OPTIONS: tuple[tuple[object, ...], ...] = (
    ("--organization", "--role-arn", READER, "--qualifiers", "latest,aliases,versions",
     "--with-config", "--where", "Timeout > `0` && !(Tags.gone)", "--max-denied", 0),
    (*TWO_REGIONS, "--rate", "auto", "--headroom", "20%", "--concurrency", 3),
    (*TWO_REGIONS, "--tag", "team", "--managed-by", "none", "--runtime", "python*"),
    ("--regions", "us-*", "--qualifiers", "configured", "--name", "fn-1*", "--name", "!fn-12"),
    ("--ou", "r-sand", "--role-arn", READER, "--modified-since", "3650d", "--burst", 4,
     "--rate", 200),
    (*TWO_REGIONS, "--accounts", "accounts.csv", "--session-policy", "minimal",
     "--source-identity", "me", "--max-attempts", 2, "--throttle-budget", 5, "--timeout", 5),
)  # fmt: skip
IN_SHORT = OPTIONS[:1]


def summary_of(text: str) -> dict[str, Any]:
    """What a summary says of everything but calls, times and names of files."""
    found = json.loads(text)
    for name in ("calls", "retries", "throttles", "elapsed_s", "next", "run", "out"):
        del found[name]
    for each in found["unread"]:
        each["message"] = each.get("message", "").partition("Exception: ")[0]
    return dict(found)


@pytest.mark.parametrize("words", OPTIONS if os.environ.get("BULKEIC_ROUNDS") else IN_SHORT)
def test_workers_find_what_one_process_finds(
    bulkeic: Bulkeic, sandbox: Start, words: tuple[object, ...]
) -> None:
    """In one lane aliases are denied, in another one everything is."""
    denied = {
        "123456789013/us-east-1": ["lambda:ListAliases"],
        "123456789014/us-east-2": ["lambda:ListFunctions"],
    }
    options = scenario(bulkeic, denied_operations=denied)
    server = sandbox(
        "--functions", 15, "--varied", "--organization", "--accounts", 4, "--regions", 2,
        "--scenario", options,
    )  # fmt: skip
    role = READER.format(account="123456789013")
    bulkeic.write("accounts.csv", f"AccountId,RoleArn\n123456789013,{role}\n")
    found = []
    for more in ((), ("--workers", 2)):
        name = f"found-{len(more)}.jsonl"
        done = discover(bulkeic, server, "--output", "json", "--out", name, *words, *more)
        found.append((done.code, summary_of(done.out), (bulkeic.folder / name).read_text()))
    assert found[0] == found[1]
    assert found[0][0] in {0, 1}
    assert found[0][2]


@pytest.fixture
def varied(sandbox: Start) -> Server:
    return sandbox("--functions", FUNCTIONS, "--varied", "--regions", 2, "--rate", "unlimited")


def slow(server: Server, *more: object) -> tuple[object, ...]:
    """The words of a discovery that takes some seconds."""
    return (
        "discover", *TWO_REGIONS, "--endpoint-url", server.url, "--qualifiers", "latest,aliases",
        "--run", FILE, "--out", "found.csv", "--rate", 30, "--burst", 5, *more,
    )  # fmt: skip


def aliases_of(each: dict[str, Any]) -> list[str]:
    return [LATEST, *each["Aliases"]]


def save_leases(bulkeic: Bulkeic, *, may_last: bool) -> None:
    """Stores whether workers elsewhere may read pages."""
    file = DiscoveryFile(bulkeic.folder / FILE)
    file.save_metadata(msgspec.structs.replace(file.metadata, has_leases=may_last))
    file.close()


def test_a_killed_worker_is_one_line_and_no_function_is_lost(
    bulkeic: Bulkeic, varied: Server
) -> None:
    process = bulkeic.start(*slow(varied, "--workers", 2, "-v"))
    victim, other = wait_for_workers(process.pid, 2)
    until_read(bulkeic.folder / FILE, 10)
    os.kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert [line for line in err.splitlines() if "is lost" in line] == [
        f"worker 1 (process {victim}) is lost: ended by SIGKILL; its 1 lane moves to 1 other worker"
    ]
    found = found_keys((bulkeic.folder / "found.csv").read_text())
    assert found == there_is(varied, aliases_of)
    # What the victim had in flight, or read and not reported, is read again.
    assert 2 * FUNCTIONS <= varied.calls("ListAliases") <= 2 * FUNCTIONS + 7
    assert have_ended([victim, other])
    # The command's own, and one of each worker, because there is no role.
    assert varied.stats()["by_operation"]["GetCallerIdentity"] == 3


def test_an_interrupt_and_the_loss_of_all_workers_can_be_resumed(
    bulkeic: Bulkeic, varied: Server
) -> None:
    process = bulkeic.start(*slow(varied, "--workers", 9))
    workers = wait_for_workers(process.pid, 2)  # there are two lanes
    until_read(bulkeic.folder / FILE, 10)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert have_ended(workers)
    last = err.splitlines()[-1]
    assert "--workers 9" in last
    before = varied.calls("ListAliases")
    assert 0 < before < 2 * FUNCTIONS

    process = bulkeic.start(*shlex.split(last)[3:])
    workers = wait_for_workers(process.pid, 2)
    until(lambda: varied.calls("ListAliases") > before + 5, "it has resumed")
    for each in workers:
        os.kill(each, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "stopped: no worker is left" in err
    assert not (bulkeic.folder / "found.csv").exists()

    again = shlex.split(err.splitlines()[-1])[3:]
    save_leases(bulkeic, may_last=True)  # as if the workers were elsewhere, and this command killed
    before = varied.calls()
    process = bulkeic.start(*again)
    line_with(process, "the last session was killed: waiting 11 s for the leases")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert (process.returncode, varied.calls()) == (3, before)
    save_leases(bulkeic, may_last=False)

    resumed = bulkeic(*again, "--rate", "unlimited")
    assert resumed.code == 0, resumed.err
    found = found_keys((bulkeic.folder / "found.csv").read_text())
    assert found == there_is(varied, aliases_of)
