"""Log lines on stderr."""

import io
import json
import logging
import sys

import pytest

from bulkeic.output.logs import configure_logs


class _Unbuffered(io.StringIO):
    """Keeps each write, as an unbuffered stderr sends it to the system."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


def test_a_line_is_one_write_so_that_lines_of_processes_never_mix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stderr = _Unbuffered()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs("json", "warning", str)

    logging.getLogger("bulkeic.test").warning("failed")

    (line,) = stderr.writes
    assert line.endswith("\n")
    assert json.loads(line)["event"] == "failed"
