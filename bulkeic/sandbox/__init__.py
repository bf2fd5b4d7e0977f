"""An AWS Lambda control plane for event-invoke configurations, served over HTTP on loopback.

It also serves what finds functions (listings of Lambda, Organizations, tags, Regions), what stops a
rollout (alarms of CloudWatch, change calendars of Systems Manager), and STS.

It replaces AWS in rehearsals, tests and benchmarks. It imports nothing else of bulkeic, so that its
record of bulkeic's calls is independent evidence.

    protocol/        HTTP messages, AWS's error responses, which operation a request means
    state/           the functions and their configurations, the organization, alarms, calendars
    auth/            signatures, principals, temporary credentials
    behavior/        options, faults, quotas, rules of destinations and accounts
    stats/           counts of calls
    shared_state     one object that joins all of the above
    api/             the operations of AWS's services, and the admin endpoints
    server/          connections, and the way from a request to its reply

Imports point upwards in this list only.
"""

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.behavior.faults import Faults
from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.behavior.scenario import options_from_json
from bulkeic.sandbox.server.embedded_sandbox import Sandbox
from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID

__all__ = [
    "DEFAULT_ACCOUNT_ID",
    "AccountOptions",
    "Faults",
    "Sandbox",
    "SandboxOptions",
    "options_from_json",
]
