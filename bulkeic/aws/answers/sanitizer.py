"""Removes credentials from texts of AWS, proxies and the SDK.

Every credential that this process holds is registered here for as long as it exists. So the caller
of ``sanitize`` does not need to know which credentials a text may quote.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol
from weakref import finalize

from bulkeic.core.texts.redaction import KnownSecrets, redact
from bulkeic.core.texts.server_text import digest, is_code, shown_text

_is_plain_id = re.compile(r"[0-9A-Fa-f-]{1,40}").fullmatch
_is_odd_id = re.compile(r"[\w.:-]{0,64}|\*\*\*", re.ASCII).fullmatch


class HasSecrets(Protocol):
    """An object with values that must never be shown."""

    def secrets(self) -> Iterable[str]:
        """Returns the values that must never be shown."""


_known_secrets = KnownSecrets()


def register_secrets(owner: HasSecrets) -> None:
    """Makes ``sanitize`` remove the secrets of an object for as long as the object exists."""
    for secret in owner.secrets():
        _known_secrets.add(secret)
        finalize(owner, _known_secrets.remove, secret).atexit = False


def sanitize(text: str) -> str:
    """Returns a text that is safe to show and to store.

    Secrets are replaced, and so are unpaired surrogates, which JSON can contain.
    """
    return redact(text.encode(errors="replace").decode(), _known_secrets)


def sanitize_message(text: str) -> str:
    """Returns what is safe to show and to store of a message of a server."""
    return shown_text(sanitize(text))


def sanitize_code(code: str, status: int) -> str:
    """Returns an error code that is safe to show and to store; the HTTP status if it is none."""
    return code if is_code(code) and _is_safe(code, _known_secrets.changes) else str(status)


# There are few codes, and a code is short.
@lru_cache(256)
def _is_safe(code: str, changes: int) -> bool:
    """Whether a code holds no secret, after that many changes of the secrets."""
    del changes
    return sanitize(code) == code


def sanitize_id(request_id: str | None) -> str | None:
    """Returns a request id that is safe to show and to store; a digest if it has an odd form.

    Ids in AWS's own form are returned at once.
    """
    if request_id is None or _is_plain_id(request_id):
        return request_id
    text = sanitize(request_id)
    return text if _is_odd_id(text) else digest(request_id)
