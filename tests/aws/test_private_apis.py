"""The undocumented APIs of dependencies that ``bulkeic.aws`` uses still have the expected shape.

``pyproject.toml`` bounds the versions of these dependencies from above. Before you raise a bound,
run this file with the new version. Each test names the API, where it is used, and why.
"""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.credentials import (
    AioCredentials,
    AioProcessProvider,
    AioRefreshableCredentials,
)
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.exceptions import SSLError
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser
from botocore.utils import is_valid_endpoint_url
from yarl import URL

from bulkeic.core.model import Operation

from .recording_server import CannedResponse, RecordingServer

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "example"}


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    return found


# aiohttp: transport.py writes its own bytes to aiohttp's pooled connections, because the request
# and response objects of aiohttp cost more than the rest of a call.


def test_aiohttp_connector_connect_takes_a_request_traces_and_a_timeout() -> None:
    assert list(parameters(aiohttp.BaseConnector.connect)) == ["req", "traces", "timeout"]
    assert inspect.iscoroutinefunction(aiohttp.BaseConnector.connect)


async def test_aiohttp_client_request_identifies_a_connection_without_being_sent() -> None:
    loop = parameters(aiohttp.ClientRequest)["loop"]
    assert loop.kind is inspect.Parameter.KEYWORD_ONLY
    request = aiohttp.ClientRequest("POST", URL("https://example.org:8443", encoded=True))
    key = request.connection_key
    assert (key.host, key.port, key.is_ssl) == ("example.org", 8443, True)


def test_aiohttp_connection_has_a_protocol_and_a_transport_and_can_be_returned() -> None:
    for name in ("protocol", "transport"):
        assert isinstance(inspect.getattr_static(Connection, name), property)
    assert parameters(Connection.close) == parameters(Connection.release) == {}


def test_aiohttp_response_handler_can_read_until_eof_without_decompressing() -> None:
    expected = {"read_until_eof", "auto_decompress"}
    assert expected <= set(parameters(ResponseHandler.set_response_params))


