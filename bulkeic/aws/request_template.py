"""An operation's calls in one Region, compiled from a specimen of the SDK's own client.

The client resolves the endpoint (FIPS, dual-stack, partition, environment), serialises and signs a
request that is never sent. All of it but the function, the qualifier, the body, the date, the
credentials and the signature is the same for every job, and is taken over as it is.

Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
"""

import hmac
import json
import re
from hashlib import sha256
from random import getrandbits
from time import gmtime, strftime
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit
from uuid import UUID

import msgspec
from botocore.awsrequest import AWSPreparedRequest
from botocore.utils import normalize_url_path

from bulkeic.aws.credentials import AccessKeys
from bulkeic.core.model import LATEST, Settings
from bulkeic.core.redaction import HIDDEN, LEAST_CHARACTERS

SPECIMEN = "specimen-of-bulkeic"

# Stands for the date where a request is prepared without it; no header's value is like it.
_DATE = "\0"
_ALGORITHM = "AWS4-HMAC-SHA256"
_REMEMBERED = 4096
# What would end a header, or the request; nothing else looks at what is sent as bytes.
_find_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search
# What changes with each request; aiohttp itself adds Content-Length.
_EACH = frozenset({
    "authorization", "x-amz-date", "x-amz-security-token", "content-length",
    "amz-sdk-invocation-id",
})  # fmt: skip


class Body(msgspec.Struct, frozen=True):
    """A body as sent.

    Attributes:
        digest: SHA-256 in hex.
        length: the header that tells its length, with CRLF; empty where the SDK sends none.
    """

    content: bytes
    digest: str
    length: str


class CompiledCall:
    """What all calls of an operation in a Region have in common.

    Args:
        specimen: a signed request for the function ``SPECIMEN``.

    Attributes:
        method: of HTTP.
        origin: scheme, host and port.
        headers: those that never change, as (name, value).
        signed: those of them that are signed, as (lower-case name, value).
        region: that is signed for.
        service: that is signed for.
    """

    def __init__(self, specimen: AWSPreparedRequest) -> None:
        url = urlsplit(specimen.url)
        self.method: str = specimen.method
        self.origin = f"{url.scheme}://{url.netloc}"
        self._before, _, self._after = url.path.partition(SPECIMEN)
        # Signature Version 4 encodes a path once more, for every service but S3.
        self._signed_before = quote(normalize_url_path(self._before), safe="/~")
        self.headers = [
            (name, _text(value))
            for name, value in specimen.headers.items()
            if name.lower() not in _EACH
        ]
        # As the SDK's HTTP session does.
        self.headers += [("Accept", "*/*"), ("Accept-Encoding", "identity")]
        authorization = _text(specimen.headers["Authorization"])
        _, _, self.region, self.service, _ = _part(authorization, "Credential").split("/")
        names = _part(authorization, "SignedHeaders").split(";")
        values = {name.lower(): " ".join(value.split()) for name, value in self.headers}
        values["host"] = _host(url)
        self.headers.insert(0, ("Host", values["host"]))
        self.signed = [(name, values[name]) for name in names if name not in _EACH]
        self._has_body = specimen.body is not None
        self._has_length = "Content-Length" in specimen.headers
        self._bodies: dict[Settings, Body] = {}

    def paths(self, function: str) -> tuple[str, str]:
        """A function's path as it is sent, and as it is signed.

        The characters of a function's name stand for themselves in a path.
        """
        end = f"{function}{self._after}"
        return f"{self._before}{end}", f"{self._signed_before}{end}"

    def body(self, settings: Settings) -> Body:
        """The body of some settings, which many jobs share; empty where a call has none."""
        body = self._bodies.get(settings)
        if body is None:
            if len(self._bodies) >= _REMEMBERED:
                self._bodies.clear()
            content = json.dumps(settings.to_api()).encode() if self._has_body else b""
            length = f"Content-Length: {len(content)}\r\n" if self._has_length else ""
            body = self._bodies[settings] = Body(content, sha256(content).hexdigest(), length)
        return body


def query_of(qualifier: str) -> str:
    """The query that names a qualifier, without the question mark."""
    return "" if qualifier == LATEST else f"Qualifier={quote(qualifier, safe='-_.~')}"


class Signer:
    """Signs an operation's calls of one account in one Region.

    Args:
        call: what they have in common.
    """

    def __init__(self, call: CompiledCall) -> None:
        self._call = call
        self._keys: AccessKeys | None = None
        self._day = ""

    def headers(
        self, signed_path: str, query: str, body: Body, keys: AccessKeys, now: float
    ) -> str:
        """All headers of a request, one a line, each line ended by CRLF.

        Args:
            signed_path: of the function.
            query: without the question mark.
            body: that is sent.
            keys: who asks.
            now: Unix time in seconds.

        Raises:
            ValueError: the keys cannot stand in a header.
        """
        date = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
        if keys is not self._keys or not date.startswith(self._day):
            self._begin(keys, date[:8])
        canonical = (
            f"{self._call.method}\n{signed_path}\n{query}\n{self._before_date}{date}"
            f"{self._after_date}{body.digest}"
        )
        digest = sha256(canonical.encode()).hexdigest()
        signing = self._signing.copy()
        signing.update(f"{_ALGORITHM}\n{date}\n{self._scope}\n{digest}".encode())
        return (
            f"{self._constant}X-Amz-Date: {date}\r\n"
            f"{self._authorization}{signing.hexdigest()}\r\n"
            f"amz-sdk-invocation-id: {UUID(int=getrandbits(128), version=4)}\r\n"
            f"{body.length}"
        )

    def _begin(self, keys: AccessKeys, day: str) -> None:
        """Works out what stays the same for a day, or until there are new keys."""
        if _find_control(f"{keys.access_key}{keys.token}"):
            raise ValueError("the credentials have a control character, such as the end of a line")
        call = self._call
        key = signing_key(keys.secret_key, day, call.region, call.service)
        self._signing = hmac.new(key, digestmod=sha256)
        self._scope = f"{day}/{call.region}/{call.service}/aws4_request"
        headers, token = list(call.headers), []
        if keys.token:
            headers.append(("X-Amz-Security-Token", keys.token))
            token = [("x-amz-security-token", " ".join(keys.token.split()))]
        signed = sorted([*call.signed, ("x-amz-date", _DATE), *token])
        names = ";".join(name for name, _ in signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed)
        self._before_date, _, after = lines.partition(_DATE)
        self._after_date = f"{after}\n{names}\n"
        self._constant = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self._authorization = (
            f"Authorization: {_ALGORITHM} Credential={keys.access_key}/{self._scope}, "
            f"SignedHeaders={names}, Signature="
        )
        told = (keys.access_key, keys.token or "")
        self._told = [each.encode() for each in told if len(each) >= LEAST_CHARACTERS]
        self._keys, self._day = keys, day

    def without_secrets(self, body: bytes) -> bytes:
        """The body of an answer; if it repeats what the request was signed with, without that."""
        for secret in self._told:
            if secret in body:
                body = body.replace(secret, HIDDEN.encode())
        return body


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key that signs the requests of a day."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _part(authorization: str, name: str) -> str:
    return authorization.partition(f"{name}=")[2].partition(",")[0]


def _host(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else str(url.hostname)
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return host if url.port in {None, usual} else f"{host}:{url.port}"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
