"""The docs say which actions discover needs: the sandbox has seen exactly these."""

import re
from collections.abc import Callable

import pytest

from tests.documented_policies import TEXTS

from .conftest import REGION, Bulkeic, Server

ROWS = re.findall(r"^\| (.+?) \| `(.+?)` \| (.+) \|$", TEXTS["`discover`"], re.MULTILINE)
ROLE = ("--role-arn", "arn:aws:iam::{account}:role/read")
ONE_REGION = ("--regions", REGION)
LISTED = "without `--source`"
REGIONS = "the same, without `--regions` or with a pattern in it"
# The flags, and the rows of the table that apply.
CASES: dict[tuple[str, ...], set[str]] = {
    ONE_REGION: {LISTED},
    (): {LISTED, REGIONS},
    ("--regions", "us-*"): {LISTED, REGIONS},
    (*ONE_REGION, "--qualifiers", "latest,versions"): {LISTED},
    (*ONE_REGION, "--qualifiers", "aliases"): {LISTED, "`--qualifiers aliases`"},
    (*ONE_REGION, "--qualifiers", "configured"): {
        LISTED, "`--qualifiers configured`, `--with-config`²",
    },
    (*ONE_REGION, "--with-config"): {LISTED, "`--qualifiers configured`, `--with-config`²"},
    (*ONE_REGION, "--where", "EventInvokeConfig.MaximumRetryAttempts == `1`"): {
        LISTED, "`--qualifiers configured`, `--with-config`²",
    },
    (*ONE_REGION, "--tag", "team"): {LISTED, "`--tag`, `--managed-by`²"},
    (*ONE_REGION, "--managed-by", "none"): {LISTED, "`--tag`, `--managed-by`²"},
    (*ONE_REGION, "--where", "Tags.team"): {LISTED, "`--tag`, `--managed-by`²"},
    (*ONE_REGION, "--organization", *ROLE): {LISTED, "`--organization`"},
    (*ONE_REGION, "--ou", "r-sand", *ROLE): {LISTED, "`--ou`"},
}  # fmt: skip


@pytest.fixture
def server(sandbox: Callable[..., Server]) -> Server:
    return sandbox(
        "--functions", 5, "--accounts", 3, "--regions", 2, "--varied", "--organization",
        "--rate", "unlimited",
    )  # fmt: skip


@pytest.mark.parametrize("flags", CASES)
def test_discover_calls_what_the_docs_say(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    result = bulkeic("discover", *flags, "--rate", "unlimited", "--endpoint-url", server.url)

    assert result.code == 0, result.err
    seen = set(server.stats()["by_operation"]) - {"GetCallerIdentity", "AssumeRole"}
    assert seen == {action.partition(":")[2] for given, action, _ in ROWS if given in CASES[flags]}
