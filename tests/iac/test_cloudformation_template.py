"""Templates of CloudFormation and SAM: configurations, functions, and files that are none."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import LATEST, Settings
from bulkeic.core.targets.rows import Defaults, RowParser
from bulkeic.iac.cloudformation.template import read_template
from bulkeic.iac.cloudformation.template_blocks import parse_blocks

from .example_templates import (
    ACCOUNT,
    PLACE,
    REGION,
    one_config,
    problem_of,
    read,
    stack_of,
    values_of,
)

SAM = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    AutoPublishAlias: live
    EventInvokeConfig:
      MaximumEventAgeInSeconds: 3600
      DestinationConfig: {OnFailure: {Type: SQS, Destination: 'arn:aws:sqs:eu-west-1:1:all'}}
Parameters: {Use: {Type: String, Default: 'no'}}
Conditions: {UseOwn: !Equals [!Ref Use, 'yes']}
Resources:
  Plain:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: plain}
  Own:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: own
      AutoPublishAlias: to-day
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        DestinationConfig: {OnSuccess: {Type: Lambda, Destination: !GetAtt Plain.Arn}}
  Alone:
    Type: AWS::Serverless::Function
    IgnoreGlobals: '*'
    Properties:
      FunctionName: alone
      EventInvokeConfig:
        DestinationConfig:
          OnFailure: {Type: SNS}
          OnSuccess: {Type: SQS, Destination: !If [UseOwn, 'arn:aws:sqs:a:1:b', !Ref AWS::NoValue]}
  ByHand:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Own.Alias, Qualifier: to-day, MaximumRetryAttempts: 1}
"""
BROKEN = [
    ("", "template: empty; expected a CloudFormation or SAM template with Resources"),
    ("just text", "template: not a template; expected a CloudFormation or SAM template"),
    ("[1, 2]", "template: not a template; expected"),
    ("service: s\nprovider: p\nfunctions: {}\n", "template: not a template; run 'serverless pack"),
    ("Resources: [a]\n", "template:1: Resources: expected a mapping"),
    ("Resources:\n  A: {x: 1\n", "template:3: cannot be parsed: "),
    ("Resources:\n  A: !Rf x\n", "template:2: the tag '!Rf' is not one of CloudFormation"),
    ("Resources:\n  A: {}\n  A: {}\n", "template:3: 'A' is given twice, first in line 2"),
    ("Resources:\n  A: *x\n", "template:2: the alias *x has no anchor before it"),
    ("Resources: {}\n---\nResources: {}\n", "template:2: a second document begins"),
    ("Resources: {}\nTransform: [Mine]\n", "template:2: Transform: the macro 'Mine' changes"),
    ("Resources:\n  'Fn::ForEach::A': []\n", "template:2: Resources: Fn::ForEach::A makes resou"),
    ("Resources: " + "[" * 200, "template:1: nested more than 100 levels deep"),
    ("Resources: {? [a] : b}", "template:1: a key is not a text"),
    ('{"Resources": {"A": 1, "A": 2}}', "template:1: 'A' is given twice, first in line 1"),
]
CONFIG = "Resources:\n  C:\n    Type: AWS::Lambda::EventInvokeConfig\n    "
WRONG = [
    ("Nothing: 1", 2, "Properties", "expected a mapping"),
    ("Properties: {FunctionName: f}", 2, "Qualifier", "missing; CloudFormation requires"),
    ("Properties:\n      Qualifer: a", 5, "Qualifer", "unknown property; did you mean Qualifier?"),
    ("Properties:\n      FunctionName: [f]", 5, "FunctionName", "is not a text; expected one val"),
    ("Properties: {FunctionName: '{{resolve:ssm:x}}'}", 4, "FunctionName", "at deployment only"),
    ("Condition: Gone", 2, "Condition", "the template has no condition 'Gone'; it has none"),
]
ARNS = st.sampled_from([
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead", f"arn:aws:sns:{REGION}:{ACCOUNT}:news",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other:live", "",
])  # fmt: skip
WANTED = st.builds(
    Settings,
    st.none() | st.integers(0, 2),
    st.none() | st.integers(60, 21600),
    st.none() | ARNS,
    st.none() | ARNS,
).filter(lambda each: not each.is_empty())


