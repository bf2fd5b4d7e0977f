"""Fleets that are drawn, what is wanted of them, and what a server holds."""

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .conftest import Server
from .fleet import ACCOUNTS, REGIONS

State = dict[str, dict[str, dict[str, Any]]]
"""What a sandbox holds: configurations by lane, function and qualifier."""

COLUMNS = (
    "FunctionName", "Qualifier", "AccountId", "Region",
    "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure",
)  # fmt: skip


def destination(chance: random.Random, lane: str, *, failure: bool) -> str:
    account, region = lane.split("/")
    names = ["sqs:{}:{}:queue", "sns:{}:{}:topic", "events:{}:{}:event-bus/default"]
    names += ["lambda:{}:{}:function:sink", "lambda:{}:{}:function:sink:live"]
    names += ["s3:::bucket"] if failure else []
    return f"arn:aws:{chance.choice(names).format(region, account)}"


def drawn_config(chance: random.Random, lane: str) -> dict[str, Any] | None:
    """What a target has; every third has nothing."""
    if chance.random() < 1 / 3:
        return None
    config: dict[str, Any] = {"DestinationConfig": {}}
    for half in ("OnSuccess", "OnFailure"):
        if chance.random() < 0.5:
            arn = destination(chance, lane, failure=half == "OnFailure")
            config["DestinationConfig"][half] = {"Destination": arn}
    if chance.random() < 0.7:
        config["MaximumRetryAttempts"] = chance.randrange(3)
    if chance.random() < 0.6:
        config["MaximumEventAgeInSeconds"] = chance.choice((60, 3600, 21600))
    return config


def drawn_state(chance: random.Random, functions: int) -> State:
    """Functions over four lanes, with versions and aliases; each of these is a target."""
    state: State = {f"{account}/{region}": {} for account in ACCOUNTS[:2] for region in REGIONS}
    lanes = list(state)
    for number in range(functions):
        lane = chance.choice(lanes)
        qualifiers = ["$LATEST", *chance.sample(("1", "2", "live", "beta"), chance.randrange(4))]
        state[lane][f"fn-{number}"] = {each: drawn_config(chance, lane) for each in qualifiers}
    for functions_there in state.values():
        functions_there["sink"] = {"$LATEST": None, "live": None}
    return state


def drawn_row(chance: random.Random, lane: str) -> list[object]:
    """What is wanted of a target: at least one setting of four, each maybe to be cleared."""
    row: list[object] = ["", "", "", ""]
    for column in chance.sample(range(4), chance.choice((1, 1, 2, 3, 4))):
        row[column] = (
            chance.randrange(3),
            chance.choice((60, 3600, 7200)),
            chance.choice(("none", destination(chance, lane, failure=False))),
            chance.choice((
                "none", destination(chance, lane, failure=True),
                "arn:aws:sqs:{region}:{account}:{function}-dead",
            )),
        )[column]  # fmt: skip
    return row


def drawn_rows(chance: random.Random, state: State) -> list[list[object]]:
    """A row for most targets, in any order."""
    rows = [
        [name, "" if qualifier == "$LATEST" else qualifier, *lane.split("/"),
         *drawn_row(chance, lane)]
        for lane, functions in state.items()
        for name, versions in functions.items()
        for qualifier in versions
        if name != "sink" and chance.random() < 0.9
    ]  # fmt: skip
    chance.shuffle(rows)
    return rows


def write_rows(path: Path, rows: Iterable[list[object]]) -> None:
    """Writes a targets file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def state_of(server: Server) -> State:
    """All that a sandbox holds, but for the time at which it was set."""
    state: State = server.window("state")
    for functions in state.values():
        for versions in functions.values():
            for config in versions.values():
                (config or {}).pop("LastModified", None)
    return state
