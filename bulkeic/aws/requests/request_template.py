"""The template of an operation's requests in one Region, taken from a sample request.

The sample comes from ``known_requests``, or from the SDK's client where that must resolve the
endpoint (FIPS, dual-stack, partition, environment). It is never sent. Every job's request equals
the sample except for the function, the query, the body, the date, the credentials and the
signature.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from bulkeic.core.model import LATEST, PageRequest, Settings

SAMPLE_FUNCTION = "bulkeic-sample-function"
"""The function name in a sample request."""

PAGE_ITEMS = 50
"""Items of a page: the most that Lambda returns of functions and of configurations."""

_CACHED_BODIES = 4096
# These differ in each request.
_PER_REQUEST_HEADERS = frozenset({
    "authorization", "x-amz-date", "x-amz-security-token", "content-length",
    "amz-sdk-invocation-id",
})  # fmt: skip


class RequestBody(msgspec.Struct, frozen=True):
    """A request body as it is sent.

    Attributes:
        sha256_hex: its digest.
        length_header: the ``Content-Length`` line with CRLF; empty where the SDK sends none.
    """

    content: bytes
    sha256_hex: str
    length_header: str


class SampleRequest(msgspec.Struct, frozen=True):
    """A signed request, as far as a template needs it; the SDK's requests have the same fields.

    Attributes:
        method: the HTTP method.
        url: the whole URL.
        headers: with ``Authorization``, whose signature is not used.
        body: ``None``: the operation has none.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class RequestTemplate:
    """What all requests of an operation in a Region have in common.

    Args:
        sample: a signed request for ``SAMPLE_FUNCTION``, or of an operation without a function.

    Attributes:
        method: the HTTP method.
        origin: scheme, host and port.
        header_lines: the constant headers, each line ended by CRLF.
        signed_headers: those of them that are signed, as (lower-case name, value).
        region: the Region to sign for.
        service: the service to sign for.
    """

    def __init__(self, sample: SampleRequest) -> None:
        url = urlsplit(sample.url)
        self.method: str = sample.method
        self.origin = f"{url.scheme}://{url.netloc}"
        self._path_before, _, self._path_after = url.path.partition(SAMPLE_FUNCTION)
        # Signature Version 4 encodes a path once more, for every service but S3.
        self._canonical_before = quote(_without_dots(self._path_before), safe="/~")
        headers = [
            (name, _text(value))
            for name, value in sample.headers.items()
            if name.lower() not in _PER_REQUEST_HEADERS
        ]
        # The SDK's HTTP session adds the same two.
        headers += [("Accept", "*/*"), ("Accept-Encoding", "identity")]
        authorization = _text(sample.headers["Authorization"])
        _, _, self.region, self.service, _ = _field(authorization, "Credential").split("/")
        names = _field(authorization, "SignedHeaders").split(";")
        values = {name.lower(): " ".join(value.split()) for name, value in headers}
        values["host"] = _host(url)
        headers.insert(0, ("Host", values["host"]))
        self.header_lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        self.signed_headers = [
            (name, values[name]) for name in names if name not in _PER_REQUEST_HEADERS
        ]
        self._has_body = sample.body is not None
        self._has_length = "Content-Length" in sample.headers
        self._bodies: dict[Settings, RequestBody] = {}

    def paths(self, function: str) -> tuple[str, str]:
        """Returns a function's path as it is sent, and the canonical path that is signed.

        A function's name needs no encoding in a path. It is empty if the operation has none.
        """
        end = f"{function}{self._path_after}"
        return f"{self._path_before}{end}", f"{self._canonical_before}{end}"

    def body(self, settings: Settings) -> RequestBody:
        """Returns the body for some settings; empty if the operation has no body.

        Many jobs share their settings, so bodies are cached.
        """
        body = self._bodies.get(settings)
        if body is None:
            if len(self._bodies) >= _CACHED_BODIES:
                self._bodies.clear()
            content = json.dumps(settings.to_api()).encode() if self._has_body else b""
            length_header = f"Content-Length: {len(content)}\r\n" if self._has_length else ""
            body = RequestBody(content, sha256(content).hexdigest(), length_header)
            self._bodies[settings] = body
        return body


# The targets of a run share few qualifiers.
@lru_cache(1024)
def query_string(qualifier: str) -> str:
    """Returns the query for a qualifier, without the question mark; empty for ``$LATEST``."""
    return "" if qualifier == LATEST else f"Qualifier={quote(qualifier, safe='-_.~')}"


def page_query(page: PageRequest) -> str:
    """Returns the query for a page of a listing, in canonical order, without the question mark."""
    versions = "FunctionVersion=ALL&" if page.all_versions else ""
    marker = f"Marker={quote(page.marker, safe='-_.~')}&" if page.marker else ""
    return f"{versions}{marker}MaxItems={PAGE_ITEMS}"


def _without_dots(path: str) -> str:
    """Removes ``.``, ``..`` and repeated slashes from an absolute path."""
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            del names[-1:]
        elif name not in {"", "."}:
            names.append(name)
    end = "/" if path.endswith("/") or not names else ""
    return "".join(f"/{name}" for name in names) + end


def _field(authorization: str, name: str) -> str:
    return authorization.partition(f"{name}=")[2].partition(",")[0]


def _host(url: SplitResult) -> str:
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else str(url.hostname)
    default_port = {"http": 80, "https": 443}.get(url.scheme)
    return host if url.port in {None, default_port} else f"{host}:{url.port}"


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