def properties_of(wanted: Settings, function: str, qualifier: str) -> dict[str, Any]:
    """The properties of a configuration with some settings, as a user writes them."""
    halves = {"OnSuccess": wanted.on_success, "OnFailure": wanted.on_failure}
    found = {
        "FunctionName": function,
        "Qualifier": qualifier,
        "MaximumRetryAttempts": wanted.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": wanted.maximum_event_age_in_seconds,
        "DestinationConfig": {
            half: {"Destination": arn} if arn else {}
            for half, arn in halves.items()
            if arn is not None
        },
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


@given(
    WANTED, st.from_regex(r"[a-zA-Z0-9_-]{1,64}", fullmatch=True), st.sampled_from(["json", "yaml"])
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_settings_survive_a_template(
    tmp_path: Path, wanted: Settings, function: str, form: str
) -> None:
    properties = properties_of(wanted, function, "live")
    resource = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}
    template = {"Resources": {"Config": resource}}
    text = json.dumps(template, indent="\t") if form == "json" else yaml.safe_dump(template)

    code = read(tmp_path, text)

    job = RowParser(code.file, Defaults(region=REGION)).job(0, one_config(code).row)
    assert (job.target.function, job.target.qualifier, job.settings) == (function, "live", wanted)


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    # The parser takes keys of at most 1,024 characters, escapes included.
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=90), inner, max_size=3),
    max_leaves=8,
))  # fmt: skip
@settings(max_examples=60)
def test_json_is_read_as_it_is(value: Any) -> None:
    document = {"value": value}

    assert parse_blocks(json.dumps(document, indent="\t")) == document


def test_sam_makes_configurations_of_functions(tmp_path: Path) -> None:
    queue, topic = "AloneEventInvokeConfigOnSuccessQueue", "AloneEventInvokeConfigOnFailureTopic"
    stack = stack_of({
        queue: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/shop-queue-1",
        topic: f"arn:aws:sns:{REGION}:{ACCOUNT}:shop-topic-1",
    })  # fmt: skip
    place = msgspec.structs.replace(PLACE, read_stack=lambda _: stack)

    code = read(tmp_path, SAM, place)

    everywhere = {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:1:all"}}
    arn = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
    plain, own = (arn.format("lambda", f"function:{name}") for name in ("plain", "own"))
    assert values_of(code) == {
        "PlainEventInvokeConfig": {
            "FunctionName": "plain", "Qualifier": "live", "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": everywhere,
        },
        "OwnEventInvokeConfig": {
            "FunctionName": "own", "Qualifier": "to-day", "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {**everywhere, "OnSuccess": {"Destination": plain}},
        },
        "AloneEventInvokeConfig": {
            "FunctionName": "alone", "Qualifier": LATEST,
            "DestinationConfig": {
                "OnFailure": {"Destination": arn.format("sns", "shop-topic-1")},
                "OnSuccess": {"Destination": arn.format("sqs", "shop-queue-1")},
            },
        },
        "ByHand": {
            "FunctionName": f"{own}:to-day", "Qualifier": "to-day", "MaximumRetryAttempts": 1,
        },
    }  # fmt: skip
    assert (code.manager, code.stack) == (Manager.SAM, "shop")
    assert {each.function: each.qualifiers for each in code.functions} == {
        "plain": (LATEST, "live"), "own": (LATEST, "to-day"), "alone": (LATEST,),
    }  # fmt: skip
    assert {config.address: config.line for config in code.configs}["OwnEventInvokeConfig"] == 15


@pytest.mark.parametrize(
    ("properties", "field", "says"),
    [
        (
            "EventInvokeConfig: {DestinationConfig: {OnFailure: {}}}",
            "OnFailure",
            "its Type is None",
        ),
        (
            "EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: Lambda}}}",
            "OnFailure",
            "Destination is missing; Lambda needs one",
        ),
        ("EventInvokeConfig: {Retries: 1}", "EventInvokeConfig", "unknown property 'Retries'"),
        (
            "EventInvokeConfig: {MaximumRetryAttempts: 1}, AutoPublishAlias: !Ref A",
            "AutoPublishAlias",
            "no parameter and no resource 'A'",
        ),
    ],
)
def test_what_sam_refuses_is_a_problem_of_the_function(
    tmp_path: Path, properties: str, field: str, says: str
) -> None:
    function = f"{{Type: 'AWS::Serverless::Function', Properties: {{{properties}}}}}"

    code = read(tmp_path, f"Resources:\n  F: {function}\n")

    problem = problem_of(code)
    assert problem.field.endswith(field)
    assert says in problem.rule
    assert (one_config(code).address, problem.line) == ("F", 2)


@pytest.mark.parametrize(("text", "says"), BROKEN)
def test_a_file_that_is_no_template_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)

    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(says)


