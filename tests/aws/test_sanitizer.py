"""Credentials stay out of texts for as long as they are held, and out of their own too."""

import gc

from rich.pretty import pretty_repr

from bulkeic.aws.credentials import AccessKeys
from bulkeic.aws.sanitizer import clean, clean_id

SECRET = "not/of+any/known-form-at-all"
TOKEN = "neither=is/this+one=="


def test_what_is_held_is_cleaned_away_and_forgotten_afterwards() -> None:
    text = f"{SECRET} and {TOKEN}"
    keys = [AccessKeys(access_key="x", secret_key=SECRET, token=TOKEN) for _ in range(2)]
    assert clean(text) == "*** and ***"
    keys.pop()
    gc.collect()
    assert clean(text) == "*** and ***"
    keys.pop()
    gc.collect()
    assert clean(text) == text


def test_keys_do_not_show_themselves() -> None:
    keys = AccessKeys(access_key="AKIAIOSFODNN7EXAMPLE", secret_key=SECRET, token=TOKEN)
    for shown in (repr(keys), str(keys), f"{[keys]}", pretty_repr(keys)):
        assert "AKIA" not in shown
        assert SECRET not in shown
        assert TOKEN not in shown


def test_a_request_id_is_as_it_was_unless_it_is_something_else() -> None:
    keys = AccessKeys(access_key="AKIAIOSFODNN7EXAMPLE", secret_key=SECRET, token=TOKEN)
    request_id = "6d1c4c1e-7a0c-4bfb-9e1c-0a5c4d0c1f11"
    assert clean_id(request_id) == request_id
    assert clean_id(None) is None
    assert clean_id(keys.token) == clean_id(keys.access_key) == "***"
    assert clean_id("0" * 64) == "***"


def test_what_cannot_be_written_down_is_replaced() -> None:
    assert clean("a\ud800b") == "a?b"
