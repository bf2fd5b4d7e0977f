"""Terraform imports exported code from the sandbox and finds nothing to change.

``make trial`` runs this where Terraform is installed. The provider is not that of AWS, but one with
the same schema (``terraform_provider.py``).
"""

import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from tests.iac.example_known_configs import TERRAFORM

from .conftest import Bulkeic, Server
from .fleet import ROLE
from .random_fleet import drawn_rows, drawn_state, state_of, write_rows
from .test_code_export import Fleet, fleet_of

PYTHON = os.environ.get("BULKEIC_TERRAFORM_PYTHON", "")
PROVIDER = Path(__file__).with_name("terraform_provider.py")
FUNCTIONS = int(os.environ.get("BULKEIC_FUNCTIONS", "100"))
LANE = "123456789012/us-east-1"

pytestmark = pytest.mark.skipif(
    not (PYTHON and TERRAFORM), reason="make trial runs it where Terraform is installed"
)


def run(command: str, folder: Path, env: dict[str, str]) -> str:
    """Runs a command of Terraform, without colors: its output."""
    assert TERRAFORM is not None
    done = subprocess.run(
        [TERRAFORM, command, "-no-color"],
        cwd=folder,
        env=os.environ | env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def planned(folder: Path, server: Server) -> tuple[int, int]:
    """How many imports and how many changes Terraform plans for the code in a folder."""
    script = folder / "terraform-provider-aws"
    script.write_text(f"#!/bin/sh\nexec '{PYTHON}' '{PROVIDER}'\n")
    script.chmod(0o700)
    settings = folder / "settings.tfrc"
    override = f'dev_overrides {{ "hashicorp/aws" = "{folder}" }}'
    settings.write_text(f"provider_installation {{\n  {override}\n  direct {{}}\n}}\n")
    more = {
        "TF_CLI_CONFIG_FILE": str(settings),
        "CHECKPOINT_DISABLE": "1",
        "BULKEIC_SANDBOX": server.url,
        "BULKEIC_LANE": LANE,
    }
    run("validate", folder, more)
    text = run("plan", folder, more)
    counts = re.search(r"Plan: (\d+) to import, 0 to add, (\d+) to change, 0 to destr", text)
    assert counts is not None, text
    return int(counts[1]), int(counts[2])


def without_retries(fleet: Fleet) -> int:
    """How many configurations have no number of retries, which the AWS provider sets."""
    return sum(
        settings.maximum_retry_attempts is None
        for found in fleet.values()
        for settings in found.values()
    )


@pytest.mark.parametrize("lanes", ["every lane", "one lane", "few targets"])
def test_terraform_imports_every_configuration_and_changes_none(
    bulkeic: Bulkeic, server: Server, lanes: str
) -> None:
    chance = random.Random(7)
    server.window("state", drawn_state(chance, FUNCTIONS), "PUT")
    rows = drawn_rows(chance, state_of(server))
    if lanes != "every lane":
        rows = [row for row in rows if f"{row[2]}/{row[3]}" == LANE]
    if lanes == "few targets":
        rows = rows[:20]
    write_rows(bulkeic.folder / "targets.csv", rows)
    words = ("--endpoint-url", server.url, "--role-arn", ROLE, "--rate", "unlimited", "--yes")
    applied = bulkeic("apply", "targets.csv", "--create-missing", "--run", "run.db", *words)
    assert applied.code == 0, applied.err
    folder = bulkeic.folder / "code"
    folder.mkdir()
    assert bulkeic("export", "run.db", "--format", "terraform", "--out", "code/x.tf").code == 0

    imports, changes = planned(folder, server)

    fleet = fleet_of(state_of(server), rows)
    assert imports == sum(map(len, fleet.values())) == len(rows)
    assert changes == without_retries(fleet)
