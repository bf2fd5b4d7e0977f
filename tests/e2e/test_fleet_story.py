"""The runbook as one test: from an organization that nobody has listed to a change rolled back.

Three accounts of an organization have functions in two Regions. After each command the state of
the sandbox is compared with what the command may have changed: everything else stays as it was.
"""

import csv
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .fleet import ACCOUNTS, OTHERS, REGIONS, ROLE
from .random_fleet import State, state_of

NAMES = ("orders", "invoices", "mail", "reports")
SINK = "failed-events"
DESTINATION = f"arn:aws:lambda:{{region}}:{{account}}:function:{SINK}"
WANTED = ("--maximum-retry-attempts", 1, "--on-failure", DESTINATION)
HAD = {"DestinationConfig": {}, "MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}
DENIED_LANE = f"{OTHERS[0]}/{REGIONS[1]}"
SINKLESS_LANE = f"{OTHERS[1]}/{REGION}"
SUSPENDED = "333333333333"
LANES = [f"{account}/{region}" for account in ACCOUNTS for region in REGIONS]
DENIED, INVALID = "AccessDeniedException", "InvalidParameterValueException"

Target = tuple[str, str]
"""Lane and function."""


def first_state() -> State:
    """Every lane has the functions and the destination; one lane lacks the destination."""
    names = dict.fromkeys(NAMES, HAD)
    state: State = {
        lane: {name: {"$LATEST": deepcopy(config)} for name, config in names.items()}
        for lane in LANES
    }
    for lane in LANES:
        if lane != SINKLESS_LANE:
            state[lane][SINK] = {"$LATEST": None}
    return state


def targets_of(state: State) -> set[Target]:
    return {(lane, name) for lane, functions in state.items() for name in functions if name != SINK}


def wanted(lane: str) -> dict[str, Any]:
    """What a function of a lane has after the change."""
    account, region = lane.split("/")
    arn = DESTINATION.format(account=account, region=region)
    destinations = {"OnFailure": {"Destination": arn}, "OnSuccess": {}}
    return HAD | {"DestinationConfig": destinations, "MaximumRetryAttempts": 1}


class Story:
    """The commands of the story, and what they have changed so far.

    Args:
        bulkeic: the command.
        server: the sandbox.
    """

    def __init__(self, bulkeic: Bulkeic, server: Server) -> None:
        self._bulkeic = bulkeic
        self._server = server
        self.expected = state_of(server)

    def does(self, code: int, *words: object) -> Result:
        """Runs a command, which must end with this exit code."""
        calls = words[0] not in {"export", "report"}
        ends = ("--endpoint-url", self._server.url) if calls else ()
        result = self._bulkeic(*words, *ends)
        assert result.code == code, result.err
        return result

    def changed(self) -> set[Target]:
        """What has changed since the last call; all of it must have the wanted settings."""
        found, before = state_of(self._server), self.expected
        assert {lane: set(names) for lane, names in found.items()} == {
            lane: set(names) for lane, names in before.items()
        }
        changed = {
            (lane, name)
            for lane, functions in found.items()
            for name in functions
            if functions[name] != before[lane][name]
        }
        assert all(found[lane][name] == {"$LATEST": wanted(lane)} for lane, name in changed)
        self.expected = found
        return changed

    def assert_state(self, state: State) -> None:
        """Checks that every function has what it has in a state."""
        assert state_of(self._server) == state
        self.expected = state

    def reads_only(self, code: int, *words: object) -> Result:
        """Runs a command that must not change anything."""
        result = self.does(code, *words)
        assert self.changed() == set()
        return result


def test_the_whole_story(bulkeic: Bulkeic, sandbox: Callable[..., Server]) -> None:
    members = {account: {"unit": "workloads"} for account in OTHERS}
    members[SUSPENDED] = {"status": "SUSPENDED"}
    organization = {"management_account": ACCOUNT, "accounts": members}
    scenario = bulkeic.write("scenario.json", json.dumps({"organization": organization}))
    state = bulkeic.write("state.json", json.dumps(first_state()))
    server = sandbox("--rate", "unlimited", "--state", state, "--scenario", scenario)
    story = Story(bulkeic, server)
    before = deepcopy(story.expected)

    discover(story, bulkeic)
    plan(story)
    canary = apply_to_a_canary(story)
    failed = apply_with_failures(story, server, canary)
    fix_and_retry(story, server, failed)
    verify(story, bulkeic)
    roll_back(story, before)


def discover(story: Story, bulkeic: Bulkeic) -> None:
    """Lists the organization: a targets file with every function but the destinations."""
    places = ("--organization", "--role-arn", ROLE, "--regions", ",".join(REGIONS))
    story.reads_only(0, "discover", *places, "--name", f"!{SINK}", "--out", "fleet.csv")
    with (bulkeic.folder / "fleet.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {(f"{row['AccountId']}/{row['Region']}", row["FunctionName"]) for row in rows} == (
        targets_of(story.expected)
    )
    assert len(rows) == len(targets_of(story.expected))
    for row in rows:
        is_own = row["AccountId"] == ACCOUNT
        assert row["RoleArn"] == ("" if is_own else ROLE.format(account=row["AccountId"]))


def plan(story: Story) -> None:
    result = story.reads_only(0, "plan", "fleet.csv", "--run", "change.db", *WANTED)
    assert f"{len(targets_of(story.expected))} targets" in result.err


def apply_to_a_canary(story: Story) -> set[Target]:
    """Applies a sample of the plan, one target."""
    more = ("--name", "orders", "--select-region", REGION, "--account", ACCOUNT)
    story.does(0, "apply", "change.db", "--yes", *more, "--sample", 1)
    canary = story.changed()
    assert canary == {(f"{ACCOUNT}/{REGION}", "orders")}
    story.reads_only(0, "verify", "change.db", *more)
    return canary


def apply_with_failures(story: Story, server: Server, canary: set[Target]) -> set[Target]:
    """Applies the rest in waves: a lane denies access, and one lacks the destination."""
    server.window("faults", {"lanes": {DENIED_LANE: {"refuse": 1}}}, "PUT")
    waves = ("--waves", "25%,100%", "--wave-pause", "0s", "--max-failures", "50%")
    result = story.does(1, "apply", "change.db", "--yes", *waves, "--output", "json")
    failed = {(lane, name) for lane in (DENIED_LANE, SINKLESS_LANE) for name in NAMES}
    assert story.changed() == targets_of(story.expected) - failed - canary
    assert result.summary["errors"] == {DENIED: len(NAMES), INVALID: len(NAMES)}
    for code, lane in ((DENIED, DENIED_LANE), (INVALID, SINKLESS_LANE)):
        lines = story.reads_only(0, "export", "change.db", "--error-code", code).out.splitlines()
        found = [json.loads(line) for line in lines]
        assert {(f"{one['account_id']}/{one['region']}", one["error_code"]) for one in found} == {
            (lane, code)
        }
    return failed


def fix_and_retry(story: Story, server: Server, failed: set[Target]) -> None:
    """Gives the access back, then creates the destination; each time what failed is retried."""
    server.window("faults", {}, "PUT")
    retry = ("apply", "change.db", "--yes", "--retry-failed", "--max-failures", "50%")
    story.does(1, *retry, "--error-code", DENIED)
    retried = {(lane, name) for lane, name in failed if lane == DENIED_LANE}
    assert story.changed() == retried

    story.expected[SINKLESS_LANE][SINK] = {"$LATEST": None}
    server.window("state", story.expected, "PUT")
    story.does(0, *retry)
    assert story.changed() == failed - retried
    report = story.reads_only(0, "report", "change.db").out
    assert report.count(f"{len(NAMES)} failed targets") == 2


def verify(story: Story, bulkeic: Bulkeic) -> None:
    story.reads_only(0, "verify", "change.db")
    every = [json.loads(line) for line in bulkeic("export", "change.db").out.splitlines()]
    assert {one["status"] for one in every} == {"updated"}
    assert len(every) == len(targets_of(story.expected))


def roll_back(story: Story, before: State) -> None:
    """Restores every function; the destination that was created meanwhile stays."""
    preview = ("rollback", "change.db", "--plan", "--run", "back.db")
    story.reads_only(0, *preview)
    story.does(0, "apply", "back.db", "--yes")
    before[SINKLESS_LANE][SINK] = {"$LATEST": None}
    story.assert_state(before)
    story.reads_only(4, "verify", "change.db")
