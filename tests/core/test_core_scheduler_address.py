"""The address of a scheduler, and the value of ``--workers``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.options.option_values import Integer
from bulkeic.core.options.scheduler_address import (
    SchedulerAddress,
    WorkersValue,
    parse_scheduler_address,
)

WORKERS = WorkersValue(Integer(1, 64))


@pytest.mark.parametrize(
    ("text", "is_encrypted", "is_loopback"),
    [
        ("tls://scheduler.internal:8786", True, False),
        ("tls://10.0.0.5:1", True, False),
        ("tls://[fd00::1]:65535", True, False),
        ("tcp://127.0.0.1:8786", False, True),
        ("tcp://127.8.0.1:8786", False, True),
        ("tcp://[::1]:8786", False, True),
        ("tcp://localhost:8786", False, True),
        ("tcp://localhost.example.com:8786", False, False),
        ("tcp://127.0.0.1.example.com:8786", False, False),
        ("tcp://0.0.0.0:8786", False, False),
    ],
)
def test_an_address_is_read_and_written_as_the_same_text(
    text: str, *, is_encrypted: bool, is_loopback: bool
) -> None:
    address = WORKERS.parse(text)
    assert isinstance(address, SchedulerAddress)
    assert WORKERS.format(address) == text
    assert (address.is_encrypted, address.is_loopback) == (is_encrypted, is_loopback)


@pytest.mark.parametrize(
    "text",
    [
        "scheduler", "scheduler:8786", "http://h:1", "tls://h", "tls://h:0", "tls://h:65536",
        "tls://:8786", "tls://u:p@h:1", "tls://h:1/", "tls://h h:1", "tls://h:1\n", "tls://h:٣",
        "tls://[::1:1", "",
    ],
)  # fmt: skip
def test_another_text_is_not_an_address(text: str) -> None:
    with pytest.raises(InputError, match=r"not the address of a scheduler; expected tls://"):
        parse_scheduler_address(text)


@given(st.text())
def test_every_text_is_read_or_refused_in_one_line(text: str) -> None:
    problem = ""
    try:
        value = WORKERS.parse(text)
        assert WORKERS.parse(WORKERS.format(value)) == value
    except InputError as error:
        problem = error.rule
    assert "\n" not in problem


@pytest.mark.parametrize("text", ["0", "65", "two", "1.5", "-1"])
def test_a_wrong_number_names_both_forms(text: str) -> None:
    with pytest.raises(InputError, match=r"expected 1 to 64, or tls://HOST:PORT"):
        WORKERS.parse(text)
