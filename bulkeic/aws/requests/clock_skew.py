"""The difference between this machine's clock and AWS's, from a response's ``Date`` header."""

from collections.abc import Mapping

TOLERATED_SKEW_S = 240.0
"""Services reject signatures that are more than 300 s off; the rest is for the network."""

LONGEST_SKEW_S = 86_400.0 + TOLERATED_SKEW_S
"""A ``Date`` that is off by more than a day is not believed: it is the server's that is wrong."""

_SIGNATURE_TIME_CODES = frozenset({
    "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed",
})  # fmt: skip


def clock_skew_s(code: str, headers: Mapping[str, str], now: float) -> float | None:
    """Returns by how many seconds the server's clock is ahead, if that explains an error.

    Args:
        code: the error code of the response.
        headers: the headers of the response.
        now: this machine's clock, Unix time in seconds.

    Returns:
        ``None`` if the clock is right, the error has another cause, or the header is absurd.
    """
    date = headers.get("date") if code in _SIGNATURE_TIME_CODES else None
    if date is None:
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - hardly any answer needs it

    try:
        skew_s = parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return skew_s if TOLERATED_SKEW_S < abs(skew_s) <= LONGEST_SKEW_S else None
