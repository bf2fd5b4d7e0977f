"""Names: the forms, the limits and the agreement with the API's own patterns."""

import re

import botocore.session
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.targets.names import (
    FunctionName,
    check_account,
    check_qualifier,
    check_region,
    merge_qualifiers,
    parse_function,
    partition_of,
)

# The patterns as the model has them, written out here and not imported.
REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"
FUNCTION_NAME = (
    r"(arn:(?P<partition>aws[a-zA-Z-]*)?:lambda:)?"
    rf"(?P<region>{REGION}:)?"
    r"(?P<account>\d{12}:)?(?P<word>function:)?"
    r"(?P<name>[a-zA-Z0-9-_\.]+)"
    r"(:(?P<qualifier>\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
QUALIFIER = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"

match_function = re.compile(FUNCTION_NAME, re.ASCII).fullmatch
match_qualifier = re.compile(QUALIFIER, re.ASCII).fullmatch
match_region = re.compile(REGION, re.ASCII).fullmatch

LETTERS = "abcxyzABCXYZ0123456789-_"
names = st.text(LETTERS + ".", min_size=1, max_size=64).filter(
    # Those that the pattern itself reads as a prefix have a test of their own.
    lambda name: (
        name not in {".", "..", "function"}
        and not re.fullmatch(r"\d{12}", name)
        and not match_region(name)
    )
)
qualifiers = st.one_of(
    st.none(),
    st.sampled_from(["$LATEST", "$LATEST.PUBLISHED", "1", "live"]),
    st.text(LETTERS, min_size=1, max_size=128),
)
accounts = st.from_regex(re.compile(r"\d{12}", re.ASCII), fullmatch=True)

SDK = botocore.session.Session()
REGIONS = {
    region: partition
    for partition in SDK.get_available_partitions()
    for region in SDK.get_available_regions("lambda", partition)
}


@st.composite
def function_names(draw: st.DrawFn) -> tuple[str, FunctionName]:
    """One of the four forms, and what it says."""
    name, qualifier = draw(names), draw(qualifiers)
    end = f":{qualifier}" if qualifier else ""
    form = draw(st.sampled_from(["name", "partial", "arn"]))
    if form == "name":
        return name + end, FunctionName(name, qualifier)
    account = draw(accounts)
    if form == "partial":
        return f"{account}:function:{name}{end}", FunctionName(name, qualifier, account)
    region = draw(st.sampled_from(sorted(REGIONS)))
    partition = REGIONS[region]
    text = f"arn:{partition}:lambda:{region}:{account}:function:{name}{end}"
    return text, FunctionName(name, qualifier, account, region, partition)


def accepted(text: str) -> bool:
    try:
        parse_function(text)
    except InputError:
        return False
    return True


def allowed(text: str) -> bool:
    """What the facts page allows: the pattern, the lengths, and a form that is complete."""
    match = match_function(text)
    if match is None or len(text) > 256 or len(match["name"]) > 64 or match["name"] in {".", ".."}:
        return False
    if not re.match("arn:[^:]*:lambda:", text) and match["region"] is None:
        return True
    if not (match["partition"] and match["region"] and match["account"] and match["word"]):
        return False
    return match["partition"] == partition_of(match["region"])


@settings(deadline=None, max_examples=200)
@given(function_names())
def test_every_complete_form_survives_parsing_and_printing(
    form: tuple[str, FunctionName],
) -> None:
    text, parts = form
    assume(len(text) <= 256)
    parsed = parse_function(text)
    assert parsed == parts
    assert str(parsed) == text
    assert parse_function(str(parsed)) == parsed


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.from_regex(re.compile(FUNCTION_NAME, re.ASCII), fullmatch=True), st.text()))
@example("us-east-1:123456789012:function:name")
@example("arn::lambda:us-east-1:123456789012:function:name")
@example("arn:aws:lambda:us-east-1:123456789012:name")
@example("arn:aws:lambda:name")
@example("123456789012:name:live")
@example("function:name")
@example("name\n")
@example("")
def test_agrees_with_the_models_pattern_in_both_directions(text: str) -> None:
    assert accepted(text) == allowed(text)


@settings(deadline=None, max_examples=200)
@given(function_names(), st.data())
def test_one_foreign_character_anywhere_is_refused(
    form: tuple[str, FunctionName], data: st.DataObject
) -> None:
    text, _ = form
    at = data.draw(st.integers(0, len(text)))
    foreign = data.draw(
        st.characters(exclude_characters=LETTERS + ".:$" + "".join(map(chr, range(48, 123))))
    )
    with pytest.raises(InputError):
        parse_function(text[:at] + foreign + text[at:])


@settings(deadline=None, max_examples=100)
@given(function_names(), st.data())
def test_one_character_more_or_less_never_goes_past_the_pattern(
    form: tuple[str, FunctionName], data: st.DataObject
) -> None:
    text, _ = form
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.sampled_from(["", ":", "$", ".", "/", "arn:", "function:", "-", "1"]))
    changed = text[:at] + piece + text[at + (not piece) :]
    assert accepted(changed) == allowed(changed)


