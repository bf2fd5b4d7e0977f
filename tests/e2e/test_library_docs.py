"""The examples of the library's page, run as they are: in a script, a notebook and a server."""

import ast
import asyncio
import inspect
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

import bulkeic as library
from bulkeic.app.library import keywords
from bulkeic.sandbox import SandboxOptions

from .library_helpers import as_program, called_sandbox, write_targets

PAGE = (Path(__file__).parents[2] / "docs/reference/library.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TARGETS = 12


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    as_program(monkeypatch, tmp_path)
    write_targets(TARGETS)


def run_script(text: str) -> None:
    exec(compile(text, "library.md", "exec"), {"__name__": "__main__"})


async def run_cell(text: str) -> dict[str, Any]:
    """Runs a cell of a notebook, which may await, on the loop that is running."""
    names: dict[str, Any] = {}
    cell = compile(text, "library.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if cell.co_flags & inspect.CO_COROUTINE:
        running: Coroutine[Any, Any, None] = eval(cell, names)
        await running
    else:
        exec(cell, names)
    return names


async def ask(port: int, line: str) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{line}\n".encode())
    answer = (await reader.read()).decode().splitlines()
    writer.close()
    await writer.wait_closed()
    return answer


async def check_server(names: dict[str, Any]) -> None:
    """Two clients are served at once by the handler of the page."""
    server = await asyncio.start_server(names["handle"], "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        write_targets(3, "other.csv")
        answers = await asyncio.gather(ask(port, "targets.csv"), ask(port, "other.csv"))
    for lines, targets in zip(answers, (TARGETS, 3), strict=True):
        assert lines[-2] == f"{targets} of {targets}"
        assert "'failed': 0" in lines[-1]


async def test_every_example_of_the_page_runs(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    options = SandboxOptions(rate=None, any_function=True)
    async with called_sandbox(monkeypatch, options) as sandbox:
        sandbox.add_function("123456789012", "us-east-1", "orders-0")
        for text in EXAMPLES:
            if "asyncio.run(" in text:
                await asyncio.to_thread(run_script, text)
            elif "async def handle" in text:
                await check_server(await run_cell(text))
            else:
                await run_cell(text)
    out, err = capfd.readouterr()
    assert err == ""
    assert f"{TARGETS} of {TARGETS}, 0 failed\n{TARGETS} updated" in out
    assert "targets in 1 lanes" in out
    assert len(asyncio.all_tasks()) == 1


def test_the_page_names_every_public_name_and_every_keyword() -> None:
    for name in library.__all__:
        assert f"`{name}" in PAGE, name
        assert getattr(library, name).__doc__
    table = re.findall(r"^\| (`.*) \| (.*) \|$", PAGE.split("## Keywords")[1], re.MULTILINE)
    calls = {
        "plan": keywords.PlanKeywords,
        "apply": keywords.ApplyKeywords,
        "verify": keywords.VerifyKeywords,
        "rollback": keywords.RollbackKeywords,
        "discover": keywords.DiscoverKeywords,
        "read_report": keywords.ReportKeywords,
    }
    documented: dict[str, set[str]] = {call: set() for call in calls}
    for names, where in table:
        if where.startswith(("an ", "a ", "another", "AWS", "the ")):
            continue  # a row of the errors
        exceptions = {"reports": "read_report"}
        named = {exceptions.get(each, each) for each in re.findall(r"\w+", where)} & calls.keys()
        for call in calls.keys() - named if where.startswith("all but") else named:
            documented[call] |= set(re.findall(r"`(\w+)`", names))
    assert documented == {call: set(typed.__annotations__) for call, typed in calls.items()}


def test_the_names_of_the_package_are_those_of_its_modules() -> None:
    assert sorted(library.__all__) == sorted(set(dir(library)) - {"__version__"})
    assert len(library.__all__) == len(set(library.__all__))
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        _ = library.missing
