"""Strategies that draw configurations as targets have them."""

import os
import shutil
import subprocess

import pytest
from hypothesis import strategies as st

from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import CLEARED, LATEST, Lane, Settings, Target
from bulkeic.core.targets.names import partition_of

TIMES = int(os.environ.get("BULKEIC_EXAMPLES_TIMES", "1"))
"""How many times the usual number of examples to draw: parsing them is slow."""

TERRAFORM = shutil.which("terraform") or shutil.which("tofu")
needs_terraform = pytest.mark.skipif(
    TERRAFORM is None, reason="terraform fmt was not run: neither it nor tofu is on the PATH"
)

LANES = [
    Lane("111111111111", "eu-west-1"),
    Lane("222222222222", "us-gov-west-1"),
    Lane("000000000042", "cn-north-1"),
]
odd_names = st.from_regex(r"[a-zA-Z0-9\-_]{1,64}", fullmatch=True)
names = odd_names | st.sampled_from(["a-b", "a_b", "a--b", "A-b", "-", "_", "0", "9" * 64])
qualifiers = st.just(LATEST) | st.sampled_from(
    ["1", "live", "a-b", "a_b", "-", "$LATEST.PUBLISHED"]
)
queues = st.from_regex(r"arn:aws:sqs:eu-west-1:111111111111:[ -~]{1,20}", fullmatch=True)
arns = queues | st.sampled_from(
    [
        'arn:aws:sqs:eu-west-1:111111111111:${a}%{b}$${c}"\\ü\U0001f600\x01',
        "arn:aws-us-gov:sns:us-gov-west-1:222222222222:t",
    ]
)
halves = st.just(CLEARED) | arns
snapshots = st.builds(
    Settings, st.none() | st.integers(0, 2), st.none() | st.integers(60, 21600), halves, halves
)


@st.composite
def lane_configs(draw: st.DrawFn, lane: Lane, most: int = 5) -> list[KnownConfig]:
    """Different targets of a lane with what they have."""
    keys = draw(st.lists(st.tuples(names, qualifiers), min_size=1, max_size=most, unique=True))
    partition = partition_of(lane.region)
    return [KnownConfig(Target(lane, *key, partition), draw(snapshots)) for key in keys]


def check_format(code: bytes) -> None:
    """Lets Terraform or OpenTofu check the layout of code, if one of them is installed."""
    if TERRAFORM is None:
        return
    checked = subprocess.run(
        [TERRAFORM, "fmt", "-check", "-diff", "-"], input=code, capture_output=True, check=False
    )
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()