@pytest.mark.parametrize(
    "text",
    [
        "function:function:live",
        "function:123456789012:live",
        "function:us-east-1:live",
        "123456789012:function:function:live",
    ],
)
def test_round_trip_holds_for_a_name_that_looks_like_a_prefix(text: str) -> None:
    parsed = parse_function(text)
    assert parse_function(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("my-func", FunctionName("my-func")),
        ("my.func_1:live", FunctionName("my.func_1", "live")),
        ("f:$LATEST", FunctionName("f", "$LATEST")),
        ("f:$LATEST.PUBLISHED", FunctionName("f", "$LATEST.PUBLISHED")),
        ("123456789012:function:f", FunctionName("f", None, "123456789012")),
        ("123456789012:function:f:7", FunctionName("f", "7", "123456789012")),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            FunctionName("f", None, "123456789012", "eu-west-1", "aws"),
        ),
        (
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:live",
            FunctionName("f", "live", "123456789012", "cn-north-1", "aws-cn"),
        ),
    ],
)
def test_the_four_forms(text: str, parts: FunctionName) -> None:
    assert parse_function(text) == parts
    assert str(parts) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a b",
        "a ",
        ":live",
        "f:",
        "f:$latest",
        "f:a.b",
        "f::live",
        "f:live:more",
        "f/../g",
        "fünf",
        "f\n",
        "f\x00",
        "12345678901:function:f",
        "1234567890123:function:f",
        "١٢٣٤٥٦٧٨٩٠١٢:function:f",
        "arn:aws:sqs:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:layer:f",
        "arn:aws:lambda:us-east-1::function:f",
        "arn:aws:lambda::123456789012:function:f",
        "arn:aws:lambda:useast1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:",
        "arn:azure:lambda:us-east-1:123456789012:function:f",
        "ARN:aws:lambda:us-east-1:123456789012:function:f",
    ],
)
def test_a_text_that_breaks_the_pattern_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_function(text, "FunctionArn")
    assert refused.value.field == "FunctionArn"


@pytest.mark.parametrize("name", [".", ".."])
@pytest.mark.parametrize("form", ["{}", "{}:live", "123456789012:function:{}"])
def test_names_that_would_change_the_path_are_refused(name: str, form: str) -> None:
    with pytest.raises(InputError, match="path"):
        parse_function(form.format(name))


@pytest.mark.parametrize("form", ["{}", "{}:live", "123456789012:function:{}"])
@pytest.mark.parametrize("letter", ["a", "."])
def test_a_name_has_64_characters_at_most(form: str, letter: str) -> None:
    assert parse_function(form.format(letter * 64)).name == letter * 64
    with pytest.raises(InputError, match="65 characters; expected at most 64"):
        parse_function(form.format(letter * 65))


def test_the_whole_has_256_characters_at_most() -> None:
    def arn(length: int) -> str:
        end = f"-1:123456789012:function:{'n' * 64}:{'q' * 100}"
        start = "arn:aws:lambda:us-"
        return start + "e" * (length - len(start) - len(end)) + end

    assert len(arn(256)) == 256
    assert parse_function(arn(256)).qualifier == "q" * 100
    with pytest.raises(InputError, match="257 characters; expected at most 256"):
        parse_function(arn(257))


def test_a_qualifier_has_128_characters_at_most() -> None:
    assert check_qualifier("q" * 128) == "q" * 128
    with pytest.raises(InputError, match="128") as refused:
        check_qualifier("q" * 129)
    assert refused.value.field == "Qualifier"


@settings(deadline=None, max_examples=150)
@given(st.one_of(st.from_regex(re.compile(QUALIFIER, re.ASCII), fullmatch=True), st.text()))
@example("")
@example("live\n")
@example("$LATEST.PUBLISHED")
@example("$LATEST.PUBLISHED1")
@example("1.0")
def test_qualifiers_agree_with_the_models_pattern(text: str) -> None:
    if match_qualifier(text) and len(text) <= 128:
        assert check_qualifier(text) == text
    else:
        with pytest.raises(InputError):
            check_qualifier(text)


@pytest.mark.parametrize(
    ("inside", "beside", "joined"),
    [
        (None, None, "$LATEST"),
        ("live", None, "live"),
        (None, "live", "live"),
        ("live", "live", "live"),
        ("$LATEST", "$LATEST", "$LATEST"),
    ],
)
def test_one_qualifier_comes_of_both(inside: str | None, beside: str | None, joined: str) -> None:
    assert merge_qualifiers(inside, beside) == joined


@pytest.mark.parametrize(
    ("inside", "beside"), [("live", "Live"), ("1", "$LATEST"), ("$LATEST", "1")]
)
def test_contradicting_qualifiers_are_refused(inside: str, beside: str) -> None:
    with pytest.raises(InputError, match="contradicts") as refused:
        merge_qualifiers(inside, beside)
    assert refused.value.field == "Qualifier"


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_every_region_that_botocore_knows_lies_in_its_partition(region: str) -> None:
    assert check_region(region) == region
    assert partition_of(region) == REGIONS[region]


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "cn-north-1"),
        ("aws-cn", "us-east-1"),
        ("aws", "us-gov-west-1"),
        ("aws-iso", "us-isob-east-1"),
        ("aws-iso-b", "us-iso-east-1"),
        ("aws", "eusc-de-east-1"),
        ("awsx", "us-east-1"),
    ],
)
def test_a_partition_that_does_not_hold_the_region_is_refused(partition: str, region: str) -> None:
    with pytest.raises(InputError, match=f"expected {partition_of(region)}$"):
        parse_function(f"arn:{partition}:lambda:{region}:123456789012:function:f")


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.from_regex(re.compile(REGION, re.ASCII), fullmatch=True), st.text()))
@example("us-east-1\n")
@example("us-east-10")
@example("us-east-१")
def test_regions_agree_with_the_models_pattern(text: str) -> None:
    if match_region(text):
        assert check_region(text) == text
    else:
        with pytest.raises(InputError) as refused:
            check_region(text)
        assert refused.value.field == "Region"


@pytest.mark.parametrize(
    "text", ["12345678901", "1234567890123", "12345678901\uff12", "", "12345678901\n"]
)
def test_an_account_is_12_ascii_digits(text: str) -> None:
    assert check_account("000000000001") == "000000000001"
    with pytest.raises(InputError) as refused:
        check_account(text)
    assert refused.value.field == "AccountId"
