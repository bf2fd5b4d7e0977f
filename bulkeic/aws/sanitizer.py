"""Removes credentials from texts of AWS, proxies and the SDK.

Every credential that this process holds is registered here for as long as it exists. So the caller
of ``sanitize`` does not need to know which credentials a text may quote.
"""

import re
from collections.abc import Iterable
from typing import Protocol
from weakref import finalize

from bulkeic.core.redaction import KnownSecrets, redact

_is_plain_id = re.compile(r"[0-9A-Fa-f-]{1,40}").fullmatch


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


def sanitize_id(request_id: str | None) -> str | None:
    """Returns a request id that is safe to show and to store.

    Ids in AWS's own form are returned at once.
    """
    return request_id if request_id is None or _is_plain_id(request_id) else sanitize(request_id)
