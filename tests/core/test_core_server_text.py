"""Only known shapes of AWS's messages are shown, and no encoding of a secret is."""

import base64
import html
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.texts.redaction import HIDDEN, KnownSecrets, redact
from bulkeic.core.texts.server_text import is_code, shown_text

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"
TOKEN = "IQoJb3JpZ2luX2VjEBYaDHNlc3Npb24+/abcDEF0123456789ghiJKLmnoPQRstuVWXyz=="
KNOWN_TEXTS = (
    "The function doesn't exist.",
    f"The function {ARN} doesn't have an EventInvokeConfig",
    (
        f"The EventInvokeConfig for function {ARN} could not be updated due to a concurrent update "
        "operation."
    ),
    f"Function not found: {ARN}",
    "You must specify at least one of error handling or destination setting.",
    f"The destination ARN {QUEUE} is invalid.",
    (
        "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination="
        f"{QUEUE}), onFailure=null) is invalid."
    ),
    (
        "1 validation error detected: Value '5' at 'maximumRetryAttempts' failed to satisfy "
        "constraint: Member must have value less than or equal to 2"
    ),
    "Functions from 'us-east-2' are not reachable in this region ('us-east-1')",
    "Rate exceeded",
    (
        "User: arn:aws:sts::123456789012:assumed-role/Deploy/bulkeic is not authorized to perform: "
        f"lambda:UpdateFunctionEventInvokeConfig on resource: {ARN} because no identity-based "
        "policy allows the lambda:UpdateFunctionEventInvokeConfig action"
    ),
    (
        "User: arn:aws:iam::123456789012:user/u is not authorized to perform: "
        "resource-explorer-2:ListResources on resource: * because no identity-based "
        "policy allows the resource-explorer-2:ListResources action"
    ),
    "Your account is not a member of an organization.",
    "You specified a parent that doesn't exist.",
    "The security token included in the request is invalid.",
    (
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z "
        "(20260101T001000Z - 5 min.)"
    ),
    (
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details."
    ),
    "",
)


def twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="")


ENCODINGS: dict[str, Callable[[str], str]] = {
    "verbatim": lambda text: text,
    "other case": str.upper,
    "lower case": str.lower,
    "percent": lambda text: quote(text, safe=""),
    "percent, lower case": lambda text: quote(text, safe="").lower(),
    "percent twice": twice,
    "percent five times": lambda text: quote(twice(twice(text)), safe=""),
    "every letter in percent": lambda text: "".join(f"%{ord(each):02x}" for each in text),
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML hex": lambda text: "".join(f"&#x{ord(each):x};" for each in text),
    "JSON": lambda text: text.replace("/", "\\/"),
    "JSON numbers": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, shifted by one": lambda text: base64.b64encode(f"x{text}".encode()).decode(),
    "base64, shifted by two": lambda text: base64.b64encode(f"xy{text}".encode()).decode(),
    "URL-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in percent": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
    "split by lines": lambda text: "\n".join(text[at : at + 7] for at in range(0, len(text), 7)),
    "split by blanks": " ".join,
    "cut at the end": lambda text: text[:24],
    "cut at the start": lambda text: text[24:],
    "cut at both": lambda text: text[9:45],
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_secret_in_any_encoding_masks_its_text(name: str) -> None:
    form = ENCODINGS[name](TOKEN)
    for text in (form, f"it was '{form}', and more", f"https://example.org/?t={form}&x=y"):
        shown = redact(text, KnownSecrets([TOKEN]))
        assert form not in shown
        assert HIDDEN in shown
        for at in range(0, len(form) - 12, 4):
            assert form[at : at + 12] not in shown


def test_a_secret_that_is_removed_is_no_secret_any_more() -> None:
    known = KnownSecrets([TOKEN, TOKEN])
    known.remove(TOKEN)
    assert known.is_in(TOKEN.lower())
    known.remove(TOKEN)
    assert not known.is_in(TOKEN.lower())


@given(st.sampled_from(KNOWN_TEXTS))
def test_what_aws_says_is_shown_as_it_is(text: str) -> None:
    known = KnownSecrets([TOKEN, "AKIA123456789012", "0" * 40])
    assert shown_text(redact(text, known)) == text


@pytest.mark.parametrize("text", ["anything else", f"<html>{TOKEN}</html>", f"Value {TOKEN}", " "])
def test_any_other_text_is_a_digest(text: str) -> None:
    shown = shown_text(text)
    assert shown.startswith(f"(a text of {len(text)} characters, sha256 ")
    assert text.strip() == "" or text not in shown
    assert shown_text(text) == shown != shown_text(f"{text}x")


def test_what_follows_a_known_text_is_a_digest() -> None:
    known = "The request signature we calculated does not match the signature you provided."
    shown = shown_text(f"{known}\n\nThe Canonical String was '{TOKEN}'")
    assert shown.startswith(f"{known} (and ")
    assert TOKEN[:8] not in shown


@pytest.mark.parametrize(
    ("text", "is_it"),
    [("ResourceNotFoundException", True), ("429", True), ("a b", False), ("x/y", False)],
)
def test_a_code_has_the_shape_of_a_code(text: str, *, is_it: bool) -> None:
    assert is_code(text) == is_it


@pytest.mark.parametrize("piece", ["%25", "&#x26;", "\\u005c", "QUJD", "User: arn:aws:", "a:"])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    text = (piece * 20_000)[:65_000]
    begun = time.process_time()
    KnownSecrets([TOKEN]).is_in(text)
    shown_text(text)
    assert time.process_time() - begun < 2
