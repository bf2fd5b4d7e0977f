"""What ``terraform show -json`` says is declared: it is not exported, and can be referred to."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from bulkeic.core.code.code_owners import owners_of
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, LATEST, Lane, Settings, Target
from bulkeic.iac.terraform.known_addresses import KnownAddresses
from bulkeic.iac.terraform.show_json import ShownCode, read_show_json
from bulkeic.iac.terraform.state_addresses import known_addresses

LANE, OTHER = Lane("111111111111", "eu-west-1"), Lane("222222222222", "eu-west-1")
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:failed"
CONFIG = "aws_lambda_function_event_invoke_config"


def resource(address: str, mode: str = "managed", deposed: str = "", **values: Any) -> Any:
    kind, name = address.removeprefix("data.").partition("[")[0].split(".")[-2:]
    shown = {"address": address, "mode": mode, "type": kind, "name": name, "values": values}
    return shown | {"deposed_key": deposed}


def function(address: str, name: str, lane: Lane = LANE) -> Any:
    return resource(address, function_name=name, arn=Target(lane, name).arn)


def state(*root: Any, child: list[Any] | None = None, name: str = "values") -> ShownCode:
    module: dict[str, Any] = {"resources": list(root)}
    if child:
        module["child_modules"] = [{"child_modules": [{"resources": child}]}]
    shown = {"format_version": "1.0", name: {"root_module": module}, "checks": []}
    return read(json.dumps(shown))


def read(text: str) -> ShownCode:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.json"
        path.write_text(text)
        return read_show_json(str(path), can_be_empty=True)


def test_functions_and_destinations_of_the_root_module_can_be_referred_to() -> None:
    shown = state(
        function('aws_lambda_function.all["a"]', "a"),
        resource("aws_sqs_queue.failed", arn=QUEUE),
        resource("data.aws_sqs_queue.failed", "data", arn=QUEUE),
        resource("aws_sqs_queue_policy.other", arn=f"{QUEUE}-2"),
        resource('aws_sqs_queue.failed["\n"]', arn=f"{QUEUE}-4"),
        resource("aws_sqs_queue.failed.arn} # ", arn=f"{QUEUE}-5"),
        resource("aws_sqs_queue.gone", deposed="00000001", arn=f"{QUEUE}-6"),
        resource("aws_sqs_queue.new"),
        child=[resource("module.x.aws_sqs_queue.inner", arn=f"{QUEUE}-3")],
    )
    own = Target(LANE, "a").arn
    found = known_addresses([shown])
    assert found.functions == {own: 'aws_lambda_function.all["a"]'}
    assert found.destinations == {
        own: 'aws_lambda_function.all["a"]',
        QUEUE: "aws_sqs_queue.failed",
    }


def test_declared_configurations_are_found_by_arn_or_by_the_name_of_their_function() -> None:
    halves = [{"on_failure": [{"destination": QUEUE}], "on_success": []}]
    ages: dict[str, Any] = {"maximum_retry_attempts": 1, "maximum_event_age_in_seconds": 0}
    shown = state(
        function("aws_lambda_function.a", "a"),
        resource(f"{CONFIG}.a", function_name="a", qualifier="", destination_config=halves, **ages),
        resource(f"{CONFIG}.b", function_name=Target(LANE, "b").arn, qualifier="live"),
        resource(f"{CONFIG}.bad", function_name="bad", maximum_retry_attempts=7),
        resource(f"{CONFIG}.r", function_name="r", region=LANE.region),
        child=[resource(f"module.x.{CONFIG}.c[0]", function_name="c", destination_config=[])],
    )
    found = owners_of([shown.code]).config_of

    declared = found(Target(LANE, "a"))
    assert declared is not None
    assert declared.name == f"{CONFIG}.a"
    assert declared.settings == Settings(1, None, CLEARED, QUEUE)
    assert found(Target(OTHER, "a")) is None
    assert found(Target(LANE, "a", "live")) is None
    live = found(Target(LANE, "b", "live"))
    assert live is not None
    assert live.settings == Settings(2, None, CLEARED, CLEARED)
    inner = found(Target(OTHER, "c", LATEST))
    assert inner is not None
    assert inner.name == f"module.x.{CONFIG}.c[0]"
    bad = found(Target(LANE, "bad"))
    assert bad is not None
    assert bad.settings is None
    assert found(Target(OTHER, "r")) is not None
    assert found(Target(Lane(LANE.account_id, "us-east-1"), "r")) is None
    assert known_addresses([shown]).names == {"a", "b", "bad", "r"}


def test_several_states_leave_no_references_but_their_names() -> None:
    states = [
        state(
            resource(f"{CONFIG}.{name}", function_name=name),
            function("aws_lambda_function.f", name),
        )
        for name in "ab"
    ]
    both = known_addresses(states)
    assert both == KnownAddresses(names=frozenset("ab"))
    owners = owners_of([each.code for each in states])
    assert all(owners.config_of(Target(LANE, name)) for name in "ab")
    assert known_addresses([]) == KnownAddresses()


def test_a_plan_counts_as_what_the_code_wants() -> None:
    planned = state(resource(f"{CONFIG}.a", function_name="a"), name="planned_values")
    assert owners_of([planned.code]).config_of(Target(LANE, "a")) is not None


def test_an_arn_that_is_not_a_text_is_one_line() -> None:
    shown = state(resource("aws_sqs_queue.failed", arn=3))
    with pytest.raises(InputError, match=r"state\.json: aws_sqs_queue\.failed: Expected `str"):
        known_addresses([shown])


def test_the_state_of_a_new_workspace_declares_nothing() -> None:
    assert known_addresses([read('{"format_version": "1.0"}')]) == KnownAddresses()
