"""The requests that the SDK would make, built without the SDK, whose import takes a while.

Only for Regions of partitions that are known here, and for plain endpoint URLs. ``None`` means that
the SDK must be asked. A test compares every request with the SDK's own.
"""

import re
import sys
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from bulkeic.aws.requests.request_template import SAMPLE_FUNCTION, SampleRequest
from bulkeic.core.model import Operation
from bulkeic.core.targets.names import partition_of
from bulkeic.version import __version__

USER_AGENT = f"bulkeic/{__version__} Python/{'.'.join(map(str, sys.version_info[:3]))}"
"""The ``User-Agent`` of every request, also of the SDK's."""

# From the endpoints and Regions that botocore knows.
_DNS_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-us-gov": "amazonaws.com",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}
# The SDK takes "fips" in a Region's name for a setting.
_is_known_region = re.compile(
    r"(?!.*fips)(?:us|eu|ap|sa|ca|me|af|il|mx|cn|us-gov|us-isob?|us-isof|eu-isoe|eusc-de)-[a-z]+-\d"
).fullmatch
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_is_plain_url = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL}){{0,20}}(?::\d{{1,5}})?/?").fullmatch

_CONFIG = f"/2019-09-25/functions/{SAMPLE_FUNCTION}/event-invoke-config"
_FUNCTION = f"/2015-03-31/functions/{SAMPLE_FUNCTION}"
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
# Method, path, headers and body of a sample request.
_LAMBDA: dict[Operation, tuple[str, str, dict[str, str], bytes | None]] = {
    Operation.GET: ("GET", _CONFIG, {}, None),
    Operation.UPDATE: ("POST", _CONFIG, _JSON, b"{}"),
    Operation.PUT: ("PUT", _CONFIG, _JSON, b"{}"),
    Operation.DELETE: ("DELETE", _CONFIG, {"Content-Length": "0"}, None),
    Operation.GET_FUNCTION: ("GET", _FUNCTION, {}, None),
    Operation.LIST_FUNCTIONS: ("GET", "/2015-03-31/functions", {}, None),
    Operation.LIST_ALIASES: ("GET", f"{_FUNCTION}/aliases", {}, None),
    Operation.LIST_CONFIGS: ("GET", f"{_CONFIG}/list", {}, None),
}


def is_known_endpoint(url: str) -> bool:
    """Whether an endpoint URL is a host and perhaps a port, nothing else."""
    try:
        return _is_plain_url(url) is not None and urlsplit(url).port != 0
    except ValueError:  # the port is too large
        return False


def lambda_requests(
    region: str, endpoint_url: str | None
) -> Mapping[Operation, SampleRequest] | None:
    """Returns a sample request of each of Lambda's operations; ``None``: ask the SDK.

    Args:
        region: the Region to call.
        endpoint_url: one that ``is_known_endpoint``; ``None``: AWS's own.
    """
    service = _KnownService.find("lambda", region, endpoint_url)
    if service is None:
        return None
    return {operation: service.sample(*request) for operation, request in _LAMBDA.items()}


def sts_request(region: str, endpoint_url: str | None) -> SampleRequest | None:
    """Returns a sample request of STS, of any operation; ``None``: ask the SDK.

    Args:
        region: the Region to call.
        endpoint_url: one that ``is_known_endpoint``; ``None``: AWS's own.
    """
    service = _KnownService.find("sts", region, endpoint_url)
    return service and service.sample("POST", "/", _FORM, b"Action=")


class _KnownService(NamedTuple):
    """A service in one Region: what its requests share.

    Attributes:
        endpoint: its URL, without a path.
        scope: of its signatures, behind the date.
    """

    endpoint: str
    scope: str

    @classmethod
    def find(cls, name: str, region: str, endpoint_url: str | None) -> "_KnownService | None":
        if not _is_known_region(region):
            return None
        own = f"https://{name}.{region}.{_DNS_SUFFIXES[partition_of(region)]}"
        return cls((endpoint_url or own).removesuffix("/"), f"{region}/{name}/aws4_request")

    def sample(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> SampleRequest:
        signed = "content-type;host;x-amz-date" if "Content-Type" in headers else "host;x-amz-date"
        headers = {
            **headers,
            "User-Agent": USER_AGENT,
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20190925/{self.scope}, "
            f"SignedHeaders={signed}, Signature=",
            "amz-sdk-request": "attempt=1",
        }
        if body is not None:
            headers["Content-Length"] = str(len(body))
        return SampleRequest(method, f"{self.endpoint}{path}", headers, body)
