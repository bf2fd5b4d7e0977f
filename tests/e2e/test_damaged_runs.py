"""Run files that are damaged, of another version, or something else: one line, and not changed.

What random damage comes to is in ``tests/fuzz``.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bulkeic.sandbox.state.region_names import REGIONS
from tests.fuzz.bit_flips import flips
from tests.store.damaged_files import change

from .conftest import REGION, Bulkeic, Server
from .rollout_helpers import load, states

COMMANDS = {
    "report": ("report",),
    "export": ("export",),
    "apply": ("apply", "--sandbox", "--yes"),
    "plan": ("plan", "--sandbox"),
    "verify": ("verify", "--sandbox"),
    "rollback": ("rollback", "--sandbox", "--yes"),
}


def newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 99")


def foreign(path: Path) -> None:
    change(path, "PRAGMA application_id = 7")


def swapped(path: Path) -> None:
    data = path.read_bytes()
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    pages[3:8] = reversed(pages[3:8])
    path.write_bytes(b"".join(pages))


def short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def other_type(path: Path) -> None:
    change(path, "UPDATE job SET function = x'ff00'")


def other_name(path: Path) -> None:
    """Changes one bit of a name."""
    path.write_bytes(path.read_bytes().replace(b"fn-11", b"fn-10", 1))


def other_settings(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'Attempts":1}', b'Attempts":9}', 1))


def other_source(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"sourcetargets.csv", b"sourcetargets.cs0", 1))


def other_outcome(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"updated", b"created", 1))


def with_trigger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON outcome BEGIN DELETE FROM job; END")


def other_digest(path: Path) -> None:
    change(path, "INSERT INTO run VALUES ('plan_parts', '0')")


def other_waves(path: Path) -> None:
    change(path, "INSERT INTO run VALUES ('wave_rules', '[[1]]')")


def lost(path: Path) -> None:
    change(path, "DELETE FROM job WHERE seq = 1")


def no_status(path: Path) -> None:
    change(path, "UPDATE outcome SET status = 'perhaps'")


def other_log(path: Path) -> None:
    """Adds the log of another database, as a careless copy does."""
    other = path.with_name("other")
    with closing(sqlite3.connect(other)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE mine (a)")
        database.commit()
        shutil.copy(f"{other}-wal", f"{path}-wal")


DAMAGE: dict[Callable[[Path], None], str] = {
    newer: "has version 99, this bulkeic supports 10; use the newer bulkeic that made it",
    foreign: "is a database, but not a run file",
    swapped: "cannot be opened: ",
    short: "cannot be opened: ",
    other_type: "cannot be opened: damaged: job: a value of the wrong type",
    lost: "cannot be opened: damaged: lane: a wrong number of jobs",
    no_status: "cannot be opened: damaged: outcome: a value of the wrong type",
    other_name: "cannot be opened: damaged: job: not as it was stored; save",
    other_settings: "cannot be opened: damaged: settings: not as it was stored; save",
    other_source: "cannot be opened: damaged: run: not as it was stored; save",
    other_outcome: "cannot be opened: damaged: outcome: a row is not as it was stored; save",
    other_digest: "cannot be read: damaged: run: plan_parts is not what was stored",
    other_waves: "cannot be read: damaged: Expected `array` of at least length 4",
    with_trigger: "cannot be opened: damaged: 't' does not belong to the file; save",
    other_log: "cannot be opened: ",
}
# Any command opens them alike, so each of them is tried with one command or two.
TRIED = [
    ("report", newer),
    ("export", foreign),
    ("apply", swapped),
    ("verify", short),
    ("rollback", other_type),
    ("plan", lost),
    ("report", no_status),
    ("rollback", other_name),
    ("apply", other_settings),
    ("plan", other_source),
    ("rollback", other_outcome),
    ("report", other_digest),
    ("apply", other_waves),
    ("apply", with_trigger),
    ("apply", other_log),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run file of finished jobs with before-images."""
    bulkeic = Bulkeic(tmp_path_factory.mktemp("whole"))
    rows = "".join(f"fn-{n},{REGIONS[n % len(REGIONS)]}\n" for n in range(40))
    bulkeic.write("targets.csv", f"FunctionName,Region\n{rows}")
    result = bulkeic(
        "apply", "targets.csv", "--sandbox", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--before-image", "--rate", "unlimited",
    )  # fmt: skip
    assert result.code == 0, result.err
    return bulkeic.folder / "run.db"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("command", "damage"), TRIED)
def test_a_damaged_run_file_is_one_line_and_not_changed(
    bulkeic: Bulkeic, whole: Path, command: str, damage: Callable[[Path], None]
) -> None:
    path = Path(shutil.copy(whole, bulkeic.folder))
    damage(path)
    assert path.read_bytes() != whole.read_bytes() or damage is other_log
    before = files(bulkeic.folder)
    verb, *flags = COMMANDS[command]

    result = bulkeic(verb, "run.db", *flags)

    assert (result.code, result.out) == (2, "")
    assert len(result.lines) == 1
    assert "'run.db'" in result.err
    assert DAMAGE[damage] in result.err
    assert files(bulkeic.folder) == before


