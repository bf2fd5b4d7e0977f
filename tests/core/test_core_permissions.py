"""The permissions that commands need: those of the docs, and session policies of them."""

import json
import re
from itertools import chain, combinations

import pytest

from bulkeic.core.permissions import (
    DESCRIBE_ALARMS,
    DISCOVERY,
    GET_CALENDAR_STATE,
    GET_RESOURCES,
    PERMISSIONS,
    POLICY_CHARACTERS,
    READ_STACK,
    session_policy,
)
from bulkeic.discovery.model.criteria import Criteria, Qualifiers
from bulkeic.discovery.model.discovery_permissions import discovery_permissions
from tests.documented_policies import POLICIES, TEXTS, allowed

ROLE = "arn:aws-us-gov:iam::210987654321:role/path/deployer"
ADDED = {
    "apply --alarm": (DESCRIBE_ALARMS,),
    "apply --change-calendar": (GET_CALENDAR_STATE,),
    "--stack": READ_STACK,
    "Tags of functions": (GET_RESOURCES,),
}
ALL = Criteria(
    qualifiers=(Qualifiers.ALIASES, Qualifiers.CONFIGURED), tags={"team": ()}, with_config=True
)


def test_the_docs_have_the_same_permissions() -> None:
    documented = {
        section: tuple(sorted(allowed(section)))
        for section in POLICIES
        if section != "Roles" and not section.startswith("discover") and section not in ADDED
    }
    assert documented == PERMISSIONS
    assert {section: tuple(sorted(allowed(section))) for section in ADDED} == ADDED


def test_the_docs_have_the_same_permissions_of_a_discovery() -> None:
    rows = re.findall(r"^\| .+ \| `(.+?)` \| each account's \|$", TEXTS["`discover`"], re.MULTILINE)
    assert sorted(rows) == sorted(DISCOVERY) == sorted(allowed("discover"))
    assert discovery_permissions(ALL, ()) == tuple(sorted(DISCOVERY))
    assert discovery_permissions(Criteria(), ("us-east-1",)) == ("lambda:ListFunctions",)


@pytest.mark.parametrize("command", PERMISSIONS)
def test_a_session_policy_allows_a_command_and_nothing_else(command: str) -> None:
    policy = session_policy(PERMISSIONS[command], ROLE)
    assert json.loads(policy) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": sorted(PERMISSIONS[command]),
                "Resource": "arn:aws-us-gov:lambda:*:210987654321:function:*",
            }
        ],
    }


def test_no_session_policy_is_too_long() -> None:
    sets = chain.from_iterable(combinations(DISCOVERY, size) for size in range(1, 6))
    for actions in (*PERMISSIONS.values(), *sets):
        policy = session_policy(actions, ROLE)
        assert len(policy) <= POLICY_CHARACTERS
        assert policy.isascii()
    watched = (*PERMISSIONS["apply --create-missing"], DESCRIBE_ALARMS, GET_CALENDAR_STATE)
    assert len(session_policy(watched, ROLE)) <= POLICY_CHARACTERS
    assert '"Resource":"*"' in session_policy(("lambda:ListFunctions",), ROLE)
