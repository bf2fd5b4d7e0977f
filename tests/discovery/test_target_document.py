"""What --where of a discovery sees, and that it knows every field of it."""

from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from hypothesis import given

from bulkeic.app.where.where_documents import CONFIGURATION, FOUND_TARGET, NUMBER
from bulkeic.app.where.where_expression import parse_target_where
from bulkeic.core.errors import UsageError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import LATEST
from bulkeic.discovery.model.target_document import target_document

from .example_functions import LANE, SETTINGS, functions

FUNCTION = FoundFunction(
    lane=LANE,
    name="orders",
    facts={"FunctionName": "orders", "Runtime": "python3.12", "Layers": [{"Arn": "arn:…:1"}]},
    versions={"3": {"FunctionName": "orders", "Runtime": "python3.9", "Version": "3"}},
    configs={"live": SETTINGS},
    tags={"team": "payments", "cost center": "7"},
)


def fields_of(shape: Shape) -> Any:
    if shape.type_name != "structure":
        return {}
    return {name: fields_of(inner) for name, inner in shape.members.items()}


def test_every_field_of_the_model_but_the_environment_is_known() -> None:
    model = botocore.session.Session().get_service_model("lambda")
    expected = fields_of(model.shape_for("FunctionConfiguration"))
    del expected["Environment"]
    own = {"Qualifier": {}, "Tags": None, "EventInvokeConfig": CONFIGURATION.fields}
    assert FOUND_TARGET.fields == expected | own
    assert fields_of(model.shape_for("FunctionEventInvokeConfig")) == CONFIGURATION.fields


def numbers_of(shape: Shape) -> Any:
    if shape.type_name != "structure":
        return shape.type_name in {"integer", "long", "double"}
    return {name: numbers_of(inner) for name, inner in shape.members.items()}


def known_numbers(fields: Any) -> Any:
    if not fields:
        return fields is NUMBER
    return {name: known_numbers(inner) for name, inner in fields.items()}


def test_the_numbers_of_the_model_are_known() -> None:
    model = botocore.session.Session().get_service_model("lambda")
    known = known_numbers(FOUND_TARGET.fields)
    expected = numbers_of(model.shape_for("FunctionConfiguration"))
    assert {name: known[name] for name in expected if name in known} == {
        name: kinds for name, kinds in expected.items() if name in known
    }
    assert known["EventInvokeConfig"] == numbers_of(model.shape_for("FunctionEventInvokeConfig"))


@given(functions())
def test_a_document_has_only_known_fields(function: FoundFunction) -> None:
    for qualifier in (LATEST, *function.versions, *function.aliases):
        document = target_document(function, qualifier)
        assert set(document) <= set(FOUND_TARGET.fields)
        assert document["Qualifier"] == qualifier
        assert document["FunctionName"] == function.name
        assert document["EventInvokeConfig"] == (function.configs or {}).get(qualifier)


@pytest.mark.parametrize(
    ("expression", "matching", "names"),
    [
        ("Runtime == 'python3.12'", "$LATEST live", "Runtime"),
        ("starts_with(Runtime, 'python3.')", "$LATEST 3 live", "Runtime"),
        ("Tags.team == 'payments'", "$LATEST 3 live", "Tags"),
        ('Tags."cost center" == `"7"`', "$LATEST 3 live", "Tags"),
        ("Tags.nothing", "", "Tags"),
        ("@.Tags.team && !Layers", "3", "Layers Tags"),
        ("Tags.team && !(Tags.owner)", "$LATEST 3 live", "Tags"),
        (
            "!(EventInvokeConfig.DestinationConfig.OnFailure.Destination)",
            "$LATEST 3",
            "EventInvokeConfig",
        ),
        ("Layers[?contains(Arn, ':1')]", "$LATEST live", "Layers"),
        ("EventInvokeConfig.MaximumRetryAttempts == `0`", "live", "EventInvokeConfig"),
        ("!EventInvokeConfig", "$LATEST 3", "EventInvokeConfig"),
        ("Qualifier != '$LATEST'", "3 live", "Qualifier"),
        ("{a: Tags, b: Runtime}.a.team", "$LATEST 3 live", "Runtime Tags"),
    ],
)
def test_an_expression_matches_targets_and_names_what_it_reads(
    expression: str, matching: str, names: str
) -> None:
    where = parse_target_where(expression)
    found = [
        qualifier
        for qualifier in (LATEST, "3", "live")
        if where.matches(target_document(FUNCTION, qualifier))
    ]
    assert found == matching.split()
    assert where.names == set(names.split())


@pytest.mark.parametrize(
    "expression", ["@", "keys(@)", "*", "length(values(@)) > `3`", "[@][0].Tags"]
)
def test_an_expression_on_the_whole_document_reads_everything(expression: str) -> None:
    assert parse_target_where(expression).names == set(FOUND_TARGET.fields)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("Runtim == 'x'", "no target can have the field 'Runtim'; did you mean Runtime?"),
        ("MaximumRetryAttempts", "did you mean EventInvokeConfig.MaximumRetryAttempts?"),
        ("EventInvokeConfig.MaxRetries", "did you mean MaximumRetryAttempts?"),
        ("tags.team", "did you mean Tags?"),
        (
            "Xyz",
            "; known are FunctionName, FunctionArn, Qualifier, Tags, EventInvokeConfig, Runtime, ",
        ),
        ("Environment.Variables.KEY", "'Environment'; environment variables hold secrets"),
        ("Layers.Arn", "no target can have the field 'Arn'; it is not an object"),
        ("Runtime == nodejs", "'nodejs'; a text needs single quotes, like 'nodejs'"),
        (
            "Timeout > '60'",
            "a number never matches the text '60'; a number needs backticks, like `60`",
        ),
        ("'512' <= MemorySize", "like `512`"),
        ('EventInvokeConfig.MaximumRetryAttempts == "2"', "a number needs backticks, like `2`"),
        ("Timeout > sixty", "a number needs backticks, like `60`"),
        ("Timeout > 60", "like Timeout > `60`"),
        ("Tags.team && !Tags.owner", "expected !(a.b) instead of !a.b"),
        ("VpcConfig.VpcID", "did you mean VpcId?"),
    ],
)
def test_a_field_that_no_target_can_have_is_refused(expression: str, says: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_target_where(expression)
    assert says in str(refused.value)


def test_the_largest_tags_are_within_the_limits() -> None:
    tags = {f"{number:0>128}": "v" * 256 for number in range(50)}
    document = target_document(FoundFunction(lane=LANE, name="f", tags=tags), LATEST)
    assert parse_target_where(
        "length(Tags.keys(@)) == `50` && contains(to_string(@), 'v')"
    ).matches(document)
