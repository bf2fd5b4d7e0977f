"""An AWS Lambda control plane for event-invoke configurations, served over HTTP on loopback.

It stands in for AWS where a change is tried before it is dared. It imports nothing else of
bulkeic, so that what it says about bulkeic's calls is an independent witness.
"""

from bulkeic.sandbox.auth.principal import DEFAULT_ACCOUNT_ID
from bulkeic.sandbox.behavior.sandbox_options import Faults, SandboxOptions
from bulkeic.sandbox.behavior.scenario import options_from_json
from bulkeic.sandbox.server.embedded_sandbox import Sandbox

__all__ = ["DEFAULT_ACCOUNT_ID", "Faults", "Sandbox", "SandboxOptions", "options_from_json"]