def test_a_path_that_is_not_a_file_is_reported_at_once(bulkeic: Bulkeic) -> None:
    (bulkeic.folder / "folder").mkdir()
    os.mkfifo(bulkeic.folder / "pipe")
    (bulkeic.folder / "empty").touch()
    for command, name in (("report", "folder"), ("rollback", "pipe"), ("export", "empty")):
        verb, *flags = COMMANDS[command]
        result = bulkeic(verb, name, *flags)
        says = f"'{name}' is not a run file; expected a file of plan, apply or rollback"
        assert (result.code, result.lines) == (2, [f"bulkeic: {says}"])


def test_damage_found_after_calls_were_sent_exits_with_3(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    names = ("gone", *(f"fn-{number}" for number in range(6)))
    bulkeic.write("all.csv", "FunctionName\n" + "\n".join(names[1:]))
    rows = "".join(f"{name},{60 + number // 2}\n" for number, name in enumerate(names, 1))
    bulkeic.write("targets.csv", f"FunctionName,MaximumEventAgeInSeconds\n{rows}")
    server = sandbox("--rate", "unlimited", "--targets", "all.csv")
    ends = ("--yes", "--endpoint-url", server.url, "--concurrency", 1)
    counted = ("--run", "run.db", "--no-before-image", "--max-failures", 1)
    first = bulkeic("apply", "targets.csv", *counted, *ends)
    assert first.code == 3, first.err
    change(bulkeic.folder / "run.db", "UPDATE settings SET api = '{' WHERE jobs = 1")

    result = bulkeic("apply", "run.db", *ends)

    assert result.code == 3, result.err
    assert server.calls() == len(names)
    assert result.lines[-1].startswith("bulkeic: run file 'run.db': cannot be read: damaged: ")
    assert result.lines[-1].endswith("; some jobs may have been done")


@pytest.mark.parametrize("damage", [other_name, other_outcome, other_settings, other_source])
def test_export_saves_the_outcomes_that_are_intact(
    bulkeic: Bulkeic, whole: Path, damage: Callable[[Path], None]
) -> None:
    path = Path(shutil.copy(whole, bulkeic.folder))
    expected = json_lines(bulkeic("export", "run.db").out)
    damage(path)
    before = files(bulkeic.folder)

    result = bulkeic("export", "run.db")

    assert result.code == 1
    assert files(bulkeic.folder) == before
    saved = json_lines(result.out)
    lost = 1 if damage in {other_name, other_outcome} else 0
    assert len(saved) == len(expected) - lost
    for each in saved:
        stored = expected[each["seq"]]
        left_out = {name for name, value in each.items() if value is None} | {"source"}
        assert {name: each[name] for name in each.keys() - left_out} == {
            name: stored[name] for name in stored.keys() - left_out
        }
    (line,) = result.lines
    assert "bulkeic: run file 'run.db': cannot be opened: damaged: " in line
    assert f"; exported {40 - lost} intact outcomes, left out {lost} damaged" in line


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


FLIPS = int(os.environ.get("BULKEIC_ROUNDS", "3")) * 2


def test_after_a_flipped_bit_only_what_was_planned_is_sent(
    bulkeic: Bulkeic, server: Server
) -> None:
    names = [f"fn-{number}" for number in range(20)]
    rows = "".join(f"{name},{number % 3}\n" for number, name in enumerate(names))
    bulkeic.write("targets.csv", f"FunctionName,MaximumRetryAttempts\n{rows}")
    load(server, {name: {"MaximumEventAgeInSeconds": 900} for name in names})
    ends = ("--endpoint-url", server.url, "--rate", "unlimited")
    assert bulkeic("plan", "targets.csv", "--run", "plan.db", *ends).code == 0
    data = (bulkeic.folder / "plan.db").read_bytes()
    at_first = states(server)

    for at, bit in flips(data, FLIPS // 2, FLIPS // 2, seed=5):
        flipped = bytearray(data)
        flipped[at] ^= 1 << bit
        (bulkeic.folder / "run.db").write_bytes(flipped)
        result = bulkeic("apply", "run.db", "--yes", *ends)
        assert result.code in {0, 2}, result.err
        if result.code:
            assert states(server) == at_first, (at, bit)
        else:
            changed = states(server)
            for number, name in enumerate(names):
                config = changed[REGION, name]
                assert config is not None
                assert config["MaximumRetryAttempts"] == number % 3
                assert config["MaximumEventAgeInSeconds"] == 900
            assert changed.keys() == at_first.keys()
            load(server, {name: {"MaximumEventAgeInSeconds": 900} for name in names})
