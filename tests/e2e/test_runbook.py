"""The commands of the runbook, as they are printed there, in their order against a sandbox."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .fleet import ACCOUNTS, OTHERS, REGIONS
from .random_fleet import state_of
from .rollout_helpers import change

RUNBOOK = Path(__file__).parents[2] / "docs/how-to/runbook.md"
HAD = {"DestinationConfig": {}, "MaximumRetryAttempts": 2}
EACH = 12
DENIED_LANE = f"{OTHERS[1]}/{REGIONS[1]}"


def commands() -> Iterator[list[str]]:
    """The words of each command; a last word ``> FILE`` is split in two."""
    for block in re.findall(r"```console\n(.*?)```", RUNBOOK.read_text(), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            prompt, _, command = line.partition(" ")
            assert prompt == "$", line
            yield shlex.split(command)


def run(bulkeic: Bulkeic, server: Server, words: list[str]) -> Result:
    """Runs a command as its reader does, who confirms what it asks."""
    program, name, *rest = words
    assert program == "bulkeic"
    out = None
    if ">" in rest:
        out, rest = rest[-1], rest[: rest.index(">")]
    more = []
    if name not in {"export", "report"} and "--sandbox" not in rest:
        more += ["--endpoint-url", server.url, "--rate", "unlimited"]
    if name == "apply":
        more += ["--yes"]
    if "--waves" in rest:
        more += ["--wave-pause", "0s"]
    result = bulkeic(name, *rest, *more)
    if out is not None:
        bulkeic.write(out, result.out)
    return result


def started(bulkeic: Bulkeic, sandbox: Callable[..., Server]) -> Server:
    """An organization of three accounts; one lane has a single function."""
    names = [f"orders-{number}" for number in range(EACH)]
    state = {
        f"{account}/{region}": {
            name: {"$LATEST": HAD}
            for name in ["reports", *(names[:1] if f"{account}/{region}" == DENIED_LANE else names)]
        }
        for account in ACCOUNTS
        for region in REGIONS
    }
    organization = {
        "management_account": ACCOUNT,
        "accounts": {account: {} for account in OTHERS},
    }
    scenario = bulkeic.write("scenario.json", json.dumps({"organization": organization}))
    path = bulkeic.write("state.json", json.dumps(state))
    return sandbox("--rate", "unlimited", "--state", path, "--scenario", scenario)


def test_the_commands_of_the_runbook(bulkeic: Bulkeic, sandbox: Callable[..., Server]) -> None:
    server = started(bulkeic, sandbox)
    before = state_of(server)
    codes = []
    for words in commands():
        text = shlex.join(words)
        if "--waves 10%" in text:
            server.window("faults", {"lanes": {DENIED_LANE: {"refuse": 1}}}, "PUT")
            change(server, (REGION, f"orders-{EACH - 1}"), MaximumEventAgeInSeconds=60)
        if "--error-code AccessDenied" in text:
            server.window("faults", {}, "PUT")
        result = run(bulkeic, server, words)
        codes.append((text, result.code, result.err[-300:]))
    failed = [(text, code) for text, code, _ in codes if code]
    assert [(text.split()[1], code) for text, code in failed] == [("apply", 1), ("apply", 1)], codes
    assert (bulkeic.folder / "denied.jsonl").read_text().count("\n") == 1
    assert (bulkeic.folder / "change.diff").read_text()
    # The last function was changed by someone else, and by another run.
    of_second = before[f"{ACCOUNT}/{REGION}"][f"orders-{EACH - 1}"]["$LATEST"]
    queue = {"Destination": f"arn:aws:sqs:{REGION}:{ACCOUNT}:failures"}
    of_second |= {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 60}
    of_second["DestinationConfig"] = {"OnFailure": queue, "OnSuccess": {}}
    assert state_of(server) == before
