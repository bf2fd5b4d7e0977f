"""Random fleets, random rows for them, and the state of a server."""

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .conftest import Server
from .fleet import ACCOUNTS, REGIONS

State = dict[str, dict[str, dict[str, Any]]]
"""The configurations of a sandbox, by lane, function and qualifier."""

COLUMNS = (
    "FunctionName", "Qualifier", "AccountId", "Region",
    "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure",
)  # fmt: skip


def destination(rng: random.Random, lane: str, *, failure: bool) -> str:
    account, region = lane.split("/")
    names = ["sqs:{}:{}:queue", "sns:{}:{}:topic", "events:{}:{}:event-bus/default"]
    names += ["lambda:{}:{}:function:sink", "lambda:{}:{}:function:sink:live"]
    names += ["s3:::bucket"] if failure else []
    return f"arn:aws:{rng.choice(names).format(region, account)}"


def drawn_config(rng: random.Random, lane: str) -> dict[str, Any] | None:
    """A random configuration; a third of the targets have none."""
    if rng.random() < 1 / 3:
        return None
    config: dict[str, Any] = {"DestinationConfig": {}}
    for half in ("OnSuccess", "OnFailure"):
        if rng.random() < 0.5:
            arn = destination(rng, lane, failure=half == "OnFailure")
            config["DestinationConfig"][half] = {"Destination": arn}
    if rng.random() < 0.7:
        config["MaximumRetryAttempts"] = rng.randrange(3)
    if rng.random() < 0.6:
        config["MaximumEventAgeInSeconds"] = rng.choice((60, 3600, 21600))
    return config


def drawn_state(rng: random.Random, functions: int) -> State:
    """Random functions in four lanes, with versions and aliases; each of these is a target."""
    state: State = {f"{account}/{region}": {} for account in ACCOUNTS[:2] for region in REGIONS}
    lanes = list(state)
    for number in range(functions):
        lane = rng.choice(lanes)
        qualifiers = ["$LATEST", *rng.sample(("1", "2", "live", "beta"), rng.randrange(4))]
        state[lane][f"fn-{number}"] = {each: drawn_config(rng, lane) for each in qualifiers}
    for functions_there in state.values():
        functions_there["sink"] = {"$LATEST": None, "live": None}
    return state


def drawn_row(rng: random.Random, lane: str) -> list[object]:
    """Random wanted settings of a target: one to four of them, some to be cleared."""
    row: list[object] = ["", "", "", ""]
    for column in rng.sample(range(4), rng.choice((1, 1, 2, 3, 4))):
        row[column] = (
            rng.randrange(3),
            rng.choice((60, 3600, 7200)),
            rng.choice(("none", destination(rng, lane, failure=False))),
            rng.choice((
                "none", destination(rng, lane, failure=True),
                "arn:aws:sqs:{region}:{account}:{function}-dead",
            )),
        )[column]  # fmt: skip
    return row


def drawn_rows(rng: random.Random, state: State) -> list[list[object]]:
    """Random rows for most targets, in random order."""
    rows = [
        [name, "" if qualifier == "$LATEST" else qualifier, *lane.split("/"),
         *drawn_row(rng, lane)]
        for lane, functions in state.items()
        for name, versions in functions.items()
        for qualifier in versions
        if name != "sink" and rng.random() < 0.9
    ]  # fmt: skip
    rng.shuffle(rows)
    return rows


def write_rows(path: Path, rows: Iterable[list[object]]) -> None:
    """Writes a targets file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def state_of(server: Server) -> State:
    """The state of a sandbox without ``LastModified``."""
    state: State = server.window("state")
    for functions in state.values():
        for versions in functions.values():
            for config in versions.values():
                (config or {}).pop("LastModified", None)
    return state
