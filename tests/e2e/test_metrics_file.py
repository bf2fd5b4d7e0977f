"""``--metrics``: a file that is whole at any time, and equals the summary at the end."""

import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .conftest import Bulkeic, Server
from .forks import Process
from .rollout_helpers import REGIONS, line_with, load, until, words, write_rows

FILE = "bulkeic.prom"
WAIT = "touch asked; while ! test -e go; do sleep 0.02; done"
Values = dict[tuple[str, ...], float]


def metrics(path: Path) -> Values:
    """Every sample by its name and the values of its labels, in alphabetical order of labels."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def assert_equal(found: Values, command: str, summary: Any) -> None:
    """Checks the metrics against the summary of the only session of a run."""
    states = ("updated", "created", "unchanged", "failed", "unknown", "invalid", "pending")
    for state in states:
        assert found["bulkeic_targets", state] == summary[state], state
    for name in ("calls", "throttles", "conflicts", "retries"):
        assert found.get((f"bulkeic_{name}_total", command), 0) == summary[name], name
    errors = {key[2]: value for key, value in found.items() if key[0] == "bulkeic_errors_total"}
    assert errors == summary["errors"]


def working(bulkeic: Bulkeic, server: Server, *flags: object) -> Process:
    """A run that waits for its gate after the first of two waves; one target of four fails."""
    load(server, {f"fn-{n}": {"MaximumRetryAttempts": 2} if n < 3 else None for n in range(4)})
    write_rows(bulkeic, REGIONS[:1], 4)
    waves = ("--waves", "2,100%", "--max-failures", "100%", "--gate", WAIT)
    process = bulkeic.start(
        *words(server, "--yes", *waves, "--metrics", FILE, "--output", "json", *flags)
    )
    until((bulkeic.folder / "asked").exists, "the gate is asked")
    path = bulkeic.folder / FILE
    until(
        lambda: path.exists() and metrics(path).get(("bulkeic_waves_done_total", "apply")) == 1,
        "the file shows the first wave",
    )
    return process


def test_the_file_follows_the_run_and_equals_its_summary_at_the_end(
    bulkeic: Bulkeic, server: Server
) -> None:
    process = working(bulkeic, server)
    path = bulkeic.folder / FILE
    first = metrics(path)
    assert first["bulkeic_session_state", "working"] == 1
    assert (first["bulkeic_targets", "updated"], first["bulkeic_targets", "pending"]) == (2, 2)
    assert (first[("bulkeic_wave",)], first[("bulkeic_last_wave",)]) == (1, 2)
    (bulkeic.folder / "go").touch()

    out, err = process.communicate(timeout=20)

    assert process.returncode == 1, err
    last = metrics(path)
    assert_equal(last, "apply", json.loads(out))
    assert last["bulkeic_targets", "failed"] == 1
    assert last["bulkeic_session_state", "done"] == 1
    assert last["bulkeic_waves_done_total", "apply"] == 2
    assert last["bulkeic_gate_answers_total", "apply", "continue", "gate"] == 2
    assert last[("bulkeic_call_duration_seconds_count",)] == 4
    assert (
        last[("bulkeic_last_update_time_seconds",)] > first[("bulkeic_last_update_time_seconds",)]
    )
    assert [each.name for each in bulkeic.folder.glob(f"{FILE}*")] == [FILE]


def test_a_kill_leaves_a_file_that_can_be_read(bulkeic: Bulkeic, server: Server) -> None:
    process = working(bulkeic, server)
    process.kill()
    (bulkeic.folder / "go").touch()
    process.communicate(timeout=20)

    found = metrics(bulkeic.folder / FILE)

    assert found["bulkeic_session_state", "working"] == 1
    assert found["bulkeic_targets", "updated"] == 2


def test_every_command_writes_its_numbers(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {f"fn-{n}": {"MaximumRetryAttempts": n % 2} if n < 4 else None for n in range(5)})
    write_rows(bulkeic, REGIONS[:1], 5)
    target = ("--endpoint-url", server.url, "--output", "json", "--metrics", FILE)
    commands = (
        ("plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1),
        ("apply", "run.db", "--yes"),
        ("verify", "run.db"),
        ("rollback", "run.db", "--yes"),
    )
    for command in commands:
        result = bulkeic(*command, *target)
        found = metrics(bulkeic.folder / FILE)
        assert result.code in {0, 1, 4}, result.err
        for state in ("updated", "unchanged", "failed", "pending"):
            assert found["bulkeic_targets", state] == result.summary[state], command
        calls = found["bulkeic_calls_total", str(command[0])]
        assert calls == result.summary["calls"], command


def test_a_file_that_cannot_be_written_is_one_line_and_is_tried_again(
    bulkeic: Bulkeic, server: Server
) -> None:
    folder = bulkeic.folder / "there"
    folder.mkdir()
    write_rows(bulkeic, REGIONS[:1], 2)
    gate = "if test -d there; then rm -r there; else mkdir there; fi; " + WAIT
    flags = ("--waves", "1,100%", "--gate", gate, "--metrics", f"there/{FILE}")
    process = bulkeic.start(*words(server, "--yes", *flags))
    line = "--metrics: the file cannot be written (No such file or directory); the run continues"

    line_with(process, line)
    (bulkeic.folder / "go").touch()
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    assert "--metrics" not in err
    assert metrics(folder / FILE)["bulkeic_session_state", "done"] == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("no/such/m.prom", "there is no such folder"),
        ("folder", "Is a directory"),
        ("/dev/null", "is not a regular file"),
        ("targets.csv", "is used by this command"),
        ("run.db", "is used by this command"),
        ("run.db-wal", "is used by this command"),
        ("link", "is used by this command"),
        ("of-yesterday.db", "is a run file"),
    ],
)
def test_an_impossible_path_is_refused(bulkeic: Bulkeic, path: str, text: str) -> None:
    (bulkeic.folder / "folder").mkdir()
    (bulkeic.folder / "link").symlink_to("results.jsonl")
    (bulkeic.folder / "of-yesterday.db").write_bytes(b"SQLite format 3\0")
    file = bulkeic.write("targets.csv", "FunctionName\nfn\n")
    files = ("--run", "run.db", "--results", "results.jsonl", "--metrics", path)

    result = bulkeic("apply", "targets.csv", "--yes", *files)

    assert result.code == 2
    assert len(result.lines) == 1
    assert f"--metrics '{path}'" in result.err
    assert text in result.err
    assert file.read_text() == "FunctionName\nfn\n"


def test_a_refused_command_leaves_the_file_as_it_is(bulkeic: Bulkeic) -> None:
    file = bulkeic.write(FILE, "of the last run\n")
    bulkeic.write("targets.csv", "FunctionName,Colour\nfn,red\n")

    result = bulkeic("apply", "targets.csv", "--yes", "--metrics", FILE)

    assert result.code == 2
    assert file.read_text() == "of the last run\n"