@pytest.mark.parametrize(("text", "line", "field", "says"), WRONG)
def test_a_wrong_resource_is_a_problem_with_its_line(
    tmp_path: Path, text: str, line: int, field: str, says: str
) -> None:
    problem = problem_of(read(tmp_path, CONFIG + text + "\n"))

    assert (problem.line, problem.field) == (line, field)
    assert says in problem.rule


def test_a_long_chain_of_conditions_is_one_line(tmp_path: Path) -> None:
    links = "".join(f"  C{number}: !Not [Condition: C{number + 1}]\n" for number in range(2000))
    last = "  C2000: !Equals [a, b]\n"
    config = CONFIG.replace("Resources:", f"Conditions:\n{links}{last}Resources:")
    with pytest.raises(InputError, match=r"expressions refer to one another too deeply$"):
        read(tmp_path, f"{config}Condition: C0\n")


def test_aliases_cannot_make_a_template_huge(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for last, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]")

    with pytest.raises(InputError, match="more than 500,000 values, aliases included"):
        read(tmp_path, "\n".join(lines))


def test_aliases_and_merge_keys_are_expanded() -> None:
    text = "base: &base {a: 1, b: yes}\nown: {<<: *base, a: 2}\nsame: *base\n"

    assert parse_blocks(text) == {
        "base": {"a": 1, "b": True}, "own": {"a": 2, "b": True}, "same": {"a": 1, "b": True},
    }  # fmt: skip


def test_a_false_condition_leaves_a_configuration_out(tmp_path: Path) -> None:
    false = "Conditions: {Never: !Equals [a, b]}\n"

    assert read(tmp_path, f"{false}{CONFIG}Condition: Never\n").configs == ()


def test_a_nested_stack_is_a_note(tmp_path: Path) -> None:
    code = read(tmp_path, "Resources:\n  N: {Type: 'AWS::CloudFormation::Stack'}\n")

    [note] = code.notes
    assert note.endswith(
        "template:2: N: the nested stack (AWS::CloudFormation::Stack) is not read; "
        "give its own template, too"
    )


def test_functions_without_known_names_are_a_note(tmp_path: Path) -> None:
    one = "{Type: 'AWS::Lambda::Function'"
    false = "Conditions: {Never: !Equals [a, b]}"
    code = read(tmp_path, f"{false}\nResources: {{A: {one}}}, B: {one}, Condition: Never}}}}\n")

    [note] = code.notes
    assert "left out functions with unknown names, 1 in all, such as A; use --stack NAME" in note
    assert code.functions == ()


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"Resources: {\xe9: 1}")

    with pytest.raises(UsageError, match=r"cannot read .*: Is a directory"):
        read_template(str(tmp_path), PLACE)
    with pytest.raises(InputError, match="not UTF-8 text"):
        read_template(str(tmp_path / "latin"), PLACE)
