"""Credentials are removed from texts for as long as they exist, and never show themselves."""

import gc

from rich.pretty import pretty_repr

from bulkeic.aws.answers.sanitizer import sanitize, sanitize_code, sanitize_id
from bulkeic.aws.requests.access_keys import AccessKeys

SECRET = "not/of+any/known-form-at-all"
TOKEN = "neither=is/this+one=="


def test_credentials_are_removed_from_texts_until_they_are_deleted() -> None:
    text = f"{SECRET} and {TOKEN}"
    keys = [AccessKeys(access_key="x", secret_key=SECRET, token=TOKEN) for _ in range(2)]
    assert sanitize(text) == "*** and ***"
    keys.pop()
    gc.collect()
    assert sanitize(text) == "*** and ***"
    keys.pop()
    gc.collect()
    assert sanitize(text) == text


def test_keys_do_not_show_themselves() -> None:
    keys = AccessKeys(access_key="AKIAIOSFODNN7EXAMPLE", secret_key=SECRET, token=TOKEN)
    for shown in (repr(keys), str(keys), f"{[keys]}", pretty_repr(keys)):
        assert "AKIA" not in shown
        assert SECRET not in shown
        assert TOKEN not in shown


def test_a_request_id_is_unchanged_unless_it_contains_something_else() -> None:
    keys = AccessKeys(access_key="AKIAIOSFODNN7EXAMPLE", secret_key=SECRET, token=TOKEN)
    request_id = "6d1c4c1e-7a0c-4bfb-9e1c-0a5c4d0c1f11"
    assert sanitize_id(request_id) == request_id
    assert sanitize_id(None) is None
    assert sanitize_id(keys.token) == sanitize_id(keys.access_key) == "***"
    assert sanitize_id("0" * 64) == "***"


def test_an_unpaired_surrogate_is_replaced() -> None:
    assert sanitize("a\ud800b") == "a?b"


def test_a_code_is_shown_unless_it_is_a_credential_that_exists() -> None:
    code = "An0ddExceptionOfAService"
    assert sanitize_code(code, 400) == code
    keys = AccessKeys(access_key="x", secret_key=code)
    assert sanitize_code(code, 400) == "400"
    assert sanitize_code(f"{code}.{code}", 400) == "400"
    del keys
    gc.collect()
    assert sanitize_code(code, 400) == code
    assert sanitize_code("no code", 400) == "400"
