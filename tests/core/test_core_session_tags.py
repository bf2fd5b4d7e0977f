"""What CloudTrail records about a role session: the rules of AssumeRole."""

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.options.session_tags import (
    MOST_TAGS,
    check_session_tags,
    parse_session_tag,
    parse_source_identity,
    write_session_tag,
)

SHAPES = botocore.session.get_session().get_service_model("sts")
INVALID_TAGS = {
    "ticket": "'ticket' is not a tag; expected KEY=VALUE, such as ticket=OPS-7",
    "=OPS-7": "'=OPS-7' is not a tag; expected KEY=VALUE, such as ticket=OPS-7",
    "AWS:owner=x": "the key 'AWS:owner' begins with aws:, which AWS reserves",
    "a*=x": "the key 'a*' is invalid; expected at most 128 letters, digits, spaces and _.:/=+-@",
    "a=x;y": "the value 'x;y' is invalid; expected at most 256 letters, digits, spaces and",
    f"{'k' * 129}=x": "expected at most 128 letters",
    f"k={'v' * 257}": "expected at most 256 letters",
}
letters = st.characters(categories=("L", "N", "Zs"), include_characters="_.:/=+-@")


@pytest.mark.parametrize("text", ["jane", "a@b.c", "_+=,.@-", "ab", "x" * 64])
def test_a_source_identity_is_taken_as_it_is(text: str) -> None:
    assert parse_source_identity(text) == text


@pytest.mark.parametrize("text", ["", "x", "x" * 65, "jane doe", "jané", "aws:jane", "a/b", "ab\n"])
def test_another_text_is_no_source_identity(text: str) -> None:
    with pytest.raises(InputError, match="is not a source identity; expected 2 to 64 letters"):
        parse_source_identity(text)


@given(
    st.text(letters, min_size=1, max_size=128).filter(
        lambda key: "=" not in key and not key.lower().startswith("aws:")
    ),
    st.text(letters, max_size=256),
)
def test_a_tag_is_read_as_it_is_written(key: str, value: str) -> None:
    assert parse_session_tag(write_session_tag((key, value))) == (key, value)


@pytest.mark.parametrize("text", INVALID_TAGS)
def test_an_invalid_tag_names_its_rule(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_session_tag(text)
    assert INVALID_TAGS[text] in str(caught.value)


def test_tags_that_cannot_be_sent_together_are_refused() -> None:
    check_session_tags([(f"key-{number}", "") for number in range(MOST_TAGS)])
    with pytest.raises(InputError, match="51 tags are too many; expected at most 50"):
        check_session_tags([(f"key-{number}", "") for number in range(MOST_TAGS + 1)])
    with pytest.raises(InputError, match="'Team' and 'team' are one key: case does not matter"):
        check_session_tags([("Team", "a"), ("team", "b")])


def test_the_limits_are_those_of_the_service_model() -> None:
    request = SHAPES.shape_for("AssumeRoleRequest").members
    tag = request["Tags"].member.members
    limits = [
        (shape.metadata["min"], shape.metadata["max"])
        for shape in (request["SourceIdentity"], tag["Key"], tag["Value"])
    ]
    assert limits == [(2, 64), (1, 128), (0, 256)]
    assert request["Tags"].metadata["max"] == MOST_TAGS
    assert request["SourceIdentity"].metadata["pattern"] == "[\\w+=,.@-]*"
