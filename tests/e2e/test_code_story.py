"""A third of a fleet is in Terraform, a third in stacks: code, exports and AWS agree.

``make trial`` runs this; ``BULKEIC_FUNCTIONS`` says with how many functions.
"""

import json
import os
import random
from collections.abc import Callable

import pytest

from bulkeic.core.change.snapshot import snapshot_of
from bulkeic.core.model import LATEST, Lane, Settings
from tests.iac.parsed_terraform import Found, ParsedTerraform
from tests.iac.terraform_shows import config, function, state

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .test_code_export import in_templates
from .test_plan import LANE, held

FUNCTIONS = int(os.environ.get("BULKEIC_FUNCTIONS", "0"))
QUEUES = ["", f"arn:aws:sqs:{REGION}:{ACCOUNT}:a", f"arn:aws:sns:{REGION}:{ACCOUNT}:b"]

pytestmark = pytest.mark.skipif(not FUNCTIONS, reason="make trial runs it")


def drawn(chance: random.Random) -> Settings:
    ages = [None, 60, 21600]
    return Settings(
        chance.randrange(3), chance.choice(ages), chance.choice(QUEUES), chance.choice(QUEUES)
    )


def shown_and_template(wanted: dict[str, Settings]) -> tuple[str, str]:
    """A state with the first half of the functions, and a template with the second half."""
    names = list(wanted)
    shown, resources = [], {}
    for number, name in enumerate(names):
        if number < len(names) // 2:
            shown += [function(name), config(name, name, wanted[name])]
            continue
        settings = wanted[name].to_api()
        halves = settings.pop("DestinationConfig", {})
        settings["DestinationConfig"] = {half: each for half, each in halves.items() if each}
        resources[f"F{number}"] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {"FunctionName": name},
        }
        resources[f"C{number}"] = {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {"FunctionName": {"Ref": f"F{number}"}, "Qualifier": LATEST, **settings},
        }
    return json.dumps(state(*shown)), json.dumps({"Resources": resources}, indent=1)


def test_code_and_exports_agree_with_the_server(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    chance = random.Random(21)
    names = [f"fn-{number:04}" for number in range(FUNCTIONS)]
    had = {
        name: {LATEST: drawn(chance).to_api() if chance.random() < 0.9 else None} for name in names
    }
    bulkeic.write("fleet.json", json.dumps({LANE: had}))
    server = sandbox("--rate", "unlimited", "--state", "fleet.json")
    wanted = {name: drawn(chance) for number, name in enumerate(names) if number % 3}
    shown, template = shown_and_template(wanted)
    bulkeic.write("state.json", shown)
    bulkeic.write("stack.json", template)
    bulkeic.write("targets.csv", "\n".join(["FunctionName", *names]) + "\n")
    ends = ("--endpoint-url", server.url, "--rate", "unlimited")
    code = ("--terraform", "state.json", "--template", "stack.json", *ends)

    assert bulkeic("verify", *code).code == 4
    assert bulkeic("plan", *code, "--create-missing", "--run", "code.db").code == 0
    applied = bulkeic("apply", "code.db", "--yes", *ends)
    assert applied.code == 0, applied.err
    assert bulkeic("verify", *code).code == 0
    has: Found = {
        (name, LATEST): snapshot_of(each[LATEST])
        for name, each in held(server).items()
        if each.get(LATEST)
    }
    assert {name: has[name, LATEST] for name in wanted} == wanted

    retries = ("--maximum-retry-attempts", 1, "--create-missing", "--run", "all.db")
    planned = bulkeic("plan", "targets.csv", *retries, *code)
    assert planned.code == 0, planned.err
    exported = bulkeic("export", "all.db", "--format", "terraform")
    assert ParsedTerraform(exported.out.encode()).map_entries(Lane(ACCOUNT, REGION)) == has
    stacks = bulkeic("export", "all.db", "--format", "cloudformation", "--out", "stacks")
    assert stacks.code == 0, stacks.err
    assert in_templates(bulkeic.folder / "stacks") == {Lane(ACCOUNT, REGION): has}
    parts = sorted((bulkeic.folder / "stacks").glob("*.template.json"))
    templates = [word for path in parts for word in ("--template", f"stacks/{path.name}")]
    assert bulkeic("verify", *templates, *ends).code == 0
    rest = bulkeic("export", "all.db", "--format", "terraform", "--skip-managed")
    left = ParsedTerraform(rest.out.encode()).map_entries(Lane(ACCOUNT, REGION))
    assert left == {key: each for key, each in has.items() if key[0] not in wanted}
