"""Surroundings of a program that uses the library."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bulkeic.sandbox import Sandbox, SandboxOptions

from .conftest import environment


def as_program(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Lets the library find a folder of its own and test credentials."""
    monkeypatch.chdir(folder)
    for name, value in environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


def write_targets(count: int, name: str = "targets.csv") -> str:
    rows = "".join(f"orders-{number},1\n" for number in range(count))
    Path(name).write_text(f"FunctionName,MaximumRetryAttempts\n{rows}")
    return name


@asynccontextmanager
async def called_sandbox(
    monkeypatch: pytest.MonkeyPatch, options: SandboxOptions
) -> AsyncIterator[Sandbox]:
    """A sandbox that the library calls instead of AWS."""
    async with Sandbox(options) as sandbox:
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        yield sandbox
