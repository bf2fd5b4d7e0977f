"""The options of ``discover``; a field's annotation declares its flag."""

from functools import partial
from typing import Annotated, Literal

import msgspec

from bulkeic.app.options.access_options import FILE, REGION, AccessOptions, LogOptions, verbose_flag
from bulkeic.app.options.pace_options import PaceOptions
from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.core.code.ownership import Manager
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import Duration, Integer, OneOf, ParsedText, ValueType
from bulkeic.core.targets.names import check_account
from bulkeic.core.targets.selection import parse_pattern
from bulkeic.core.texts.redaction import parse_endpoint
from bulkeic.discovery.model.criteria import Criteria, Qualifiers, parse_qualifiers
from bulkeic.discovery.model.modified_since import ModifiedSince, parse_modified_since
from bulkeic.discovery.model.organization_units import parse_unit
from bulkeic.discovery.model.regions import parse_regions
from bulkeic.discovery.model.runtimes import parse_runtime
from bulkeic.discovery.model.tag_filters import TagFilter, allowed_values, parse_tag

_DEFAULT_PACE = PaceOptions()
_DISCOVERY_FILE = ValueType("FILE", known=KnownValues.DISCOVERY_FILES)
Source = Literal["lambda", "resource-explorer", "config"]


class DiscoverAccessOptions(AccessOptions, frozen=True, kw_only=True):
    """As ``AccessOptions``; ``--region`` and ``--accounts`` say where to look."""

    region: Annotated[str | None, Flag(
        "--region", "Region that is asked for accounts and enabled Regions.",
        OptionGroup.ACCESS, REGION, "from the AWS environment"
    )] = None  # fmt: skip
    endpoint_url: Annotated[str | None, Flag(
        "--endpoint-url", "Call this URL for every service instead of AWS's endpoints.",
        OptionGroup.ACCESS, ParsedText("URL", parse_endpoint), configurable=Configurable.BY_USER
    )] = None  # fmt: skip
    accounts: Annotated[str | None, Flag(
        "--accounts", "CSV or JSON file of the accounts to look in, with their roles, external "
        "ids, profiles and Regions.", OptionGroup.ACCESS, FILE)] = None  # fmt: skip


class DiscoverPaceOptions(PaceOptions, frozen=True, kw_only=True):
    """As ``PaceOptions``; what is retried is a page of a listing."""

    max_attempts: Annotated[int, Flag(
        "--max-attempts", "Maximum number of attempts for each page of a listing, without "
        "throttles.", OptionGroup.PACE, Integer(1, 1000))] = _DEFAULT_PACE.max_attempts  # fmt: skip
    throttle_budget_s: Annotated[float, Flag(
        "--throttle-budget", "How long to retry a page that is throttled.", OptionGroup.PACE,
        Duration(0))] = _DEFAULT_PACE.throttle_budget_s  # fmt: skip
    max_denied: Annotated[int, Flag(
        "--max-denied", "Stop a lane after access to this many pages in a row was denied. 0 means "
        "never.", OptionGroup.PACE, Integer(0))] = _DEFAULT_PACE.max_denied  # fmt: skip


class PlaceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look: which accounts and Regions."""

    organization: Annotated[bool, Flag(
        "--organization", "Look in every active account of the organization. Requires --role-arn "
        "or --accounts.", OptionGroup.PLACES, repeat=Repeat.STORED)] = False  # fmt: skip
    units: Annotated[tuple[str, ...], Flag(
        "--ou", "Look in the active accounts of this organizational unit and of the units below "
        "it. Can be repeated.", OptionGroup.PLACES, ParsedText("ID", parse_unit),
        "none", is_multiple=True, repeat=Repeat.STORED)] = ()  # fmt: skip
    excluded_accounts: Annotated[tuple[str, ...], Flag(
        "--exclude-account", "Leave out this account. Can be repeated.", OptionGroup.PLACES,
        ParsedText("ID", check_account), "none", is_multiple=True, repeat=Repeat.STORED
    )] = ()  # fmt: skip
    regions: Annotated[tuple[str, ...], Flag(
        "--regions", "Look in these Regions, for example 'us-east-1,eu-*'; '!eu-west-1' excludes. "
        "Can be repeated.", OptionGroup.PLACES,
        ParsedText(
            "GLOB[,GLOB…]", parse_regions, ",".join, adds_up=True, known=KnownValues.REGIONS),
        "all that are enabled for the account", repeat=Repeat.STORED)] = ()  # fmt: skip


class CriteriaOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for."""

    qualifiers: Annotated[tuple[Qualifiers, ...], Flag(
        "--qualifiers", "Which qualifiers of a function become targets, for example "
        "latest,aliases: latest ($LATEST), aliases, versions (all that are published), or "
        "configured (those with an event-invoke configuration). Can be repeated.",
        OptionGroup.TARGETS,
        ParsedText("KIND[,KIND…]", parse_qualifiers, ",".join, adds_up=True),
        Qualifiers.LATEST.value, repeat=Repeat.STORED)] = (Qualifiers.LATEST,)  # fmt: skip
    names: Annotated[tuple[str, ...], Flag(
        "--name", "Only functions whose name matches, for example 'orders-*'; '!orders-*' "
        "excludes. Can be repeated.", OptionGroup.TARGETS,
        ParsedText("GLOB", partial(parse_pattern, kind="name")), "all", is_multiple=True,
        repeat=Repeat.STORED)] = ()  # fmt: skip
    tags: Annotated[tuple[TagFilter, ...], Flag(
        "--tag", "Only functions with this tag, for example team=payments, or team for any value. "
        "Can be repeated: any value of the same key matches, and each key must match.",
        OptionGroup.TARGETS, ParsedText("KEY[=VALUE]", parse_tag), "all", is_multiple=True,
        repeat=Repeat.STORED)] = ()  # fmt: skip
    runtimes: Annotated[tuple[str, ...], Flag(
        "--runtime", "Only functions whose runtime matches, for example 'python3.*'; "
        "'!nodejs*' excludes. Can be repeated.", OptionGroup.TARGETS,
        ParsedText("GLOB", parse_runtime), "all", is_multiple=True,
        repeat=Repeat.STORED)] = ()  # fmt: skip
    modified_since: Annotated[ModifiedSince | None, Flag(
        "--modified-since", "Only functions modified at or after this date or time, or within this "
        "time: 2026-01-31, 2026-01-31T12:00:00Z, 12h, 30d.", OptionGroup.TARGETS,
        ParsedText("TIME", parse_modified_since), repeat=Repeat.STORED)] = None  # fmt: skip
    managed_by: Annotated[tuple[Manager, ...], Flag(
        "--managed-by", "Only functions whose tags say that this tool manages them; none: that no "
        "tool does. Can be repeated.", OptionGroup.TARGETS,
        OneOf([each.value for each in Manager], Manager), "all", is_multiple=True,
        repeat=Repeat.STORED)] = ()  # fmt: skip
    where: Annotated[str | None, Flag(
        "--where", "Only targets that match this JMESPath expression on the fields of "
        "ListFunctions, Qualifier, Tags and EventInvokeConfig.", OptionGroup.TARGETS,
        ValueType("EXPRESSION"), repeat=Repeat.STORED)] = None  # fmt: skip
    with_config: Annotated[bool, Flag(
        "--with-config", "Add the current settings as columns, which plan and apply ignore. Takes "
        "one more call for each function.", OptionGroup.OUTPUT, repeat=Repeat.STORED
    )] = False  # fmt: skip


class DiscoverOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``discover``."""

    access: DiscoverAccessOptions = DiscoverAccessOptions()
    places: PlaceOptions = PlaceOptions()
    wanted: CriteriaOptions = CriteriaOptions()
    source: Annotated[Source, Flag(
        "--source", "Service that lists the functions: Lambda, Resource Explorer, or an AWS Config "
        "aggregator. The last two take none of the calls of a lane, and can be minutes behind.",
        OptionGroup.PLACES,
        repeat=Repeat.STORED)] = "lambda"  # fmt: skip
    view: Annotated[str | None, Flag(
        "--view", "View of Resource Explorer to search.", OptionGroup.PLACES, ValueType("ARN"),
        "the Region's default view", repeat=Repeat.STORED)] = None  # fmt: skip
    aggregator: Annotated[str | None, Flag(
        "--aggregator", "AWS Config aggregator to query.", OptionGroup.PLACES, ValueType("NAME"),
        "the only one in the Region", repeat=Repeat.STORED)] = None  # fmt: skip
    pace: DiscoverPaceOptions = DiscoverPaceOptions()
    scheduler: SchedulerOptions = SchedulerOptions()
    out: Annotated[str | None, Flag(
        "--out", "Write the targets to this file, which must not exist: CSV, JSON or JSON Lines by "
        "its ending.", OptionGroup.OUTPUT, FILE, "CSV on stdout", repeat=Repeat.RESUME
    )] = None  # fmt: skip
    run: Annotated[str | None, Flag(
        "--run", "Discovery file to create or to resume. It is kept; without --run, the file is "
        "deleted once everything was read.", OptionGroup.OUTPUT, _DISCOVERY_FILE,
        "bulkeic-runs/<UTC time>.discovery", repeat=Repeat.NEVER)] = None  # fmt: skip
    output: Annotated[Literal["text", "json"], Flag(
        "--output", "Print the summary as text on stderr, or as JSON on stdout, which requires "
        "--out.", OptionGroup.OUTPUT, repeat=Repeat.RESUME)] = "text"  # fmt: skip
    log: LogOptions = LogOptions()
    progress: Annotated[bool, Flag(
        "--no-progress", "Do not show a progress bar. There is none where stderr is not a "
        "terminal.", OptionGroup.OUTPUT)] = True  # fmt: skip
    verbose: Annotated[bool, verbose_flag(
        "Print every lane that has functions, and every place that could not be read."
    )] = False  # fmt: skip

    def criteria(self, now: float) -> Criteria:
        """What to look for.

        Args:
            now: Unix time at which the discovery starts, seconds.

        Raises:
            UsageError: ``--where`` is invalid, or there are too many tags.
        """
        wanted = self.wanted
        since = wanted.modified_since
        return Criteria(
            qualifiers=wanted.qualifiers,
            names=wanted.names,
            tags=allowed_values(wanted.tags),
            runtimes=wanted.runtimes,
            modified_since=None if since is None else since.at(now),
            managed_by=wanted.managed_by,
            where=wanted.where,
            where_names=_where_names(wanted.where),
            with_config=wanted.with_config,
        )


def _where_names(expression: str | None) -> tuple[str, ...]:
    if expression is None:
        return ()
    from bulkeic.app.where.where_expression import parse_target_where  # noqa: PLC0415 - as few use it

    return tuple(sorted(parse_target_where(expression).names))
