"""Checks of the options of ``discover``, before anything is called or created."""

from collections.abc import Collection
from pathlib import Path

from bulkeic.app.access.access_checks import check_access
from bulkeic.app.setup.output_files import check_not_read
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.targets.templates import is_template
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.criteria import Criteria, Qualifiers
from bulkeic.output.files.results import check_stdout
from bulkeic.output.files.targets_codec import is_targets_file, targets_encoder

_BY_NAME = frozenset({"FunctionName", "FunctionArn", "Qualifier", "Tags", "EventInvokeConfig"})
"""What is known of a function that Resource Explorer has found."""
_SHOWN_NAMES = 3


def check_discovery(options: DiscoverOptions) -> None:
    """Checks that the options are valid and go together.

    Raises:
        UsageError: one is invalid, or does not go with another one.
    """
    check_access(options.access)
    options.pace.limits()
    options.scheduler.check(options.pace.workers)
    _check_places(options)
    _check_source(options, options.criteria(now=0))
    if options.output == "json" and options.out is None:
        raise UsageError(
            "--output json and the targets both go to stdout; write the targets to a file with "
            "--out"
        )
    if options.output == "json" or options.out is None:
        check_stdout()
    targets_encoder(options.out)
    if options.run is not None:
        _check_run(options.run)
    if options.out is not None:
        check_not_read("--out", options.out, options.access.accounts, options.run)


def _check_run(run: str) -> None:
    if not run:
        raise UsageError("--run is empty; expected the name of a discovery file")
    if is_targets_file(run) and not Path(run).exists():
        raise UsageError(
            f"--run {quoted(run)} has the ending of a targets file; expected another one for the "
            "discovery file, such as .discovery, and --out for the targets"
        )


def _check_places(options: DiscoverOptions) -> None:
    places, access = options.places, options.access
    role = access.role_arn
    flag = "--organization" if places.organization else "--ou"
    in_organization = places.organization or bool(places.units)
    if in_organization and role is None and access.accounts is None:
        raise UsageError(
            f"{flag} requires access to its accounts; give --role-arn "
            "'arn:aws:iam::{account}:role/NAME', or --accounts FILE"
        )
    if in_organization and role is not None and not is_template(role):
        raise UsageError(
            f"{flag} requires a role in each account; expected {{account}} in --role-arn, for "
            "example 'arn:aws:iam::{account}:role/NAME'"
        )
    if places.organization and places.units:
        raise UsageError(
            "--organization includes every organizational unit; omit --organization or --ou"
        )
    if places.excluded_accounts and not in_organization and access.accounts is None:
        raise UsageError("--exclude-account requires --organization, --ou or --accounts")


def _check_source(options: DiscoverOptions, criteria: Criteria) -> None:
    source = options.source
    for flag, value, needed in (
        ("--view", options.view, "resource-explorer"),
        ("--aggregator", options.aggregator, "config"),
    ):
        if value is not None and source != needed:
            raise UsageError(f"{flag} requires --source {needed}")
    if source == "lambda":
        return
    if Qualifiers.VERSIONS in criteria.qualifiers:
        raise UsageError(
            f"--source {source} does not support --qualifiers versions; use --source lambda"
        )
    if source == "config":
        return
    unknown = set(criteria.where_names) - _BY_NAME
    for flag, is_given in (
        ("--runtime", bool(criteria.runtimes)),
        ("--modified-since", criteria.modified_since is not None),
        (f"--where with {_some(unknown)}", bool(unknown)),
    ):
        if is_given:
            raise UsageError(
                f"--source {source} does not support {flag}; use --source lambda or config"
            )


def _some(names: Collection[str]) -> str:
    """The first of some names, and how many more there are."""
    first, more = sorted(names)[:_SHOWN_NAMES], len(names) - _SHOWN_NAMES
    return f"{', '.join(first)} and {more} more fields" if more > 0 else ", ".join(first)
