"""Helpers for discoveries: what there is to find, and what was found."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

from .conftest import Bulkeic, Result, Server

READER = "arn:aws:iam::{account}:role/reader"
LATEST = "$LATEST"
PAGE = 50

Key = tuple[str, str, str, str]
"""Account, Region, function and qualifier."""


def discover(bulkeic: Bulkeic, server: Server, *words: object, **env: str | None) -> Result:
    """Runs a discovery without a rate of its own."""
    return bulkeic("discover", "--endpoint-url", server.url, "--rate", "unlimited", *words, **env)


def found_keys(text: str) -> list[Key]:
    """The targets of a CSV file, in its order."""
    return [_key(row) for row in csv.DictReader(io.StringIO(text))]


def found_rows(text: str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(text)))


def _key(row: dict[str, Any]) -> Key:
    return row["AccountId"], row["Region"], row["FunctionName"], row.get("Qualifier") or LATEST


def there_is(
    server: Server,
    qualifiers: Callable[[dict[str, Any]], Iterable[str]] = lambda _: [LATEST],
    which: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> list[Key]:
    """What a complete discovery must find, as the sandbox itself says.

    Args:
        server: the sandbox.
        qualifiers: of a function.
        which: of the functions.
    """
    return sorted(
        (each["AccountId"], each["Region"], each["FunctionName"], qualifier)
        for each in server.window("functions")
        if which(each)
        for qualifier in qualifiers(each)
    )


def calls_by_operation(server: Server) -> dict[str, int]:
    """The calls so far, without those that ask who the caller is."""
    by_operation: dict[str, int] = server.stats()["by_operation"]
    return {name: calls for name, calls in by_operation.items() if name != "GetCallerIdentity"}


def scenario(bulkeic: Bulkeic, **options: Any) -> str:
    """Writes a scenario without a quota, and returns its name."""
    bulkeic.write("scenario.json", json.dumps({"rate": "unlimited", **options}))
    return "scenario.json"
