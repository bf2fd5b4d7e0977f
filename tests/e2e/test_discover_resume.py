"""Discoveries that are stopped, killed and resumed: nothing is lost, and no page is read twice."""

import os
import resource
import shlex
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import REGION, Bulkeic, Server
from .discover_helpers import LATEST, READER, discover, found_keys, scenario, there_is
from .forks import Process
from .rollout_helpers import rows, until

Start = Callable[..., Server]
FUNCTIONS = 120
FILE = "found.db"


@pytest.fixture
def varied(sandbox: Start) -> Server:
    return sandbox("--functions", FUNCTIONS, "--varied", "--rate", "unlimited")


def start(bulkeic: Bulkeic, server: Server, *words: object) -> Process:
    """Starts a discovery that takes some seconds."""
    return bulkeic.start(
        "discover", "--regions", REGION, "--endpoint-url", server.url, "--qualifiers",
        "latest,aliases", "--run", FILE, "--rate", 10, "--burst", 5, *words,
    )  # fmt: skip


def until_read(path: Path, wanted: int) -> None:
    """Waits until another program sees this number of finished listings."""

    def read() -> bool:
        try:
            [(found,)] = rows(path, "SELECT count(*) FROM listing WHERE state = 'done'")
        except sqlite3.OperationalError:
            return False
        return bool(found >= wanted)

    until(read, f"{wanted} listings")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_discovery_can_be_resumed(
    bulkeic: Bulkeic, varied: Server, number: signal.Signals
) -> None:
    process = start(bulkeic, varied, "--out", "found.csv")
    until_read(bulkeic.folder / FILE, 10)

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert not (bulkeic.folder / "found.csv").exists()
    assert "1 lane not read to the end" in err
    last = err.splitlines()[-1]
    assert last.startswith(f"resume with: bulkeic discover --run {FILE} ")
    sent = varied.stats()["calls"]
    assert sent < FUNCTIONS

    resumed = bulkeic(*shlex.split(last)[3:], "--rate", "unlimited")

    assert resumed.code == 0, resumed.err
    wanted = there_is(varied, lambda each: [LATEST, *each["Aliases"]])
    assert sorted(found_keys((bulkeic.folder / "found.csv").read_text())) == wanted
    assert varied.calls("ListFunctions") == 3
    assert varied.calls("ListAliases") == FUNCTIONS


def test_a_kill_loses_only_pages_in_flight(bulkeic: Bulkeic, varied: Server) -> None:
    process = start(bulkeic, varied)
    until_read(bulkeic.folder / FILE, 10)
    process.kill()
    process.communicate(timeout=20)

    resumed = discover(bulkeic, varied, "--run", FILE)

    assert resumed.code == 0, resumed.err
    wanted = there_is(varied, lambda each: [LATEST, *each["Aliases"]])
    assert sorted(found_keys(resumed.out)) == wanted
    # At most the burst and what a pause between commits brings was not stored.
    assert FUNCTIONS <= varied.calls("ListAliases") <= FUNCTIONS + 7
    assert varied.calls("ListFunctions") <= 4


def test_a_complete_file_writes_its_targets_again_without_a_call(
    bulkeic: Bulkeic, varied: Server
) -> None:
    first = discover(bulkeic, varied, "--regions", REGION, "--run", FILE)
    varied.window("reset-stats", {}, "POST")

    again = bulkeic("discover", "--run", FILE)
    as_json = bulkeic("discover", "--run", FILE, "--out", "found.json", "--name", "fn-1*")

    assert first.code == again.code == 0, first.err + again.err
    assert again.out == first.out
    assert varied.stats()["calls"] == 0
    assert as_json.code == 2
    assert "was made without --name, and --name 'fn-1*' would change that" in as_json.err
    assert len(as_json.lines) == 1


def test_flags_may_repeat_what_the_file_was_made_with(bulkeic: Bulkeic, varied: Server) -> None:
    flags = ("--regions", REGION, "--name", "fn-1*", "--run", FILE)
    first = discover(bulkeic, varied, *flags)

    again = discover(bulkeic, varied, *flags)
    other = discover(bulkeic, varied, "--name", "fn-2*", "--run", FILE)

    assert first.code == again.code == 0, again.err
    assert again.out == first.out
    assert other.code == 2
    assert "was made with --name 'fn-1*', and --name 'fn-2*' would change that" in other.err


