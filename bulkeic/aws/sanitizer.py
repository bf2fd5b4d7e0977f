"""What AWS, proxies and the SDK say, as texts that can be written down.

Every credential that this process holds is known here for as long as it is held, so that whoever
has a text from outside can have it cleaned without knowing which credentials it may quote.
"""

import re
from collections.abc import Iterable
from typing import Protocol
from weakref import finalize

from bulkeic.core.redaction import KnownSecrets, redact

_is_plain_id = re.compile(r"[0-9A-Fa-f-]{1,40}").fullmatch


class Holder(Protocol):
    """Has secrets."""

    def secrets(self) -> Iterable[str]:
        """What must never be shown."""


_known = KnownSecrets()


def hold(holder: Holder) -> None:
    """Keeps the secrets of a holder out of all texts, until there is no such holder any more."""
    for secret in holder.secrets():
        _known.add(secret)
        finalize(holder, _known.remove, secret).atexit = False


def clean(text: str) -> str:
    """A text that can be written down.

    It has no secrets, and no half of a surrogate pair, which JSON can hold.
    """
    return redact(text.encode(errors="replace").decode(), _known)


def clean_id(request_id: str | None) -> str | None:
    """A request id that can be written down; AWS's own need no closer look."""
    return request_id if request_id is None or _is_plain_id(request_id) else clean(request_id)
