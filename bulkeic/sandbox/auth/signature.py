"""AWS Signature Version 4: verifies the signature of a request.

The rules are those of AWS's "Create a signed AWS API request", as botocore's signer follows them. A
request is checked in this order. The codes are Lambda's; `aws_errors` has those of STS:

    check                                            refusal
    it has SignedHeaders and Signature               403 IncompleteSignatureException
    it has a well-formed X-Amz-Date or Date          403 IncompleteSignatureException
    host is signed, and so are x-amz-date and
        x-amz-security-token if present              403 InvalidSignatureException
    the scope's day is that of the date              403 InvalidSignatureException
    the date is within the service's validity        403 InvalidSignatureException
    the signature is correct                         403 InvalidSignatureException

The payload hash is computed from the body; a hash that the client sends is ignored.
"""

import hmac
import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from time import gmtime, strftime
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.http_message import HttpRequest

_AUTHORIZATION = re.compile(
    rb"AWS4-HMAC-SHA256\s+Credential=[^\s,]+\s*,\s*SignedHeaders=([^\s,]+)\s*,\s*Signature=([^\s,]+)\s*"
)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_FORMAT = "%Y%m%dT%H%M%SZ"
_VALIDITY_MIN = {"sts": 15}
_DEFAULT_VALIDITY_MIN = 5
_SIGNED_IF_PRESENT = (b"x-amz-date", b"x-amz-security-token")


class Scope(NamedTuple):
    """The scope of a signing key: a day (YYYYMMDD), a Region and a service."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def verify(request: HttpRequest, scope: Scope, secret: str, wall_s: float) -> None:
    """Verify a request's signature.

    Args:
        request: the request, with an Authorization header.
        scope: the credential's scope.
        secret: the credential's secret.
        wall_s: Unix time in seconds.

    Raises:
        AwsError: the first failed check of the module's table.
    """
    match = _AUTHORIZATION.fullmatch(request.headers[b"authorization"])
    if match is None:
        raise AwsError(ErrorKind.NO_SIGNATURE)
    signed_headers, actual = match.groups()
    timestamp = _timestamp(request.headers)
    _check_signed_headers(request.headers, signed_headers.split(b";"))
    _check_date(timestamp, scope, wall_s)
    expected = signature(request, signed_headers, scope, secret, timestamp)
    if not hmac.compare_digest(expected.encode(), actual):
        raise AwsError(ErrorKind.WRONG_SIGNATURE)


def signature(
    request: HttpRequest, signed_headers: bytes, scope: Scope, secret: str, timestamp: str
) -> str:
    """Return the signature of a request, in hexadecimal.

    Args:
        request: the request.
        signed_headers: names of the signed headers, separated by semicolons.
        scope: the credential's scope.
        secret: the credential's secret.
        timestamp: the date in the form 20251123T080910Z.
    """
    headers = request.headers
    lines = [
        b"%b:%b\n" % (name, b" ".join(headers.get(name, b"").split()))
        for name in signed_headers.split(b";")
    ]
    canonical = b"\n".join(
        (
            request.method.encode(),
            _canonical_path(request.path),
            _canonical_query(request.query),
            b"".join(lines),
            signed_headers,
            sha256(request.body).hexdigest().encode(),
        )
    )
    digest = sha256(canonical).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    return hmac.digest(_signing_key(secret, scope), text.encode(), "sha256").hex()


@lru_cache(maxsize=4096)
def _signing_key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_path(path: str) -> bytes:
    """Return the path, percent-encoded again, without the segments "", "." and ".."."""
    if "//" in path or "/." in path:
        kept: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                del kept[-1:]
            elif segment not in ("", "."):
                kept.append(segment)
        path = f"/{'/'.join(kept)}{'/' if kept and path.endswith('/') else ''}"
    return quote(path.encode("latin-1"), safe="/~").encode()


def _canonical_query(query: str) -> bytes:
    """Return the query, sorted and uniformly encoded."""
    if not query:
        return b""
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded).encode()


def _timestamp(headers: Mapping[bytes, bytes]) -> str:
    sent = headers.get(b"x-amz-date")
    if sent is not None:
        timestamp = sent.decode("latin-1")
    else:
        try:
            date = parsedate_to_datetime(headers.get(b"date", b"").decode("latin-1"))
            timestamp = date.astimezone(UTC).strftime(_FORMAT)
        except (ValueError, OverflowError):
            raise AwsError(ErrorKind.NO_DATE) from None
    if not _DATE.fullmatch(timestamp) or _unix_s(timestamp) is None:
        raise AwsError(ErrorKind.NO_DATE)
    return timestamp


@lru_cache(maxsize=1024)
def _unix_s(timestamp: str) -> int | None:
    """Return the Unix time of a timestamp in seconds, or None if it is not a date."""
    try:
        return timegm(datetime.strptime(timestamp, _FORMAT).replace(tzinfo=UTC).timetuple())
    except ValueError:
        return None


def _check_signed_headers(headers: Mapping[bytes, bytes], signed: list[bytes]) -> None:
    unsigned = [b"host"] if b"host" not in signed else []
    unsigned += [name for name in _SIGNED_IF_PRESENT if name in headers and name not in signed]
    if unsigned:
        raise AwsError(ErrorKind.UNSIGNED_HEADER, header=unsigned[0].decode())


def _check_date(timestamp: str, scope: Scope, wall_s: float) -> None:
    if not timestamp.startswith(scope.day):
        raise AwsError(ErrorKind.OTHER_DAY, day=scope.day, date=timestamp[:8], sent=timestamp)
    minutes = _VALIDITY_MIN.get(scope.service, _DEFAULT_VALIDITY_MIN)
    sent_s = _unix_s(timestamp) or 0
    if abs(wall_s - sent_s) <= minutes * 60:
        return
    is_early = sent_s > wall_s
    edge_s = wall_s + minutes * 60 * (1 if is_early else -1)
    raise AwsError(
        ErrorKind.EARLY_SIGNATURE if is_early else ErrorKind.OLD_SIGNATURE,
        sent=timestamp,
        edge=strftime(_FORMAT, gmtime(edge_s)),
        now=strftime(_FORMAT, gmtime(wall_s)),
        minutes=str(minutes),
    )
