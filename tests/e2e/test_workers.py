"""--workers: several processes make the calls, and everything else is as in one process."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter
from os import kill
from pathlib import Path

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import REGIONS, resume, states, until, words, write_rows
from .worker_processes import have_ended, wait_for_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")


def statuses(bulkeic: Bulkeic, run: str = "run.db") -> Counter[str]:
    """The outcomes of a run by status."""
    found = bulkeic("export", run)
    return Counter(json.loads(line)["status"] for line in found.out.splitlines())


def test_a_killed_worker_is_one_line_and_its_lanes_move(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS, 100)
    server.window("faults", {"latency_s": 0.02}, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--workers", 2, "--concurrency", 8))
    victim, other = wait_for_workers(process.pid, 2)
    until(lambda: server.calls() > 40, "some targets are updated")
    kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    lost = [line for line in err.splitlines() if "is lost" in line]
    assert lost == [
        f"worker 1 (process {victim}) is lost: ended by SIGKILL; its 2 lanes move to 1 other worker"
    ]
    assert statuses(bulkeic) <= Counter({"updated": 400, "unchanged": 8})
    assert len(states(server)) == 400
    # Before-images are read first: what was in flight is found to have the wanted settings.
    assert server.calls() <= 400 + 8
    assert have_ended([victim, other])


def test_a_run_without_a_worker_stops_and_can_be_resumed(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 100)
    server.window("faults", {"latency_s": 0.05}, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--workers", 2, "--concurrency", 4))
    workers = wait_for_workers(process.pid, 2)
    until(lambda: server.calls() > 10, "some targets are updated")
    for each in workers:
        kill(each, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert "stopped: no worker is left" in err
    assert "--workers 2" in err.splitlines()[-1]
    server.window("faults", {}, "PUT")
    resumed = bulkeic(*err.splitlines()[-1].split()[3:])
    assert resumed.code == 0, resumed.err
    assert len(states(server)) == 200


def test_workers_end_with_a_killed_command_and_the_run_can_be_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:2], 100)
    server.window("faults", {"latency_s": 0.05}, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--workers", 2, "--concurrency", 4))
    workers = wait_for_workers(process.pid, 2)
    until(lambda: server.calls() > 10, "some targets are updated")
    process.kill()
    process.communicate()

    until(lambda: have_ended(workers), "the workers have ended")
    server.window("faults", {}, "PUT")
    resumed = bulkeic(*resume(server, "--yes", "--workers", 2))
    assert resumed.code == 0, resumed.err
    assert sum(statuses(bulkeic).values()) == 200
    assert len(states(server)) == 200


def test_an_interrupt_lets_the_calls_in_flight_finish(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 500)
    server.window("faults", {"latency_s": 0.05}, "PUT")
    process = bulkeic.start(
        *words(server, "--yes", "--workers", 9, "--concurrency", 4, "--no-before-image")
    )
    workers = wait_for_workers(process.pid, 2)  # one for each lane
    until(lambda: server.calls() > 10, "some targets are updated")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    updated = statuses(bulkeic)["updated"]
    assert server.calls() == updated == len(states(server)) < 1000
    assert have_ended(workers)


def test_each_worker_checks_whose_credentials_it_has(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 3)
    done = bulkeic(*words(server, "--yes", "--workers", 2))
    assert done.code == 0, done.err
    identities = server.stats()["by_operation"]["GetCallerIdentity"]
    assert identities == 3  # the command's own, and one of each worker


def test_a_role_is_assumed_once_for_each_account(bulkeic: Bulkeic, server: Server) -> None:
    accounts = [f"{number:012}" for number in range(1, 7)]
    rows = [
        f"fn-{n},{account},{region}" for account in accounts for region in REGIONS for n in "ab"
    ]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))
    done = bulkeic(
        *words(server, "--yes", "--workers", 2, "--role-arn", "arn:aws:iam::{account}:role/x")
    )
    assert done.code == 0, done.err
    assert server.stats()["by_operation"]["AssumeRole"] == len(accounts)


def test_too_many_failures_of_all_workers_stop_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 200)
    server.window("faults", {"refuse": 1, "latency_s": 0.02}, "PUT")
    limits = ("--workers", 2, "--concurrency", 2, "--max-failures", 5)
    done = bulkeic(*words(server, "--yes", *limits, "--no-before-image"))
    assert done.code == 3, done.err
    assert any("failed, the maximum allowed" in line for line in done.lines)
    # Each worker stops after five of its own, and what is in flight finishes.
    assert 5 <= statuses(bulkeic)["failed"] <= 5 + 5 + 2 * 2


def test_a_worker_imports_nothing_from_the_working_directory(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)
    for name in ("anyio.py", "bulkeic.py", "sitecustomize.py"):
        bulkeic.write(name, "raise SystemExit('imported from the working directory')")
    done = bulkeic(*words(server, "--yes", "--workers", 1))
    assert done.code == 0, done.err
    assert statuses(bulkeic) == Counter({"updated": 2})


def test_workers_are_found_without_the_environment_of_python(
    bulkeic: Bulkeic, server: Server, tmp_path: Path
) -> None:
    """What a file of PYTHONPATH prints on stdout does not end up between answers."""
    write_rows(bulkeic, REGIONS[:1], 2)
    (tmp_path / "with spaces").mkdir()
    bulkeic.write("with spaces/sitecustomize.py", "print('hello')")
    command = words(server, "--yes", "--workers", 1)
    done = bulkeic(*command, PYTHONPATH=str(tmp_path / "with spaces"))
    assert done.code == 0, done.err
    assert statuses(bulkeic) == Counter({"updated": 2})


def test_a_worker_that_cannot_be_started_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    rows = [f"fn,{number:012},{region}" for number in range(1, 11) for region in REGIONS]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))
    role = ("--role-arn", "arn:aws:iam::{account}:role/x")
    command = bulkeic.words(words(server, "--yes", "--workers", 40, *role))
    done = subprocess.run(
        ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *command], cwd=bulkeic.folder,
        env=bulkeic.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    stopped = r"^stopped: worker \d+ of 40 cannot be started: Too many open files; use fewer "
    assert re.search(stopped, done.stderr, re.MULTILINE), done.stderr
    assert server.calls() == 0
