"""Signature Version 4: signs the requests that are built from a request template.

https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hmac
import re
from functools import lru_cache
from hashlib import sha256
from itertools import count
from random import getrandbits
from time import gmtime, strftime
from uuid import UUID

from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.request_template import RequestBody, RequestTemplate
from bulkeic.core.texts.redaction import HIDDEN, LEAST_CHARACTERS

ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE_END = "aws4_request"

# Stands for the date in the canonical headers that are prepared without it. No header contains it.
_DATE_PLACEHOLDER = "\0"
# These characters would end a header or the request. Nothing after the signer checks for them.
_find_control_character = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
# The last 12 digits of the invocation ids. No two are equal in one process.
_invocations = count(getrandbits(47))
_LAST_DIGITS = 12
_HASH_BLOCK = 64
_INNER_PAD, _OUTER_PAD = 0x36, 0x5C


class Signer:
    """Signs the requests of one operation for one account in one Region.

    Args:
        template: what these requests have in common.
    """

    def __init__(self, template: RequestTemplate) -> None:
        self._template = template
        self._method = template.method
        self._constant_headers = template.header_lines
        self._keys: AccessKeys | None = None
        self._day = self._date = ""

    def headers(
        self, canonical_path: str, query: str, body: RequestBody, keys: AccessKeys, now: float
    ) -> str:
        """Returns all headers of a signed request, one a line, each line ended by CRLF.

        Args:
            canonical_path: the path as Signature Version 4 encodes it.
            query: without the question mark.
            body: the body that is sent.
            keys: the credentials to sign with.
            now: Unix time in seconds.

        Raises:
            ValueError: the credentials cannot stand in a header.
        """
        date, invocation = _second_parts(int(now))
        if keys is not self._keys or date is not self._date:
            self._prepare_second(keys, date)
        canonical_request = (
            f"{self._method}\n{canonical_path}\n{query}\n{self._canonical_before_date}"
            f"{date}{self._canonical_after_date}{body.sha256_hex}"
        )
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(sha256(canonical_request.encode()).hexdigest().encode())
        outer.update(inner.digest())
        return (
            f"{self._constant_headers}{self._token_header}X-Amz-Date: {date}\r\n"
            f"{self._authorization}{outer.hexdigest()}\r\n"
            f"amz-sdk-invocation-id: {invocation}{next(_invocations):012x}\r\n"
            f"{body.length_header}"
        )

    def without_credentials(self, body: bytes) -> bytes:
        """Returns a response body in which the signing credentials are replaced."""
        keys = self._keys
        visible = () if keys is None else (keys.access_key, keys.token or "")
        for secret in visible:
            if len(secret) >= LEAST_CHARACTERS and secret.encode() in body:
                body = body.replace(secret.encode(), HIDDEN.encode())
        return body

    def _prepare_second(self, keys: AccessKeys, date: str) -> None:
        """Computes what stays the same for one second and one set of credentials."""
        if keys is not self._keys or not date.startswith(self._day):
            self._prepare_day(keys, date[:8])
        # HMAC (RFC 2104) of the string to sign, up to the digest of the request.
        self._inner = self._day_inner.copy()
        self._inner.update(f"{ALGORITHM}\n{date}\n{self._scope}\n".encode())
        self._date = date

    def _prepare_day(self, keys: AccessKeys, day: str) -> None:
        """Computes what stays the same for one day and one set of credentials."""
        if _find_control_character(f"{keys.access_key}{keys.token}"):
            raise ValueError("the credentials contain a control character, such as a line break")
        template = self._template
        key = signing_key(keys.secret_key, day, template.region, template.service)
        self._day_inner, self._outer = (
            sha256(bytes(byte ^ pad for byte in key.ljust(_HASH_BLOCK, b"\0")))
            for pad in (_INNER_PAD, _OUTER_PAD)
        )
        self._scope = f"{day}/{template.region}/{template.service}/{_SCOPE_END}"
        signed = [*template.signed_headers, ("x-amz-date", _DATE_PLACEHOLDER)]
        self._token_header = ""
        if keys.token:
            self._token_header = f"X-Amz-Security-Token: {keys.token}\r\n"
            signed.append(("x-amz-security-token", " ".join(keys.token.split())))
        signed.sort()
        names = ";".join(name for name, _ in signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed)
        self._canonical_before_date, _, after_date = lines.partition(_DATE_PLACEHOLDER)
        self._canonical_after_date = f"{after_date}\n{names}\n"
        self._authorization = (
            f"Authorization: {ALGORITHM} Credential={keys.access_key}/{self._scope}, "
            f"SignedHeaders={names}, Signature="
        )
        self._keys, self._day = keys, day


def signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """Derives the key that signs the requests of one day (``YYYYMMDD``)."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, _SCOPE_END):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


# The lanes of a run share few seconds.
@lru_cache(8)
def _second_parts(second: int) -> tuple[str, str]:
    """Returns the date of a second, and the random start of the invocation ids in it."""
    identifier = UUID(int=getrandbits(128), version=4)
    return strftime("%Y%m%dT%H%M%SZ", gmtime(second)), str(identifier)[:-_LAST_DIGITS]
