"""Platforms: on Windows, every command ends with one line, before an import fails."""

import resource
import subprocess
import sys

import pytest

from bulkeic.app.setup.open_files import allow_open_files

AS_ON_WINDOWS = """
import signal, sys
sys.platform = "win32"
for name in ("fcntl", "grp", "pwd", "resource", "termios", "uvloop"):
    sys.modules[name] = None
for name in ("SIGHUP", "SIGKILL", "SIGSTOP", "SIGUSR1"):
    delattr(signal, name)
from bulkeic.cli.entry_point import main
main()
"""


@pytest.mark.parametrize("words", ["--version", "--help", "apply targets.csv --sandbox --yes"])
def test_on_windows_a_command_is_one_line_with_the_way_out(words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS, *words.split()],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "bulkeic: Windows is not supported: run files, stops and workers need file locks and "
        "signals that it does not have; use Linux in WSL: wsl --install\n"
    )


def test_a_system_that_refuses_its_own_hard_limit_keeps_the_soft_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As macOS, whose hard limit is unlimited and whose kernel allows less."""

    def refuse(_kind: int, _limits: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    allow_open_files(1_000_000)
