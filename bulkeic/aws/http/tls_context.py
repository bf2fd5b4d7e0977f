"""The TLS context of connections that are made without the SDK; it verifies as the SDK's own."""

import importlib.util
import os
import ssl


def make_tls_context(ca_bundle: str | None = None) -> ssl.SSLContext:
    """Makes a context that verifies certificates and host names, and needs TLS 1.2.

    Args:
        ca_bundle: file of the CA certificates to trust; ``None``: the one that the SDK would use.

    Raises:
        OSError: the file cannot be read, or contains no certificates.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.post_handshake_auth = True
    context.load_verify_locations(ca_bundle or default_ca_bundle())
    return context


def default_ca_bundle() -> str:
    """Returns the file of CA certificates that the SDK uses by default: certifi's or its own."""
    try:
        from certifi import where  # noqa: PLC0415 - only TLS needs it, and it may be missing
    except ImportError:
        # botocore is not imported, because that takes longer than everything else.
        botocore = importlib.util.find_spec("botocore")
        assert botocore is not None  # noqa: S101 - bulkeic depends on it
        assert botocore.origin is not None  # noqa: S101 - it is a folder of files
        return os.path.join(os.path.dirname(botocore.origin), "cacert.pem")  # noqa: PTH118, PTH120 - as the SDK
    path: str = where()
    return path
