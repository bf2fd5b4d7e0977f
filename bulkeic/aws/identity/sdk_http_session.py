"""The HTTP session of the SDK's clients: the transport of Lambda's calls, with its limits.

Each exchange has a connection of its own. So no answer can be left over for the next call, whose
credentials would be another role's.
"""

from urllib.parse import urlsplit

from aiobotocore.awsrequest import AioAWSResponse
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.transport import make_transport
from bulkeic.aws.http.transport_errors import (
    ConnectTimeout,
    InvalidAnswerError,
    NoAnswerError,
    ProxyError,
    TlsError,
)
from bulkeic.aws.requests.routing_session import RoutingSession

# The first row that matches holds. These are the exceptions of the SDK's own session.
_SDK_ERRORS: tuple[tuple[type[Exception], type[HTTPClientError]], ...] = (
    (TlsError, SSLError),
    (ProxyError, ProxyConnectionError),
    (NoAnswerError, ConnectionClosedError),
    (InvalidAnswerError, ConnectionClosedError),
    (ConnectTimeout, ConnectTimeoutError),
    (TimeoutError, ReadTimeoutError),
    (OSError, EndpointConnectionError),
    (Exception, HTTPClientError),
)


class SdkHttpSession(RoutingSession):
    """Sends one request a connection. The read timeout bounds the whole exchange."""

    async def send(self, request: AWSPreparedRequest) -> AioAWSResponse:
        """Sends a request of the SDK's client and returns the whole response."""
        try:
            response = await self._exchange(request)
        except Exception as error:
            raise exchange_error(error, request.url) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        answer = AioAWSResponse(request.url, response.status, headers, None)
        answer._content = response.body  # noqa: SLF001 - the SDK would read it from a socket
        return answer

    async def _exchange(self, request: AWSPreparedRequest) -> RawResponse:
        url = urlsplit(request.url)
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = {name: _text(value) for name, value in request.headers.items()}
        headers |= {"Host": url.netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
        headers |= {"Content-Length": str(len(content))}
        transport = make_transport(
            f"{url.scheme}://{url.netloc}", self.route(request.url), self._timeout.sock_read
        )
        return await transport.exchange(
            request.method,
            f"{url.path or '/'}?{url.query}".removesuffix("?"),
            "".join(f"{name}: {value}\r\n" for name, value in headers.items()),
            content,
            is_trusted=lambda _: False,
        )


def exchange_error(error: Exception, url: str) -> HTTPClientError:
    """Returns the exception of the SDK's own session for one of the transport."""
    kind = next(kind for raised, kind in _SDK_ERRORS if isinstance(error, raised))
    return kind(error=error, endpoint_url=url, proxy_url="the proxy", request=None)


def _text(value: bytes | str) -> str:
    text = value.decode() if isinstance(value, bytes) else value
    if "\r" in text or "\n" in text:
        raise ValueError("a header contains a line break")
    return text
