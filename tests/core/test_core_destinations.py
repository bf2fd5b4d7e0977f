"""Destinations: what Lambda accepts, and what it would refuse."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, Lane, Settings, Target
from bulkeic.core.targets.destinations import (
    destination_warnings,
    parse_destination,
    partition_problems,
    self_destination_problems,
)

# The pattern as the model has it, written out here and not imported.
DESTINATION = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
match_destination = re.compile(DESTINATION, re.ASCII).fullmatch

HALVES = ("OnSuccess", "OnFailure")
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
OWN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.mark.parametrize("field", HALVES)
@pytest.mark.parametrize(
    "text",
    [
        QUEUE,
        "arn:aws:sns:us-east-1:123456789012:topic",
        "arn:aws:events:us-east-1:123456789012:event-bus/default",
        "arn:aws:lambda:us-east-1:123456789012:function:g",
        "arn:aws:lambda:us-east-1:123456789012:function:g:live",
        "arn:aws-cn:sqs:cn-north-1:123456789012:q",
        "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q",
        "arn:aws:sqs:us-east-1:123456789012:fifo",
        "arn:aws:sqs:us-east-1:123456789012:q.fifo.not",
        "arn:aws:lambda:us-east-1:123456789012:function:g.fifo",
        "arn:aws:events:us-east-1:123456789012:event-bus/aws.partner/example.com/1",
        "arn:aws:lambda:us-east-1:123456789012:function:g:$LATEST",
        "arn:aws-eusc:sns:eusc-de-east-1:123456789012:topic",
        "arn:{partition}:sqs:{region}:{account}:q-{function}",
        "arn:aws-cn:sqs:{region}:{account}:q",
    ],
)
def test_accepted_as_it_is(text: str, field: str) -> None:
    assert parse_destination(text, field) == text


@pytest.mark.parametrize("field", HALVES)
@pytest.mark.parametrize(
    "text",
    [
        "q",
        " ",
        "null",
        "None ",
        "https://sqs.us-east-1.amazonaws.com/123456789012/q",
        "arn:aws:sqs:us-east-1:123456789012:",
        "arn:aws:sqs:us-east-1:12345678901:q",
        "arn:aws:sqs:us-east-1:12345678901\uff12:q",  # a full-width digit
        "arn:aws:sqs:useast1:123456789012:q",
        "arn:aws:dynamodb:us-east-1:123456789012:table/t",
        "arn:aws:kinesis:us-east-1:123456789012:stream/s",
        "arn:azure:sqs:us-east-1:123456789012:q",
        "arn:aws:sqs:us-east-1:123456789012:q\n",
        "kafka://",
        "kafka://topic",
        "kafka://" + "t" * 249,
        "Kafka://topic",
        "arn:aws:events:us-east-1:123456789012:rule/r",
        "arn:aws:events:us-east-1:123456789012:event-bus/",
        "arn:aws:lambda:us-east-1:123456789012:layer:l:1",
        "arn:aws:lambda:us-east-1:123456789012:event-source-mapping:m",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "arn:aws:lambda:us-east-1:123456789012:function:" + "g" * 65,
        "arn:aws:sqs:cn-north-1:123456789012:q",
        "arn:aws-cn:sqs:us-east-1:123456789012:q",
        "arn:aws:sqs::{account}:q",
        f" {QUEUE}",
    ],
)
def test_refused_with_the_field_named(text: str, field: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_destination(text, field)
    assert refused.value.field == field


@pytest.mark.parametrize("field", HALVES)
@pytest.mark.parametrize("text", ["", "none", "None", "NONE"])
def test_none_and_the_empty_string_clear(text: str, field: str) -> None:
    assert parse_destination(text, field) == CLEARED


@pytest.mark.parametrize("field", HALVES)
def test_350_characters_at_most(field: str) -> None:
    start = "arn:aws:sqs:us-east-1:123456789012:"
    longest = start.ljust(350, "q")
    assert parse_destination(longest, field) == longest
    with pytest.raises(InputError, match="351 characters; expected at most 350"):
        parse_destination(longest + "q", field)


@pytest.mark.parametrize("field", HALVES)
@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_fifo_queues_and_topics_are_refused(service: str, field: str) -> None:
    with pytest.raises(InputError, match="FIFO"):
        parse_destination(f"arn:aws:{service}:us-east-1:123456789012:q.fifo", field)


@pytest.mark.parametrize("field", HALVES)
@pytest.mark.parametrize("service", ["sqs:q", "sns:t", "lambda:function:g", "events:event-bus/b"])
@pytest.mark.parametrize(
    ("region", "account", "missing"),
    [
        ("", "123456789012", "no region"),
        ("us-east-1", "", "no account"),
        ("", "", "no region and no account"),
    ],
)
def test_an_arn_names_its_region_and_account(
    service: str, region: str, account: str, missing: str, field: str
) -> None:
    name, _, resource = service.partition(":")
    with pytest.raises(InputError, match=f"has {missing}; expected arn:PARTITION:{name}:"):
        parse_destination(f"arn:aws:{name}:{region}:{account}:{resource}", field)


@pytest.mark.parametrize(
    ("destination", "partition", "is_refused"),
    [
        (QUEUE, "aws", False),
        (QUEUE, "aws-cn", True),
        ("arn:aws-cn:s3:::bucket", "aws", True),
        ("arn:aws-cn:sqs:{region}:{account}:q", "aws", True),
        ("arn:aws-cn:sqs:{region}:{account}:q", "aws-cn", False),
        ("arn:{partition}:sqs:{region}:{account}:q", "aws-cn", False),
        (CLEARED, "aws", False),
        (None, "aws", False),
    ],
)
def test_a_destination_is_in_the_targets_partition(
    destination: str | None, partition: str, *, is_refused: bool
) -> None:
    problems = partition_problems(partition, Settings(on_failure=destination))
    assert [problem.field for problem in problems] == ["OnFailure"] * is_refused


def test_partner_event_buses_get_a_warning() -> None:
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/"
    by_both = Settings(on_success=f"{bus}aws.partner/example.com/1", on_failure=f"{bus}aws")
    (warning,) = destination_warnings(by_both)
    assert (warning.field, "partner event bus" in warning.rule) == ("OnSuccess", True)


def test_a_bucket_is_for_failures_only() -> None:
    assert parse_destination("arn:aws:s3:::bucket", "OnFailure") == "arn:aws:s3:::bucket"
    with pytest.raises(InputError, match="OnFailure only"):
        parse_destination("arn:aws:s3:::bucket", "OnSuccess")


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(
        st.from_regex(re.compile(DESTINATION, re.ASCII), fullmatch=True),
        st.builds(
            "arn:aws:{}:us-east-1:{}:{}".format,
            st.sampled_from(["sqs", "sns", "lambda", "events", "s3", "ec2"]),
            st.sampled_from(["123456789012", "", "1"]),
            st.text(max_size=12),
        ),
        st.text(),
    ),
    st.sampled_from(HALVES),
)
@example(QUEUE + "\x00", "OnFailure")
def test_accepted_texts_match_the_pattern_of_the_service_model(text: str, field: str) -> None:
    try:
        parsed = parse_destination(text, field)
    except InputError as problem:
        assert problem.field == field  # noqa: PT017 - both ways out are right here
    else:
        assert parsed == CLEARED or (parsed == text and len(text) <= 350)
        assert match_destination(parsed)


def target(qualifier: str = "$LATEST") -> Target:
    return Target(Lane("123456789012", "us-east-1"), "f", qualifier)


def fields_refused(qualifier: str, wanted: Settings) -> list[str]:
    return [problem.field for problem in self_destination_problems(target(qualifier), wanted)]


@pytest.mark.parametrize(
    ("qualifier", "destination"),
    [
        ("$LATEST", OWN),
        ("$LATEST", f"{OWN}:$LATEST"),
        ("live", OWN),
        ("live", f"{OWN}:live"),
        ("7", f"{OWN}:7"),
    ],
)
def test_a_function_cannot_be_its_own_destination(qualifier: str, destination: str) -> None:
    by_success = Settings(on_success=destination, on_failure=QUEUE)
    by_failure = Settings(on_success=QUEUE, on_failure=destination)
    assert fields_refused(qualifier, by_success) == ["OnSuccess"]
    assert fields_refused(qualifier, by_failure) == ["OnFailure"]


@pytest.mark.parametrize(
    "destination",
    [
        None,
        CLEARED,
        QUEUE,
        f"{OWN}2",
        f"{OWN}:blue",
        OWN.replace("us-east-1", "us-east-2"),
        OWN.replace("123456789012", "210987654321"),
        OWN.replace(":lambda:", ":sqs:"),
    ],
)
def test_every_other_destination_is_left_alone(destination: str | None) -> None:
    wanted = Settings(on_success=destination, on_failure=destination)
    assert fields_refused("live", wanted) == []
