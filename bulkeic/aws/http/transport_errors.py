"""What a transport raises instead of an answer, besides ``OSError`` and ``TimeoutError``."""

import ssl


class ConnectError(OSError):
    """No connection was made: nothing was sent."""


class TlsError(ConnectError):
    """The TLS handshake failed."""


class UntrustedCertificateError(TlsError):
    """The server's certificate is not trusted, or is another host's."""


class ProxyError(ConnectError):
    """The proxy cannot be reached, or refused to connect."""


class ConnectTimeout(TimeoutError):  # noqa: N818 - ConnectTimeoutError is the SDK's
    """No connection was made in time: nothing was sent."""


class NoAnswerError(Exception):
    """The connection ended before a whole answer came."""


class InvalidAnswerError(Exception):
    """An answer is not valid HTTP; the message never quotes it."""


def connect_error(host: str, port: int | None, error: Exception) -> ConnectError:
    """Returns why no connection was made.

    Args:
        host: to which it was to be made.
        port: of the host.
        error: of DNS, the socket or TLS.
    """
    kind = ConnectError
    if isinstance(error, ssl.SSLError):
        is_untrusted = isinstance(error, ssl.SSLCertVerificationError)
        kind = UntrustedCertificateError if is_untrusted else TlsError
    return kind(f"Cannot connect to {host}:{port}: {reason_of(error)}")


def reason_of(error: Exception) -> str:
    """Returns what an exception of DNS, a socket, TLS or a file says."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{type(error).__name__}: {reason}" if isinstance(error, ssl.SSLError) else str(reason)
