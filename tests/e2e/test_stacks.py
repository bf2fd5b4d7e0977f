"""Exported templates deploy into moto's CloudFormation, and the run then finds no drift.

``make trial`` runs this: moto's CloudFormation takes seconds to start.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic
from .moto_process import MotoClients, function_settings, running_moto

SCRIPT = Path(__file__).with_name("moto_with_stacks.py")
pytestmark = pytest.mark.skipif("BULKEIC_FUNCTIONS" not in os.environ, reason="make trial runs it")


@pytest.fixture(scope="module")
def clients() -> Iterator[MotoClients]:
    with running_moto(SCRIPT) as url, ExitStack() as stack:
        yield MotoClients(url, stack)


def test_a_run_finds_no_drift_once_its_templates_are_deployed(
    bulkeic: Bulkeic, clients: MotoClients
) -> None:
    functions: Any = clients.client("lambda")
    stacks: Any = clients.client("cloudformation")
    role = clients.execution_role()
    names = [f"fn_-{number}" for number in range(25)]
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
    for name in names:
        functions.create_function(**function_settings(name, role))
    rows = [f"{name},{number % 3},{queue}" for number, name in enumerate(names)]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,MaximumRetryAttempts,OnFailure", *rows]))
    words = ("--endpoint-url", clients.url, "--rate", "unlimited")
    create = ("--yes", "--create-missing", "--run", "run.db")
    applied = bulkeic("apply", "targets.csv", *create, *words)
    assert applied.code == 0, applied.err
    folder = bulkeic.folder / "stacks"
    assert bulkeic("export", "run.db", "--format", "cloudformation", "--out", folder).code == 0
    for name in names:
        functions.delete_function_event_invoke_config(FunctionName=name)
    drifted = bulkeic("verify", "run.db", *words)
    assert drifted.code == 4, drifted.err

    (template,) = folder.glob("*.template.json")
    stacks.create_stack(StackName="imported", TemplateBody=template.read_text())
    verified = bulkeic("verify", "run.db", *words)
    assert verified.code == 0, verified.err
