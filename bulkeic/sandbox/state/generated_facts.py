"""Facts of generated functions, the same each time.

The function `fn-N` of the K-th lane (accounts first, then Regions, from 0) is variant N + 7 * K:

    runtime      the variant modulo 5 in RUNTIMES
    team         the variant modulo 4 in TEAMS, as the tag `team`
    manager      the variant modulo 6 in MANAGER_TAGS
    modified     90 days after 2024-01-15 for each unit of the variant modulo 8
    versions     modulo 10: 3 and 6 have two and the alias `live` -> 1; 9 has twelve and the aliases
                 `live` -> 12, `canary` -> 11 and `newest` -> $LATEST
    configured   the alias `live` but for 6 of 10, and the first version of 9 of 10

Variants repeat after VARIANTS, so that functions share their facts.
"""

from bulkeic.sandbox.state.fleet import DescribedFunction, StoredConfig, Versions
from bulkeic.sandbox.state.function_arns import LATEST
from bulkeic.sandbox.state.function_facts import FunctionFacts

VARIANTS = 120
LANE_STEP = 7
RUNTIMES = ("python3.13", "python3.12", "nodejs22.x", "java21", None)
TEAMS = ("payments", "orders", "search", None)
_STACK = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Function"}
MANAGER_TAGS: tuple[dict[str, str], ...] = (
    {},
    {},
    _STACK,
    {"terraform": "true"},
    {"lambda:createdBy": "SAM", **_STACK},
    {"STAGE": "production", **_STACK},
)
"""Tags that managers of functions set: none, none, CloudFormation, Terraform, SAM, Serverless."""

_FIRST_MS = 1_705_276_800_000
_STEP_MS = 90 * 86_400_000
_ALIASES: dict[int, tuple[int, dict[str, str]]] = {
    3: (2, {"live": "1"}),
    6: (2, {"live": "1"}),
    9: (12, {"live": "12", "canary": "11", "newest": LATEST}),
}
_MANY_VERSIONS, _LIVE_UNCONFIGURED = 9, 6


def generated_function(
    variant: int, config: StoredConfig | None, default: StoredConfig
) -> DescribedFunction:
    """Return a variant of a function.

    Args:
        variant: its number.
        config: the configuration of $LATEST, or None.
        default: the configuration of other versions and aliases that have one.
    """
    team = TEAMS[variant % len(TEAMS)]
    versions_count, aliases = _ALIASES.get(variant % 10, (0, {}))
    facts = FunctionFacts(
        RUNTIMES[variant % len(RUNTIMES)],
        _FIRST_MS + variant % 8 * _STEP_MS,
        128 * (1 + variant % 3),
        ({} if team is None else {"team": team}) | MANAGER_TAGS[variant % len(MANAGER_TAGS)],
        aliases,
    )
    versions: Versions = {LATEST: config}
    versions |= {str(number): None for number in range(1, versions_count + 1)}
    versions |= dict.fromkeys(aliases)
    if "live" in aliases and variant % 10 != _LIVE_UNCONFIGURED:
        versions["live"] = default
    if variant % 10 == _MANY_VERSIONS:
        versions["1"] = default
    return DescribedFunction(versions, facts)
