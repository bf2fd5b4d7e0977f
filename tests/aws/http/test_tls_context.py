"""The TLS context without the SDK verifies as the SDK's own."""

import ssl
import sys
from pathlib import Path

import pytest
from aiobotocore.httpsession import AIOHTTPSession
from botocore.httpsession import DEFAULT_CA_BUNDLE, get_cert_path

from bulkeic.aws.http.tls_context import default_ca_bundle, make_tls_context
from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.model import Failure, Fault
from tests.aws.both_clients import LANE, make_job, make_update
from tests.aws.scripted_server import Connection, ScriptedServer
from tests.certificate import write_certificate


def described(context: ssl.SSLContext) -> dict[str, object]:
    names = (
        "check_hostname", "hostname_checks_common_name", "maximum_version", "minimum_version",
        "options", "post_handshake_auth", "protocol", "verify_flags", "verify_mode",
    )  # fmt: skip
    known = {name: getattr(context, name) for name in names}
    return known | {
        "ciphers": [cipher["name"] for cipher in context.get_ciphers()],
        "certificates": context.cert_store_stats(),
    }


def test_it_has_the_settings_of_the_sdk() -> None:
    by_sdk = described(AIOHTTPSession(verify=True)._build_verify_context())  # noqa: SLF001 - compared
    ours = described(make_tls_context())

    assert ours["minimum_version"] == ssl.TLSVersion.TLSv1_2
    assert by_sdk.pop("minimum_version") in {
        ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MINIMUM_SUPPORTED
    }  # fmt: skip
    del ours["minimum_version"]
    assert ours == by_sdk
    assert ours["check_hostname"]
    assert ours["verify_mode"] is ssl.CERT_REQUIRED


def test_it_trusts_the_certificates_that_the_sdk_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_ca_bundle() == get_cert_path(verify=True)

    monkeypatch.setitem(sys.modules, "certifi", None)  # it cannot be imported
    assert default_ca_bundle() == DEFAULT_CA_BUNDLE


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_only_a_trusted_server_is_called(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_trusted: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    if is_trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate)
    async with ScriptedServer(Connection.serve).listen(served) as server:
        access = Access(endpoint_url=server.url, credentials=lambda _: ("key", "secret"))
        assert access.known_requests(LANE.region) is not None
        async with LambdaCaller(access, timeout_s=5, concurrency=1) as caller:
            job = make_job("f")
            answer = await caller.call(job, make_update(job))

    assert isinstance(answer, Failure)
    assert answer.http_status == (200 if is_trusted else None)
    assert (answer.fault is Fault.UNTRUSTED) is not is_trusted
