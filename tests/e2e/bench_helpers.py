"""Runs benchmarks against a sandbox."""

from typing import Any

from .conftest import Bulkeic, Result, Server

AT_ONCE = ("--warmup", 0)


def run(bulkeic: Bulkeic, server: Server, *words: object, **env: str | None) -> Result:
    """Runs a benchmark that prints JSON on stdout."""
    return bulkeic("bench", *words, "--endpoint-url", server.url, "--output", "json", **env)


def measured(bulkeic: Bulkeic, server: Server, *words: object) -> list[dict[str, Any]]:
    """The measures of each load of a benchmark that succeeds."""
    done = run(bulkeic, server, *words)
    assert done.code == 0, done.err
    measures: list[dict[str, Any]] = done.summary["measures"]
    return measures


def write_lanes(bulkeic: Bulkeic, name: str, **functions: int) -> None:
    """Writes a targets file with a number of functions in each Region."""
    rows = [
        f"fn-{number},{region.replace('_', '-')}"
        for region, count in functions.items()
        for number in range(count)
    ]
    bulkeic.write(name, "\n".join(["FunctionName,Region", *rows]))
