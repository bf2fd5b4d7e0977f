"""The undocumented APIs of dependencies that ``bulkeic.aws`` uses still have the expected shape.

``pyproject.toml`` bounds the versions of these dependencies from above. Before you raise a bound,
run this file with the new version. Each test names the API, where it is used, and why.
"""

import asyncio
import inspect
import ssl
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
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.exceptions import SSLError
from botocore.model import Shape
from botocore.parsers import ResponseParserError, create_parser
from botocore.utils import is_valid_endpoint_url

from bulkeic.core.model import Operation

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "example"}


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(function).parameters)
    found.pop("self", None)
    return found


# aiobotocore: routing_session.py takes the settings of clients for its connections, and catches
# signed requests.


async def test_aiobotocore_http_session_makes_what_a_connection_needs() -> None:
    """The limit, a TLS context, and a connector for a proxy that keeps no connections."""
    http = AIOHTTPSession(max_pool_connections=7, connector_args={"force_close": True})
    assert http._max_pool_connections == 7  # noqa: SLF001
    context, of_proxy = http._build_ssl_contexts(None)  # noqa: SLF001
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert of_proxy is None
    async with await http._create_connector("http://127.0.0.1:1") as connector:  # noqa: SLF001
        assert isinstance(connector, aiohttp.TCPConnector)
        assert connector.force_close
    assert isinstance(http._sessions_lock, asyncio.Lock)  # noqa: SLF001


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
