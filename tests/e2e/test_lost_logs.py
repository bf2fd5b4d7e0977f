"""A run that was killed: with its log, without it, and under another name."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.chaos.disks import in_memory

from .conftest import Bulkeic, Result, Server
from .rollout_helpers import states

TARGETS = 60
SLOWLY = ("--concurrency", 1, "--rate", 20)
FAST = ("--rate", "unlimited")
LOST = (
    "bulkeic: run file 'run.db' was not closed properly, and its log 'run.db-wal' is missing: "
    "outcomes may be lost, unless another program has merged it; move the log back, or continue "
    "without it with --accept-loss"
)


@pytest.fixture
def killed(bulkeic: Bulkeic, server: Server) -> Path:
    """The run file of a killed run; some targets are done."""
    rows = "".join(f"fn-{number},1\n" for number in range(TARGETS))
    bulkeic.write("targets.csv", f"FunctionName,MaximumRetryAttempts\n{rows}")
    process = bulkeic.start(
        "apply", "targets.csv", "--run", "run.db", "--yes", "--before-image",
        "--endpoint-url", server.url, *SLOWLY, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    results = bulkeic.folder / "run.db"
    while not (results.exists() and done(bulkeic) >= 5):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert (bulkeic.folder / "run.db-wal").stat().st_size > 0
    return results


def done(bulkeic: Bulkeic) -> int:
    return bulkeic("export", "run.db").out.count("\n")


def apply(bulkeic: Bulkeic, server: Server, *words: object, run: str = "run.db") -> Result:
    return bulkeic("apply", run, "--yes", "--endpoint-url", server.url, *FAST, *words)


def test_a_killed_run_with_its_log_is_reported_and_resumed(
    bulkeic: Bulkeic, server: Server, killed: Path
) -> None:
    stored = done(bulkeic)
    assert bulkeic("report", "run.db").code == 0
    assert bulkeic("verify", "run.db", "--endpoint-url", server.url, *FAST).code in {1, 4}

    result = apply(bulkeic, server)

    assert result.code == 0, result.err
    assert done(bulkeic) == TARGETS
    assert server.calls() - TARGETS <= 1 < stored
    assert sorted(path.name for path in killed.parent.iterdir()) == ["run.db", "targets.csv"]


def test_a_run_without_its_log_is_refused_until_the_loss_is_accepted(
    bulkeic: Bulkeic, server: Server, killed: Path
) -> None:
    killed.with_name("run.db-wal").unlink()
    killed.with_name("run.db-shm").unlink(missing_ok=True)
    ends = ("--yes", "--endpoint-url", server.url, *FAST)
    before, content = server.calls(), killed.read_bytes()
    for words in (("apply", *ends), ("verify", *ends[1:]), ("rollback", *ends), ("report",)):
        result = bulkeic(words[0], "run.db", *words[1:])
        assert (result.code, result.lines) == (2, [LOST])
    assert server.calls() == before
    assert killed.read_bytes() == content
    assert sorted(path.name for path in killed.parent.iterdir()) == ["run.db", "targets.csv"]
    exported = bulkeic("export", "run.db")
    assert exported.code == 1
    assert "exported 0 intact outcomes, left out 0 damaged; others may be missing" in exported.err
    assert bulkeic("report", "run.db", "--accept-loss").code == 0

    result = apply(bulkeic, server, "--accept-loss")

    assert result.code == 0, result.err
    assert done(bulkeic) == TARGETS
    assert apply(bulkeic, server).code == 0


def test_a_hard_link_of_a_run_file_is_refused(
    bulkeic: Bulkeic, server: Server, killed: Path
) -> None:
    os.link(killed, killed.with_name("other.db"))
    before = server.calls()

    for name in ("other.db", "run.db"):
        result = apply(bulkeic, server, run=name)
        assert (result.code, len(result.lines)) == (2, 1)
        assert f"run file '{name}' has another name (a hard link)" in result.err
        assert "; delete the other name, or use a copy of the file" in result.err
    assert server.calls() == before
    killed.with_name("other.db").unlink()
    assert apply(bulkeic, server).code == 0


def test_a_run_whose_draft_name_was_left_by_a_kill_is_used(
    bulkeic: Bulkeic, server: Server, killed: Path
) -> None:
    os.link(killed, killed.with_name("run.db.loading"))
    assert apply(bulkeic, server).code == 0


@pytest.mark.parametrize("folder", ["/", ".", "made"])
def test_a_folder_as_run_file_is_one_line(bulkeic: Bulkeic, server: Server, folder: str) -> None:
    (bulkeic.folder / "made").mkdir()
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn,1\n")

    result = bulkeic("apply", "targets.csv", "--run", folder, "--yes", "--endpoint-url", server.url)

    assert (result.code, len(result.lines)) == (2, 1)
    assert f"'{folder}' is a folder; give the name of a file, for example " in result.err


def test_too_few_open_files_are_one_line_with_the_way_out(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn,1\n")
    words = bulkeic.words(
        ("apply", "targets.csv", "--run", "run.db", "--yes", "--endpoint-url", server.url)
    )

    ended = subprocess.run(
        ["sh", "-c", 'ulimit -n 10; exec "$@"', "sh", *words], cwd=bulkeic.folder, env=bulkeic.env,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "bulkeic: only 10 open files are allowed, and at least 64 are needed; "
        "raise the limit, for example with ulimit -n 1024\n"
    )
    assert not (bulkeic.folder / "run.db").exists()
    assert states(server) == {}


@pytest.mark.parametrize("free", [40_000, 60_000, 80_000])
def test_a_disk_that_is_full_at_opening_is_one_line_with_the_way_out(
    bulkeic: Bulkeic, server: Server, free: int
) -> None:
    rows = "".join(f"fn-{number},1\n" for number in range(200))
    bulkeic.write("targets.csv", f"FunctionName,MaximumRetryAttempts\n{rows}")
    with in_memory(bulkeic.folder / "disk") as disk:
        filled = disk.fill()
        os.truncate(filled, filled.stat().st_size - free)

        result = bulkeic(
            "apply", "targets.csv", "--run", "disk/run.db", "--yes", "--endpoint-url", server.url,
            *FAST,
        )  # fmt: skip

        assert result.code == 2, result.err
        assert len(result.lines) == 1
        assert "; free space on the disk, then run the command again" in result.err
        assert server.calls() == 0
