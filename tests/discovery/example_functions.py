"""Functions as a discovery finds them, and strategies that draw them."""

from typing import Any

from hypothesis import strategies as st

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import LATEST, Lane

LANE = Lane("123456789012", "us-east-1")
LANES = [LANE, Lane("000000000042", "eu-west-1"), Lane("210987654321", "cn-north-1")]
TIMES = ["2025-12-31T23:59:59.000+0000", "2026-01-01T00:00:00.000+0000", "2026-06-01T10:00:00Z"]
RUNTIMES = ["python3.12", "python3.9", "nodejs22.x", "provided.al2023", None]
SETTINGS: dict[str, Any] = {
    "MaximumRetryAttempts": 0,
    "MaximumEventAgeInSeconds": 3600,
    "DestinationConfig": {
        "OnSuccess": {},
        "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"},
    },
}

names = st.from_regex(r"[a-zA-Z0-9\-_]{1,64}", fullmatch=True)
alias_names = st.from_regex(r"(?=.*[^0-9])[a-zA-Z0-9\-_]{1,20}", fullmatch=True)
versions = st.integers(1, 999).map(str)
tag_sets = st.dictionaries(
    st.sampled_from(["team", "stage", "ManagedBy", "aws:cloudformation:stack-name", "STAGE"]),
    st.sampled_from(["", "a", "b", "terraform"]),
)
facts = st.builds(
    lambda runtime, modified: {
        "LastModified": modified, **({} if runtime is None else {"Runtime": runtime})
    },
    st.sampled_from(RUNTIMES),
    st.sampled_from(TIMES),
)  # fmt: skip


@st.composite
def functions(draw: st.DrawFn) -> FoundFunction:
    """A function about which everything is known."""
    found_versions = draw(st.dictionaries(versions, facts, max_size=4))
    aliases = draw(st.lists(alias_names, max_size=3, unique=True))
    qualifiers = [LATEST, *found_versions, *aliases]
    configured = draw(st.lists(st.sampled_from(qualifiers), unique=True))
    return FoundFunction(
        lane=draw(st.sampled_from(LANES)),
        name=draw(names),
        facts=draw(facts),
        versions=found_versions,
        aliases={alias: {"Name": alias} for alias in aliases},
        configs=dict.fromkeys(configured, SETTINGS),
        tags=draw(tag_sets),
    )