async def test_aiohttp_response_handler_reads_a_message_and_its_payload() -> None:
    async with RecordingServer() as server, aiohttp.ClientSession() as session:
        server.response = CannedResponse(201, b"body", (("X-Name", "value"),))
        assert session.connector is not None
        request = aiohttp.ClientRequest("POST", URL(server.url, encoded=True))
        connection = await session.connector.connect(request, [], aiohttp.ClientTimeout(total=5))
        assert isinstance(connection, Connection)
        assert isinstance(connection.protocol, ResponseHandler)
        assert connection.transport is not None
        connection.protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        connection.transport.write(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n")
        message, payload = await connection.protocol.read()
        assert (message.code, message.headers["x-name"]) == (201, "value")
        assert await payload.read() == b"body"
        connection.release()


async def test_aiohttp_response_handler_keeps_surplus_bytes_without_a_parser() -> None:
    handler = ResponseHandler(asyncio.get_running_loop())
    handler.set_response_params(read_until_eof=True, auto_decompress=False)
    parser = handler._parser  # noqa: SLF001
    assert parser is not None
    assert parser.feed_eof() is None
    handler.data_received(b"HTTP/1.1 20")
    assert parser.feed_eof() is not None
    handler._parser = None  # noqa: SLF001
    assert not handler.should_close
    handler.data_received(b"HTTP/1.1 200")
    assert handler.should_close


def test_aiohttp_raises_http_processing_error_on_malformed_http() -> None:
    """failures.py translates it; aiohttp does not document it."""
    assert issubclass(HttpProcessingError, Exception)
    assert not issubclass(HttpProcessingError, aiohttp.ClientError)


# aiobotocore: connection_pool.py shares the HTTP sessions of clients and catches signed requests.


async def test_aiobotocore_http_session_opens_an_aiohttp_session_for_a_proxy() -> None:
    assert list(parameters(AIOHTTPSession._get_session)) == ["proxy_url"]  # noqa: SLF001
    async with AIOHTTPSession() as http:
        assert isinstance(await http._get_session(None), aiohttp.ClientSession)  # noqa: SLF001


def test_aiobotocore_http_session_knows_the_proxy_of_a_url() -> None:
    http = AIOHTTPSession(proxies={"https": "http://proxy.example:3128"})
    proxies = http._proxy_config  # noqa: SLF001
    assert proxies.proxy_url_for("https://example.org/") == "http://proxy.example:3128"
    assert proxies.proxy_url_for("http://example.org/") is None
    assert dict(proxies.proxy_headers_for("https://example.org/")) == {}


async def test_aiobotocore_sends_a_signed_request_with_the_configured_session_class() -> None:
    class UnsentError(Exception):
        pass

    class Session(AIOHTTPSession):  # type: ignore[misc]  # the SDK has no types
        async def send(self, request: AWSPreparedRequest) -> Any:
            assert isinstance(request, AWSPreparedRequest)
            assert "Authorization" in request.headers
            raise UnsentError

    config = AioConfig(http_session_cls=Session, retries={"total_max_attempts": 1})
    session = AioSession()
    async with session.create_client(
        "lambda", region_name="us-east-1", config=config, **KEYS
    ) as client:
        with pytest.raises(UnsentError):
            await client.get_function(FunctionName="name")


async def test_aiobotocore_credentials_freeze_to_a_tuple_of_strings() -> None:
    assert inspect.iscoroutinefunction(AioRefreshableCredentials.get_frozen_credentials)
    frozen = await AioCredentials("access", "secret", "token").get_frozen_credentials()
    expected = ("access", "secret", "token")
    assert (frozen.access_key, frozen.secret_key, frozen.token) == expected == tuple(frozen)[:3]


def test_aiobotocore_runs_a_process_that_can_be_replaced_in_each_profile() -> None:
    """credential_source.py discards the stderr of a process, also of one of a source profile."""
    assert AioProcessProvider.METHOD == "custom-process"
    assert parameters(AioProcessProvider.__init__)["popen"].default is not None
    chain = AioSession().get_component("credential_provider")
    builder = chain.get_provider("assume-role")._profile_provider_builder  # noqa: SLF001
    assert list(parameters(builder._create_process_provider)) == ["profile_name"]  # noqa: SLF001
    names = [provider.METHOD for provider in chain.providers]
    assert names.index("config-file") == names.index("custom-process") + 1


def test_botocore_signs_with_the_time_that_is_set_before_signing() -> None:
    """clock_corrected_signing.py sets the time."""

    class Auth(SigV4Auth):  # type: ignore[misc]  # the SDK has no types
        def _modify_request_before_signing(self, request: AWSRequest) -> None:
            request.context["timestamp"] = "20300102T030405Z"
            super()._modify_request_before_signing(request)

    request = AWSRequest("POST", "https://sts.us-east-1.amazonaws.com/", data=b"")
    request.context["payload_signing_enabled"] = True
    Auth(Credentials("AKIDEXAMPLE", "example"), "sts", "us-east-1").add_auth(request)
    assert request.headers["X-Amz-Date"] == "20300102T030405Z"
    assert "/20300102/us-east-1/sts/" in request.headers["Authorization"]


# botocore: request_template.py, sdk_responses.py, failures.py and access.py.


def test_botocore_session_variables_can_be_overridden_by_name() -> None:
    """access.py hides the user's config files, profile and CA bundle in a sandbox."""
    variable = (None, None, "/nonexistent", None)
    for name in ("profile", "config_file", "credentials_file", "ca_bundle"):
        assert len(BOTOCORE_DEFAUT_SESSION_VARIABLES[name]) == len(variable)
    session = AioSession(session_vars={"config_file": variable})
    assert session.get_config_variable("config_file") == "/nonexistent"
    assert session.get_scoped_config() == {}


def test_botocores_prepared_request_has_the_attributes_that_a_template_needs() -> None:
    headers = {"Content-Type": "application/json"}
    request = AWSRequest("PUT", "https://example.org/path", headers, b"{}").prepare()
    assert (request.method, request.url, request.body) == ("PUT", "https://example.org/path", b"{}")
    assert request.headers["Content-Type"] == "application/json"


async def test_botocore_client_has_the_model_of_each_operation() -> None:
    async with AioSession().create_client("lambda", region_name="us-east-1", **KEYS) as client:
        for operation in Operation:
            assert callable(getattr(client, xform_name(operation)))
            shape = client.meta.service_model.operation_model(operation).output_shape
            assert shape is None or isinstance(shape, Shape)


def test_botocore_parser_reads_a_response_given_as_a_dictionary() -> None:
    """sdk_responses.py leaves every unexpected response to it."""
    response = {
        "status_code": 404,
        "headers": {"x-amzn-requestid": "id", "x-amzn-errortype": "ResourceNotFoundException"},
        "body": b'{"Message": "no such function"}',
        "context": {},
    }
    parsed = create_parser("rest-json").parse(response, None)
    assert parsed["Error"] == {"Code": "ResourceNotFoundException", "Message": "no such function"}
    metadata = parsed["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RequestId"]) == (404, "id")


def test_botocore_parser_error_quotes_the_body_after_its_first_line() -> None:
    """failures.py cuts the body off, since AssumeRole's body contains credentials."""
    response = {"status_code": 200, "headers": {}, "body": b"secret", "context": {}}
    with pytest.raises(ResponseParserError) as raised:
        create_parser("query").parse(response, None)
    first_line, _, rest = str(raised.value).partition("\n")
    assert "secret" not in first_line
    assert first_line.endswith(" Further retries may succeed:")
    assert "secret" in rest


def test_botocore_ssl_error_keeps_its_cause() -> None:
    """failures.py asks it whether the server's certificate is not trusted."""
    cause = OSError("cause")
    assert SSLError(endpoint_url="https://example.org", error=cause).kwargs["error"] is cause


def test_botocore_checks_an_endpoint_url() -> None:
    assert is_valid_endpoint_url("https://lambda.us-east-1.amazonaws.com")
    assert not is_valid_endpoint_url("https://-/")
