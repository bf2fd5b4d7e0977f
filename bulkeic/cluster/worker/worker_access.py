"""A worker's own access to AWS: no credential comes from the command."""

from bulkeic.aws.identity.access import Access
from bulkeic.cluster.messages import Begin


def worker_access(begin: Begin) -> Access:
    """The access that a command's first message asks for.

    Raises:
        UsageError: the profile does not exist, or the endpoint is invalid.
    """
    if begin.sandbox:
        from bulkeic.sandbox.server.embedded_sandbox import Sandbox  # noqa: PLC0415 - hardly any run needs it

        return Access(
            endpoint_url=begin.endpoint_url, credentials=Sandbox().credentials, isolated=True
        )
    return Access(profile=begin.profile, region=begin.region, endpoint_url=begin.endpoint_url)
