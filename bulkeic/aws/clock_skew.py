"""How far this machine's clock is off AWS's, told by the ``Date`` header of an answer."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

# Services refuse signatures that are more than five minutes off; a network takes its time, too.
TOLERATED_S = 240.0

_CODES = frozenset({
    "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed",
})  # fmt: skip


def skew_s(code: str, headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server's clock is ahead, where that explains a refusal.

    Args:
        code: of the error.
        headers: of the answer.
        now: what this machine's clock showed, Unix time in seconds.

    Returns:
        ``None``: the clock is right, or the refusal has another reason.
    """
    date = headers.get("date")
    if code not in _CODES or date is None:
        return None
    try:
        ahead = parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return ahead if abs(ahead) > TOLERATED_S else None
