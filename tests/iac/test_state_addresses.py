"""What ``terraform show -json`` says is declared: it is not exported, and can be referred to."""

import json
from typing import Any

import pytest

from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, LATEST, Lane, Settings, Target
from bulkeic.iac.terraform.known_addresses import KnownAddresses, merge_addresses
from bulkeic.iac.terraform.show_file import WAY_OUT
from bulkeic.iac.terraform.state_addresses import known_addresses
from bulkeic.iac.terraform.state_resources import state_modules

LANE = Lane("111111111111", "eu-west-1")
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:failed"
NOT_PRINTED = f"not what 'terraform show -json' prints; {WAY_OUT}"
CONFIG = "aws_lambda_function_event_invoke_config"


def resource(address: str, mode: str = "managed", **values: Any) -> dict[str, Any]:
    kind, name = address.removeprefix("data.").partition("[")[0].split(".")[-2:]
    return {"address": address, "mode": mode, "type": kind, "name": name, "values": values}


def function(address: str, name: str, lane: Lane = LANE) -> dict[str, Any]:
    return resource(address, function_name=name, arn=Target(lane, name).arn)


def known(*root: dict[str, Any], child: list[dict[str, Any]] | None = None) -> KnownAddresses:
    module: dict[str, Any] = {"resources": list(root)}
    if child:
        module["child_modules"] = [{"child_modules": [{"resources": child}]}]
    shown = {"format_version": "1.0", "values": {"root_module": module}, "checks": []}
    return known_addresses(state_modules(json.dumps(shown).encode(), "state.json"))


def test_functions_and_destinations_of_the_root_module_can_be_referred_to() -> None:
    found = known(
        function('aws_lambda_function.all["a"]', "a"),
        resource("aws_sqs_queue.failed", arn=QUEUE),
        resource("data.aws_sqs_queue.failed", "data", arn=QUEUE),
        resource("aws_sqs_queue_policy.other", arn=f"{QUEUE}-2"),
        resource('aws_sqs_queue.failed["\n"]', arn=f"{QUEUE}-4"),
        resource("aws_sqs_queue.failed.arn} # ", arn=f"{QUEUE}-5"),
        child=[resource("module.x.aws_sqs_queue.inner", arn=f"{QUEUE}-3")],
    )
    own = Target(LANE, "a").arn
    assert found.functions == {own: 'aws_lambda_function.all["a"]'}
    assert found.destinations == {
        own: 'aws_lambda_function.all["a"]',
        QUEUE: "aws_sqs_queue.failed",
    }


def test_declared_configurations_are_found_by_arn_or_by_the_name_of_their_function() -> None:
    halves = [{"on_failure": [{"destination": QUEUE}], "on_success": []}]
    ages: dict[str, Any] = {"maximum_retry_attempts": 1, "maximum_event_age_in_seconds": 0}
    other = Lane("222222222222", "eu-west-1")
    found = known(
        function("aws_lambda_function.a", "a"),
        resource(f"{CONFIG}.a", function_name="a", qualifier="", destination_config=halves, **ages),
        resource(f"{CONFIG}.b", function_name=Target(LANE, "b").arn, qualifier="live"),
        child=[resource(f"module.x.{CONFIG}.c[0]", function_name="c", destination_config=[])],
    )

    declared = found.config_of(Target(LANE, "a"))
    assert declared is not None
    assert declared.address == f"{CONFIG}.a"
    assert declared.settings == Settings(1, None, CLEARED, QUEUE)
    assert found.config_of(Target(other, "a")) is None
    assert found.config_of(Target(LANE, "a", "live")) is None
    live = found.config_of(Target(LANE, "b", "live"))
    assert live is not None
    assert live.settings == Settings(None, None, CLEARED, CLEARED)
    inner = found.config_of(Target(other, "c", LATEST))
    assert inner is not None
    assert inner.address == f"module.x.{CONFIG}.c[0]"
    assert found.names == {"a", "b"}


def test_several_states_leave_no_references() -> None:
    states = [
        known(
            resource(f"{CONFIG}.{name}", function_name=name),
            function("aws_lambda_function.f", name),
        )
        for name in "ab"
    ]
    assert merge_addresses(states[:1]) is states[0]
    both = merge_addresses(states)
    assert [key for key, _ in both.configs] == [Target(LANE, name).arn for name in "ab"]
    assert (both.functions, both.destinations) == ({}, {})
    assert merge_addresses([]) == KnownAddresses()


def test_a_plan_counts_as_what_the_code_wants() -> None:
    planned = {"root_module": {"resources": [resource(f"{CONFIG}.a", function_name="a")]}}
    shown = {"format_version": "1.2", "planned_values": planned, "prior_state": {"values": {}}}
    found = known_addresses(state_modules(json.dumps(shown).encode(), "plan.json"))
    assert found.config_of(Target(LANE, "a")) is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", NOT_PRINTED),
        (b"\xff", NOT_PRINTED),
        (b"[]", NOT_PRINTED),
        (b'{"version": 4, "lineage": "x"}', NOT_PRINTED),
        (b"[" * 100_000, NOT_PRINTED),
        (b'{"format_version": "2.0"}', "format_version '2.0' is not known; expected 1.x"),
        (
            b'{"format_version": "1.0", "values": {"root_module": {"resources": [3]}}}',
            NOT_PRINTED,
        ),
    ],
)
def test_another_file_is_one_line(text: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        list(state_modules(text, "state.json"))
    assert str(caught.value) == f"state.json: {says}"
    assert list(state_modules(b'{"format_version": "1.0"}', "empty")) != []
