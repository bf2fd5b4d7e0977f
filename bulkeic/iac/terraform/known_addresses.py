"""What code declares already, so that new code can refer to it."""

from collections.abc import Mapping

import msgspec


class KnownAddresses(msgspec.Struct, frozen=True):
    """What new code of a root module can refer to.

    Attributes:
        functions: addresses of functions by ARN, such as ``aws_lambda_function.orders``.
        destinations: addresses of queues, topics and other destinations by ARN.
        names: those that configurations of the root module have.
    """

    functions: Mapping[str, str] = {}
    destinations: Mapping[str, str] = {}
    names: frozenset[str] = frozenset()


NOTHING_KNOWN = KnownAddresses()
