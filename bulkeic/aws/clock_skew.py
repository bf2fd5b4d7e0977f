"""The difference between this machine's clock and AWS's, from a response's ``Date`` header."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

TOLERATED_SKEW_S = 240.0
"""Services reject signatures that are more than 300 s off; the rest is for the network."""

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
        ``None`` if the clock is right or the error has another cause.
    """
    date = headers.get("date")
    if code not in _SIGNATURE_TIME_CODES or date is None:
        return None
    try:
        skew_s = parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return skew_s if abs(skew_s) > TOLERATED_SKEW_S else None
