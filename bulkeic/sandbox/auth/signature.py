"""AWS Signature Version 4: whether a request carries the signature that its sender's secret makes.

The rules are those of AWS's "Create a signed AWS API request", as botocore's signer follows them. A
request is checked in this order; Lambda's answers are named, STS's are in `aws_errors`:

    check                                            refusal
    SignedHeaders and Signature are there            403 IncompleteSignatureException
    X-Amz-Date or Date is there and can be read      403 IncompleteSignatureException
    host is signed, and x-amz-date, security token   403 InvalidSignatureException
    the scope's day is that of the date              403 InvalidSignatureException
    the date is within the service's window          403 InvalidSignatureException
    the signature is the right one                   403 InvalidSignatureException

The hash is always that of the body that came: a client's word for it is not taken.
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

_PROOF = re.compile(
    rb"AWS4-HMAC-SHA256\s+Credential=[^\s,]+\s*,\s*SignedHeaders=([^\s,]+)\s*,\s*Signature=([^\s,]+)\s*"
)
_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_FORMAT = "%Y%m%dT%H%M%SZ"
_WINDOW_MIN = {"sts": 15}
_USUAL_WINDOW_MIN = 5
_MUST_SIGN = (b"x-amz-date", b"x-amz-security-token")


class Scope(NamedTuple):
    """What a signing key is good for: a day (YYYYMMDD), a Region and a service."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"


def verify(request: HttpRequest, scope: Scope, secret: str, wall_s: float) -> None:
    """Check a request's signature.

    Args:
        request: as it came, with an Authorization header.
        scope: of its credential.
        secret: of its credential.
        wall_s: Unix time in seconds.

    Raises:
        AwsError: the first check of the module's table that fails.
    """
    proof = _PROOF.fullmatch(request.headers[b"authorization"])
    if proof is None:
        raise AwsError(ErrorKind.NO_SIGNATURE)
    signed, given = proof.groups()
    stamp = _stamp(request.headers)
    _check_signed(request.headers, signed.split(b";"))
    _check_date(stamp, scope, wall_s)
    wanted = signature(request, signed, scope, secret, stamp)
    if not hmac.compare_digest(wanted.encode(), given):
        raise AwsError(ErrorKind.WRONG_SIGNATURE)


def signature(request: HttpRequest, signed: bytes, scope: Scope, secret: str, stamp: str) -> str:
    """The signature of a request, in hexadecimal.

    Args:
        request: the request.
        signed: names of the signed headers, with semicolons between them.
        scope: of the credential.
        secret: of the credential.
        stamp: the date in the form 20251123T080910Z.
    """
    headers = request.headers
    lines = [
        b"%b:%b\n" % (name, b" ".join(headers.get(name, b"").split()))
        for name in signed.split(b";")
    ]
    canonical = b"\n".join(
        (
            request.method.encode(),
            _path(request.path),
            _query(request.query),
            b"".join(lines),
            signed,
            sha256(request.body).hexdigest().encode(),
        )
    )
    digest = sha256(canonical).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    return hmac.digest(_key(secret, scope), text.encode(), "sha256").hex()


@lru_cache(maxsize=4096)
def _key(secret: str, scope: Scope) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _path(path: str) -> bytes:
    """The path encoded once more, without segments that are empty, "." or ".."."""
    if "//" in path or "/." in path:
        kept: list[str] = []
        for segment in path.split("/"):
            if segment == "..":
                del kept[-1:]
            elif segment not in ("", "."):
                kept.append(segment)
        path = f"/{'/'.join(kept)}{'/' if kept and path.endswith('/') else ''}"
    return quote(path.encode("latin-1"), safe="/~").encode()


def _query(query: str) -> bytes:
    """The query in order and in its one encoding."""
    if not query:
        return b""
    pairs = parse_qsl(query, keep_blank_values=True)
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded).encode()


def _stamp(headers: Mapping[bytes, bytes]) -> str:
    sent = headers.get(b"x-amz-date")
    if sent is not None:
        stamp = sent.decode("latin-1")
    else:
        try:
            date = parsedate_to_datetime(headers.get(b"date", b"").decode("latin-1"))
            stamp = date.astimezone(UTC).strftime(_FORMAT)
        except (ValueError, OverflowError):
            raise AwsError(ErrorKind.NO_DATE) from None
    if not _DATE.fullmatch(stamp) or _seconds(stamp) is None:
        raise AwsError(ErrorKind.NO_DATE)
    return stamp


@lru_cache(maxsize=1024)
def _seconds(stamp: str) -> int | None:
    """The Unix time that a date in its form means, or None if there is no such date."""
    try:
        return timegm(datetime.strptime(stamp, _FORMAT).replace(tzinfo=UTC).timetuple())
    except ValueError:
        return None


def _check_signed(headers: Mapping[bytes, bytes], signed: list[bytes]) -> None:
    missing = [b"host"] if b"host" not in signed else []
    missing += [name for name in _MUST_SIGN if name in headers and name not in signed]
    if missing:
        raise AwsError(ErrorKind.UNSIGNED_HEADER, header=missing[0].decode())


def _check_date(stamp: str, scope: Scope, wall_s: float) -> None:
    if not stamp.startswith(scope.day):
        raise AwsError(ErrorKind.OTHER_DAY, day=scope.day, date=stamp[:8])
    minutes = _WINDOW_MIN.get(scope.service, _USUAL_WINDOW_MIN)
    sent_s = _seconds(stamp) or 0
    if abs(wall_s - sent_s) <= minutes * 60:
        return
    early = sent_s > wall_s
    edge_s = wall_s + minutes * 60 * (1 if early else -1)
    raise AwsError(
        ErrorKind.EARLY_SIGNATURE if early else ErrorKind.OLD_SIGNATURE,
        sent=stamp,
        edge=strftime(_FORMAT, gmtime(edge_s)),
        now=strftime(_FORMAT, gmtime(wall_s)),
        minutes=str(minutes),
    )