def test_a_second_process_on_the_same_file_is_refused(bulkeic: Bulkeic, varied: Server) -> None:
    process = start(bulkeic, varied)
    until_read(bulkeic.folder / FILE, 3)

    second = discover(bulkeic, varied, "--run", FILE)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert second.code == 2
    assert len(second.lines) == 1
    assert f"discovery file '{FILE}': another bulkeic process uses it" in second.err


def test_another_endpoint_is_refused(bulkeic: Bulkeic, varied: Server, server: Server) -> None:
    process = start(bulkeic, varied)
    until_read(bulkeic.folder / FILE, 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    result = discover(bulkeic, server, "--run", FILE)

    assert result.code == 2
    assert len(result.lines) == 1
    assert f"was made on {varied.url}, but this command calls {server.url}" in result.err


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("ListAccounts", ("--organization", "--role-arn", READER)),
        ("ListRegions", ()),
        ("GetResources", ("--tag", "team", "--regions", REGION)),
        ("ListFunctions", ("--regions", REGION)),
    ],
)
def test_ctrl_c_in_each_phase_can_be_resumed(
    bulkeic: Bulkeic, sandbox: Start, operation: str, words: tuple[str, ...]
) -> None:
    options = scenario(bulkeic, lanes={})
    fleet = ("--functions", 3, "--varied", "--organization", "--accounts", 2)
    slow = sandbox(*fleet, "--scenario", options, "--latency", 2)
    process = bulkeic.start(
        "discover", "--endpoint-url", slow.url, "--run", FILE, "--out", "found.csv", *words
    )
    until(lambda: bool(slow.calls(operation)), f"{operation} is in flight")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    last = err.splitlines()[-1]
    assert last.startswith(f"resume with: bulkeic discover --run {FILE} ")
    assert not (bulkeic.folder / "found.csv").exists()
    slow.window("faults", {}, "PUT")
    resumed = bulkeic(*shlex.split(last)[3:])
    assert resumed.code == 0, resumed.err
    found = found_keys((bulkeic.folder / "found.csv").read_text())
    assert found
    assert set(found) <= set(there_is(slow))


def test_ctrl_c_before_the_first_call_leaves_no_file(bulkeic: Bulkeic, server: Server) -> None:
    os.mkfifo(bulkeic.folder / "accounts.csv")
    process = bulkeic.start(
        "discover", "--endpoint-url", server.url, "--run", FILE, "--accounts", "accounts.csv"
    )
    until((bulkeic.folder / FILE).exists, "the file is created")
    with (bulkeic.folder / "accounts.csv").open("w"):  # the command waits for what it says
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert [path.name for path in bulkeic.folder.iterdir()] == ["accounts.csv"]


def test_a_second_ctrl_c_quits_at_once(bulkeic: Bulkeic, sandbox: Start) -> None:
    sts = sandbox("--rate", "unlimited")
    server = sandbox("--functions", 3, "--rate", "unlimited", "--latency", 30)
    process = bulkeic.start(
        "discover", "--regions", REGION, "--run", FILE, "--timeout", 60,
        env={"AWS_ENDPOINT_URL_LAMBDA": server.url, "AWS_ENDPOINT_URL_STS": sts.url},
    )  # fmt: skip
    until(lambda: bool(server.calls("ListFunctions")), "a call is in flight")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Ctrl-C again" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert "stopped: interrupted twice" in err
    assert f"resume with: bulkeic discover --run {FILE}" in err


def test_credentials_of_another_account_are_refused(bulkeic: Bulkeic, varied: Server) -> None:
    process = start(bulkeic, varied)
    until_read(bulkeic.folder / FILE, 3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    result = discover(bulkeic, varied, "--run", FILE, AWS_ACCESS_KEY_ID="AKIA210987654321")

    assert result.code == 2, result.err
    assert len(result.lines) == 1
    assert "was made with credentials of account 123456789012" in result.err


def test_a_full_disk_stops_a_discovery_and_loses_nothing(bulkeic: Bulkeic, varied: Server) -> None:
    process = start(bulkeic, varied)
    until_read(bulkeic.folder / FILE, 5)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert f"stopped: discovery file '{FILE}': cannot be written: " in err
    last = err.splitlines()[-1]
    assert last.startswith(f"resume with: bulkeic discover --run {FILE} ")
    resumed = bulkeic(*shlex.split(last)[3:], "--rate", "unlimited")
    assert resumed.code == 0, resumed.err
    wanted = there_is(varied, lambda each: [LATEST, *each["Aliases"]])
    assert sorted(found_keys(resumed.out)) == wanted
    assert varied.calls("ListAliases") <= FUNCTIONS + 7
