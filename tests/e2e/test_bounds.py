"""Endless or deeply nested input: refused in one line, with little memory and time."""

import gzip
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Bulkeic

MB = 1 << 20
# The command needs less than half of it; what is tried here would need gigabytes.
ADDRESS_SPACE = 1000 * MB
SECONDS = 40


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 << 30)


def repeated(start: bytes, piece: bytes, times: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(start + piece * times)

    return make


def bomb(start: bytes, piece: bytes) -> Callable[[Path], None]:
    """4 GB in 4 MB: the same gzip member, repeated."""

    def make(path: Path) -> None:
        member = gzip.compress(piece * (16 * MB // len(piece)), mtime=0)
        path.write_bytes(gzip.compress(start, mtime=0) + member * 256)

    return make


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "line.csv": (sparse, "line.csv:1: longer than 1,048,576 bytes"),
    "blank.csv.gz": (bomb(b"FunctionName\n", b"\n"), "expands to more than 300 times its size"),
    "cells.csv": (
        repeated(b"FunctionName,Region\n", b'"\n",', 8 * MB),
        "cells.csv:2: a row of more than 1,048,576 bytes; is a quote left open?",
    ),
    "list.json": (
        repeated(b'[{"Layers":[', b"[],", 32 * MB),
        "list.json:1: more than 1,048,576 bytes without a row's end",
    ),
}


def limited(bulkeic: Bulkeic, *words: object, stdin: int = subprocess.DEVNULL) -> list[str]:
    """The command's output; it exits with 2, within its limits."""
    done = subprocess.run(
        bulkeic.words(words), cwd=bulkeic.folder, env=bulkeic.env, stdin=stdin, timeout=SECONDS,
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE)),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert list(bulkeic.folder.glob("run.db*")) == []
    return done.stderr.splitlines()


@pytest.mark.parametrize("name", sorted(CASES))
def test_endless_input_is_refused_in_one_line(bulkeic: Bulkeic, name: str) -> None:
    make, says = CASES[name]
    make(bulkeic.folder / name)

    lines = limited(bulkeic, "apply", name, "--sandbox", "--region", "us-east-1", "--run", "run.db")

    assert len(lines) == 1
    assert says in lines[0]


def test_an_endless_pipe_of_blank_lines_is_refused(bulkeic: Bulkeic) -> None:
    with subprocess.Popen(["yes", ""], stdout=subprocess.PIPE) as endless:
        assert endless.stdout is not None
        lines = limited(
            bulkeic, "apply", "-", "--sandbox", "--run", "run.db", stdin=endless.stdout.fileno()
        )
        endless.kill()
    assert len(lines) == 1
    assert "<stdin>:" in lines[0]
    assert "blank lines; no targets file needs that" in lines[0]


def test_an_accounts_file_nested_100_000_deep_is_refused(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName\na\n")
    bulkeic.write("accounts.json", '[{"AccountId":' + "[" * 100_000)

    lines = limited(bulkeic, "apply", "targets.csv", "--sandbox", "--accounts", "accounts.json")

    assert lines == ["bulkeic: accounts.json:1: nested more than 16 deep; no row needs that"]
