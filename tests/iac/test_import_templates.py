"""CloudFormation templates of configurations, as JSON and for cfn-lint."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.snapshot import snapshot_of
from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import CLEARED, Settings, Target
from bulkeic.iac.cloudformation import import_templates as templates
from bulkeic.iac.cloudformation.import_templates import ImportTemplate, import_templates

from .example_known_configs import LANES, lane_configs

LANE = LANES[0]
QUEUE = "arn:aws:sqs:eu-west-1:111111111111:failed"
IDENTIFIER = ("FunctionName", "Qualifier")


def resources(template: ImportTemplate) -> dict[str, Any]:
    """The resources by logical id, each kept when its stack is deleted, and all to be imported."""
    found: dict[str, Any] = json.loads(template.template)["Resources"]
    for name, resource in found.items():
        assert re.fullmatch("[a-zA-Z0-9]{1,255}", name)
        assert resource["Type"] == "AWS::Lambda::EventInvokeConfig"
        assert {resource["DeletionPolicy"], resource["UpdateReplacePolicy"]} == {"Retain"}
    assert json.loads(template.resources) == [
        {
            "ResourceType": resource["Type"],
            "LogicalResourceId": name,
            "ResourceIdentifier": {key: resource["Properties"][key] for key in IDENTIFIER},
        }
        for name, resource in found.items()
    ]
    return found


def exported(template: ImportTemplate) -> dict[tuple[str, str], Settings]:
    """What the resources set, by function and qualifier."""
    found = {}
    for resource in resources(template).values():
        properties = resource["Properties"]
        halves = properties.get("DestinationConfig", {"no": "halves"})
        assert all(halves.values())
        found[properties["FunctionName"], properties["Qualifier"]] = snapshot_of(properties)
    return found


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(LANES).flatmap(lambda lane: lane_configs(lane, 8)))
def test_resources_have_the_settings_and_names_of_their_own(configs: list[KnownConfig]) -> None:
    (template,) = import_templates(configs[0].target.lane, configs)

    assert template.part == 0
    assert exported(template) == {
        (each.target.function, each.target.qualifier): each.settings for each in configs
    }


@pytest.mark.parametrize(
    ("length", "limit"), [(10, "resources"), (300, "bytes")], ids=["many", "large"]
)
def test_parts_stay_within_the_limits_of_cloudformation(length: int, limit: str) -> None:
    wanted = Settings(1, None, CLEARED, f"{QUEUE}-{'x' * length}")
    if limit == "resources":
        wanted = Settings(1, None, CLEARED, CLEARED)
    configs = [KnownConfig(Target(LANE, f"fn-{number}"), wanted) for number in range(450)]

    parts = list(import_templates(LANE, iter(configs)))

    assert [each.part for each in parts] == list(range(1, len(parts) + 1))
    assert len({name for each in parts for name in (each.template_file, each.stack)}) == 2 * len(
        parts
    )
    assert [key for each in parts for key in exported(each)] == [
        (each.target.function, each.target.qualifier) for each in configs
    ]
    counts, sizes = [len(resources(each)) for each in parts], [len(each.template) for each in parts]
    assert max(counts) <= templates.MOST_RESOURCES
    assert max(sizes) <= templates.MOST_BYTES
    if limit == "resources":
        assert counts[0] == templates.MOST_RESOURCES
    else:
        assert sizes[0] > templates.MOST_BYTES - 1000


def test_nothing_is_written_for_no_configurations() -> None:
    assert list(import_templates(LANE, [])) == []


def test_the_commands_name_the_files_the_stack_and_the_region() -> None:
    (template,) = import_templates(LANE, [KnownConfig(Target(LANE, "a"), Settings(1))])
    assert template.commands() == (
        "# Account 111111111111, eu-west-1\n"
        "aws cloudformation create-change-set --change-set-type IMPORT --region eu-west-1 "
        "--stack-name event-invoke-configs --change-set-name import \\\n"
        "  --template-body file://111111111111.eu-west-1.template.json \\\n"
        "  --resources-to-import file://111111111111.eu-west-1.import.json\n"
        "aws cloudformation wait change-set-create-complete --region eu-west-1 "
        "--stack-name event-invoke-configs --change-set-name import\n"
        "aws cloudformation execute-change-set --region eu-west-1 "
        "--stack-name event-invoke-configs --change-set-name import\n"
        "aws cloudformation wait stack-import-complete --region eu-west-1 "
        "--stack-name event-invoke-configs\n"
    )


def test_cfn_lint_finds_nothing_in_a_template_with_everything() -> None:
    from cfnlint.api import lint  # noqa: PLC0415 - slow to import

    kinds = [Settings(1, 3600, CLEARED, QUEUE), Settings(None, None, QUEUE, CLEARED)]
    kinds += [Settings(0, None, QUEUE, QUEUE), Settings(None, 60, CLEARED, CLEARED)]
    targets = [Target(LANE, "9" * 64), Target(LANE, "-a_b"), Target(LANE, "a", "live")]
    targets.append(Target(LANE, "a", "1"))
    (template,) = import_templates(LANE, map(KnownConfig, targets, kinds))

    assert lint(template.template.decode()) == []
    broken = template.template.decode().replace("3600", "59")
    assert [each.rule.id for each in lint(broken)] == ["E3034"]
