"""Secrets in texts from outside: gone in whatever form they are quoted; the rest is as it was."""

import json
import re
import time
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.texts.redaction import (
    HIDDEN,
    LEAST_CHARACTERS,
    KnownSecrets,
    parse_endpoint,
    redact,
)

KEY = "AKIAIOSFODNN7EXAMPLE"
SIGNATURE = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
BASE64 = st.text("abcXYZ0189+/=", min_size=LEAST_CHARACTERS, max_size=200)


@given(BASE64, st.text(), st.text())
def test_a_known_secret_is_removed_in_every_quoting(secret: str, before: str, after: str) -> None:
    urls = [quote(secret, safe=""), quote(secret)]
    lower = [re.sub("%..", lambda found: found[0].lower(), url) for url in urls]
    for form in (secret, *urls, *lower, secret.replace("/", "\\/")):
        assert form not in redact(f"{before} {form} {after}", KnownSecrets([secret]))


def test_a_quoted_text_after_a_value_does_not_hide_the_value() -> None:
    known = KnownSecrets(["IQoJb3JpZ2luX2VjEBYaDHN=="])
    assert redact(r"IQoJb3JpZ2luX2VjEBYaDHN\u003d\u003d", known) == r"***\u003d\u003d"


@given(st.text(st.characters(exclude_characters="@:=>%", max_codepoint=0x2FFF), max_size=300))
def test_a_text_without_secrets_is_as_it_was(text: str) -> None:
    assert redact(text, KnownSecrets(["x" * 40])) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Credential={KEY}/20260101/us-east-1/lambda/aws4_request, S", "Credential=***, S"),
        (f"credential {KEY} is", "credential *** is"),
        (f"the string was '\n{SIGNATURE}'", "the string was '\n***'"),
        (f"Signature={SIGNATURE[:40]}, x", "Signature=***, x"),
        (f"X-Amz-Signature%3D{SIGNATURE}%26", "X-Amz-Signature%3D***"),
        ("x-amz-security-token:IQoJb3JpZ2lu==\nhost:x", "x-amz-security-token:***\nhost:x"),
        ('{"X-Amz-Security-Token": "IQoJ/b3+"}', '{"X-Amz-Security-Token": "***"}'),
        ("<SecretAccessKey>abc/def</SecretAccessKey>", "<SecretAccessKey>***</SecretAccessKey>"),
        ("aws_secret_access_key = abc/def", "aws_secret_access_key = ***"),
        ("Proxy-Authorization: Basic dXNlcjpwYXNz\n", "Proxy-Authorization: Basic ***\n"),
        ("Authorization%3A%20Basic%20dXNl%3D%0Ax", "Authorization%3A%20Basic%20***%0Ax"),
        ("'Authorization': 'Bearer abc.def'", "'Authorization': 'Bearer ***'"),
        ('at "http://user:pw@host:1/x" x@y', 'at "http://***@host:1/x" x@y'),
        ("http://u:p/w@d#@host", "http://***@host"),
        ("arn:aws:iam::1:role/x?Signature=abc", "arn:aws:iam::1:role/x?Signature=***"),
        ("http:\\/\\/u:p@host", "http:\\/\\/***@host"),
    ],
)  # fmt: skip
def test_an_unknown_secret_is_found_by_its_form_or_its_name(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "The security token included in the request is invalid.",
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z",
        "Credential should be scoped to a valid region.",
        "Authorization header requires 'Signature' parameter.",
        "User: arn:aws:sts::123456789012:assumed-role/Deploy/bulkeic is not authorized",
        "on resource: arn:aws:lambda:us-east-1:123456789012:function:rotate-credential:live",
        "on resource: arn:aws:lambda:us-east-1:123456789012:function:AWSLambdaBasicExecutionRole",
        'Could not connect to the endpoint URL: "https://lambda.us-east-1.amazonaws.com/x?y=z"',
    ],
)
def test_messages_of_aws_without_secrets_are_left_alone(text: str) -> None:
    assert redact(text) == text


def test_a_short_value_is_not_treated_as_a_secret() -> None:
    assert redact("a secret access", KnownSecrets(["secret", ""])) == "a secret access"


@given(st.integers(0, 40))
def test_a_long_text_ends_before_a_secret_is_cut_in_two(offset: int) -> None:
    secret = "s3cret" * 8
    text = "x " * (8_192 - 20) + "y" * offset + " " + secret + " more"
    shown = redact(text, KnownSecrets([secret]))
    assert "s3cret" not in shown
    assert len(shown) <= 16_385


@pytest.mark.parametrize(
    "piece",
    [
        "://",
        "a:/",
        "signature=",
        "authorization:basic ",
        "%20",
        "credential",
        "@",
        "a" * 9,
        "abc://",
    ],
)
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    redact(piece * 400_000, KnownSecrets(["k" * 40]))
    assert time.process_time() - begun < 0.5


def test_a_long_word_that_is_cut_takes_no_time() -> None:
    begun = time.process_time()
    assert redact("x" * 16_000 + " " + "y" * 1_000) == "x" * 16_000 + " …"
    assert time.process_time() - begun < 0.1


def test_an_endpoint_with_a_login_is_refused_without_repeating_it() -> None:
    with pytest.raises(InputError) as caught:
        parse_endpoint("http://user:hunter2@host")
    assert "hunter2" not in str(caught.value)
    assert parse_endpoint("http://host:1/x") == "http://host:1/x"
    assert HIDDEN not in redact(json.dumps({"message": "Rate exceeded"}))


OTHERS = [f"other{number:04}%%secret{number:04}" for number in range(2000)]


@settings(max_examples=25)
@given(BASE64, st.text(), st.text())
def test_one_secret_is_found_as_one_of_thousands(secret: str, before: str, after: str) -> None:
    text = f"{before}{secret}{after}{quote(secret)}"
    one, many = KnownSecrets([secret]), KnownSecrets([secret, *OTHERS])
    assert one.mask(text) == many.mask(text)
    assert one.is_in(text) == many.is_in(text)
    assert HIDDEN in one.mask(text)


@given(st.lists(BASE64, min_size=1, max_size=5))
def test_a_value_is_known_until_it_is_removed_as_often_as_it_was_added(values: list[str]) -> None:
    known = KnownSecrets([*values, *values])
    for value in values:
        known.remove(value)
        assert value not in known.mask(f" {value} ")
    for value in values:
        known.remove(value)
    assert known.mask(" ".join(values)) == " ".join(values)
