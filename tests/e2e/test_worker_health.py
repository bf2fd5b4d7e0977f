"""Workers on the screen, in reports, in metrics and in events; a lost one is one line."""

import json
import signal
import sys
from os import kill
from typing import Any

import msgspec
import pytest

from bulkeic.core.rollout.run_events import AnyRunEvent, WorkerLost, WorkersReady

from .conftest import Bulkeic, Server
from .live_helpers import LiveEvents, ended, live_url, stop
from .rollout_helpers import REGIONS, until, words, write_rows
from .worker_processes import wait_for_workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")

WATCH = ("--metrics", "run.prom", "--notify", "cat >> events.jsonl")


def read(bulkeic: Bulkeic, name: str) -> str:
    return (bulkeic.folder / name).read_text()


def events(bulkeic: Bulkeic) -> list[AnyRunEvent]:
    lines = read(bulkeic, "events.jsonl").splitlines()
    return [msgspec.json.decode(line, type=AnyRunEvent) for line in lines]


def report(bulkeic: Bulkeic, *flags: str) -> str:
    found = bulkeic("report", "run.db", *flags)
    assert found.code == 0, found.err
    return found.out


def rows_of(bulkeic: Bulkeic) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The only session of the run, and its workers."""
    found = json.loads(report(bulkeic, "--json"))
    (session,) = found["sessions"]
    return session, found["workers"]


def test_a_lost_worker_is_on_the_screen_in_reports_metrics_and_events(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS, 60)
    server.window("faults", {"latency_s": 0.02}, "PUT")
    process = bulkeic.start(
        *words(server, "--yes", "-v", "--workers", 2, "--concurrency", 8, *WATCH)
    )
    victim, other = wait_for_workers(process.pid, 2)
    until(lambda: server.calls() > 40, "some targets are updated")
    kill(victim, signal.SIGKILL)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    lines = err.splitlines()
    ready = lines.index("2 workers: 2 and 2 lanes")
    lost = lines.index(
        f"worker 1 (process {victim}) is lost: ended by SIGKILL; its 2 lanes move to 1 other worker"
    )
    head, first, second = lines[lost + 1 : lost + 4]
    assert ready < lost
    columns = ["worker", "lanes", "targets", "calls", "calls/s", "last", "heard", "(UTC)", "lost"]
    assert head.split() == columns
    assert first.split()[:5] == ["worker", "1", "(process", f"{victim})", "2"]
    assert first.endswith("ended by SIGKILL")
    assert second.split()[:5] == ["worker", "2", "(process", f"{other})", "4"]

    session, (gone, stayed) = rows_of(bulkeic)
    assert gone["name"] == f"worker 1 (process {victim})"
    assert (gone["session"], gone["worker"], gone["lanes"]) == (1, 1, 2)
    assert (stayed["worker"], stayed["lanes"], stayed["lost"]) == (2, 4, None)
    assert gone["lost"] == "ended by SIGKILL"
    assert gone["targets"] + stayed["targets"] == 240
    assert gone["calls"] + stayed["calls"] == session["calls"]
    assert gone["first_heard_at"] <= gone["last_heard_at"] <= stayed["last_heard_at"]
    assert gone["calls_per_s"] > 0

    in_short, in_full = report(bulkeic), report(bulkeic, "-v")
    assert f"    2 workers: 240 targets, {session['calls']} calls, " in in_short
    one_line = f"    worker 1 (process {victim}) lost: ended by SIGKILL; last heard "
    assert [one_line in text for text in (in_short, in_full)] == [True, True]
    assert [f"worker 2 (process {other})" in text for text in (in_short, in_full)] == [False, True]
    report(bulkeic, "--html", "run.html", "--markdown", "run.md")
    assert f">worker 2 (process {other})</th>" in read(bulkeic, "run.html")
    assert (
        f"| `worker 1 (process {victim})` | `{gone['last_heard_at']}` | `ended by SIGKILL` |"
        in (read(bulkeic, "run.md"))
    )

    metrics = read(bulkeic, "run.prom").splitlines()
    assert 'bulkeic_workers{state="working"} 1.0' in metrics
    assert 'bulkeic_workers{state="lost"} 1.0' in metrics
    ready_event, lost_event = (
        each for each in events(bulkeic) if isinstance(each, WorkersReady | WorkerLost)
    )
    assert isinstance(ready_event, WorkersReady)
    assert (ready_event.workers, ready_event.lanes) == (2, 4)
    assert isinstance(lost_event, WorkerLost)
    assert (lost_event.worker, lost_event.name, lost_event.reason) == (
        1,
        gone["name"],
        gone["lost"],
    )
    assert (lost_event.lanes, lost_event.left) == (2, 1)


def test_the_live_page_shows_a_lost_worker_while_the_others_work(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:2], 400)
    process = bulkeic.start(
        "apply", "targets.csv", "--endpoint-url", server.url, "--yes", "--rate", 4, "--burst", 1,
        "--maximum-retry-attempts", 1, "--workers", 2, "--ui",
    )  # fmt: skip
    url = live_url(process)
    watch = LiveEvents(url)
    watch.until("sessions", "workers-table")
    victim, other = wait_for_workers(process.pid, 2)
    for each in (victim, other):
        assert f">worker {1 + (each == other)} (process {each})</th>" in watch.parts["sessions"]
    kill(victim, signal.SIGKILL)
    watch.until("sessions", "ended by SIGKILL")
    assert stop(url) == 204
    assert ended(process)[0] == 3
    watch.close()


def test_the_workers_of_waves_count_each_target_once(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS, 5)
    done = bulkeic(*words(server, "--yes", "--workers", 2, "--waves", "10%,100%"))
    assert done.code == 0, done.err
    session, workers = rows_of(bulkeic)
    assert sum(each["targets"] for each in workers) == 20
    assert sum(each["calls"] for each in workers) == session["calls"] == 60
    assert sum(each["lanes"] for each in workers) == 4
    (shown,) = [line for line in report(bulkeic).splitlines() if "2 workers" in line]
    assert shown.startswith("    2 workers: 20 targets, 60 calls, ")
    assert not shown.endswith("lost")


def test_a_run_in_one_process_shows_nothing_of_it(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 3)
    done = bulkeic(*words(server, "--yes", "-v", *WATCH))
    assert done.code == 0, done.err
    _, workers = rows_of(bulkeic)
    assert workers == []
    report(bulkeic, "--html", "run.html", "--markdown", "run.md")
    files = [read(bulkeic, name) for name in ("run.md", "run.prom", "events.jsonl")]
    shown = [done.err, report(bulkeic, "-v"), *files]
    assert not any("worker" in text.lower() for text in shown)
    assert "workers-table" not in read(bulkeic, "run.html")


def test_a_verification_lists_its_workers_and_stores_none(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 4)
    assert bulkeic(*words(server, "--yes")).code == 0
    done = bulkeic("verify", "run.db", "-v", "--workers", 2, "--endpoint-url", server.url)
    assert done.code == 0, done.err
    assert "2 workers: 1 and 1 lane" in done.lines
    listed = [line.split() for line in done.lines if line.startswith("  worker ")]
    assert [row[4:7] for row in listed[1:]] == [["1", "4", "4"], ["1", "4", "4"]]
    assert rows_of(bulkeic)[1] == []
