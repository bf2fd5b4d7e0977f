"""What code declares already, so that new code can refer to it and does not declare it twice."""

from collections.abc import Iterable, Mapping

import msgspec

from bulkeic.core.model import Settings, Target


class DeclaredSettings(msgspec.Struct, frozen=True, gc=False):
    """A configuration that code declares.

    Attributes:
        address: in the code.
        settings: snapshot of the configuration that the code describes.
    """

    address: str
    settings: Settings


class KnownAddresses(msgspec.Struct, frozen=True):
    """What states declare.

    Attributes:
        configs: configurations by the ARN of their function, or its bare name where the ARN is not
            known, and their qualifier.
        functions: addresses of functions by ARN. An address is what code of the root module refers
            to, such as ``aws_lambda_function.orders``.
        destinations: addresses of queues, topics and other destinations by ARN.
        names: those that configurations of the root module have.
    """

    configs: Mapping[tuple[str, str], DeclaredSettings] = {}
    functions: Mapping[str, str] = {}
    destinations: Mapping[str, str] = {}
    names: frozenset[str] = frozenset()

    def config_of(self, target: Target) -> DeclaredSettings | None:
        """The configuration of a target; ``None``: no code declares it."""
        found = self.configs.get((target.arn, target.qualifier))
        return found or self.configs.get((target.function, target.qualifier))


NOTHING_KNOWN = KnownAddresses()


def merge_addresses(states: Iterable[KnownAddresses]) -> KnownAddresses:
    """What several states declare together.

    Code belongs to one root module and cannot refer to the resources of another, so addresses to
    refer to remain only if there is one state.
    """
    all_states = list(states)
    if len(all_states) == 1:
        return all_states[0]
    return KnownAddresses(
        {key: found for each in all_states for key, found in each.configs.items()}
    )
