"""What a transport raises instead of an answer, besides ``OSError`` and ``TimeoutError``."""


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
