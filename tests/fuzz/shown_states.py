"""States of Terraform, and what reads them for the fuzz targets."""

import json
import tempfile
from pathlib import Path

from bulkeic.core.code.code_owners import owners_of
from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Lane, Settings, Target
from bulkeic.iac.terraform.import_file import import_file
from bulkeic.iac.terraform.known_addresses import NOTHING_KNOWN
from bulkeic.iac.terraform.show_json import read_show_json
from bulkeic.iac.terraform.state_addresses import known_addresses

LANE = Lane("123456789012", "us-east-1")
_FILE = Path(tempfile.mkdtemp(prefix="bulkeic-fuzz-")) / "state.json"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
TARGETS = [Target(LANE, name) for name in "ab"]
_RESOURCES = [
    {
        "address": 'aws_lambda_function.all["a"]',
        "mode": "managed",
        "type": "aws_lambda_function",
        "name": "all",
        "index": "a",
        "values": {"function_name": "a", "arn": TARGETS[0].arn},
    },
    {
        "address": "aws_sqs_queue.q",
        "mode": "managed",
        "type": "aws_sqs_queue",
        "name": "q",
        "values": {"arn": QUEUE},
    },
    {
        "address": "aws_lambda_function_event_invoke_config.b",
        "mode": "managed",
        "type": "aws_lambda_function_event_invoke_config",
        "name": "b",
        "values": {
            "function_name": "b",
            "qualifier": None,
            "maximum_retry_attempts": 1,
            "destination_config": [{"on_failure": [{"destination": QUEUE}], "on_success": []}],
        },
    },
]
_MODULE = {"resources": _RESOURCES[:2], "child_modules": [{"resources": _RESOURCES[2:]}]}
STATES = tuple(
    json.dumps({"format_version": "1.0", name: {"root_module": _MODULE}}).encode()
    for name in ("values", "planned_values")
)


def read_state(data: bytes) -> None:
    """Reads a state, and writes code that refers to it: it has only the lines that it should."""
    _FILE.write_bytes(data)
    known, owners, refused = NOTHING_KNOWN, owners_of([]), ""
    try:
        state = read_show_json(str(_FILE), can_be_empty=True)
        known, owners = known_addresses([state]), owners_of([state.code])
    except InputError as problem:
        refused = str(problem)
    assert refused.isprintable()
    assert not refused or refused.startswith(f"{_FILE}: ")
    configs = [KnownConfig(target, Settings(1, None, CLEARED, QUEUE)) for target in TARGETS]
    left = [each for each in configs if owners.config_of(each.target) is None]
    code = b"".join(import_file(iter([(LANE, iter(left))]), known)).decode()
    assert code.count("\n") == 5 + 16 * len(left)
