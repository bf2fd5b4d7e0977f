"""A discovery file is bound to what it looks for, where, and through which endpoint."""

import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bulkeic.app.access.runtime import open_access
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.options.option_declaration import Repeat, declared_options
from bulkeic.discovery.discover_options import DiscoverOptions, PlaceOptions, Source
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.store.discovery.discovery_file import DiscoveryFile
from bulkeic.store.discovery.discovery_metadata import DiscoveryMetadata
from bulkeic.store.run_metadata import AWS


class _DiscoveryScope(msgspec.Struct, frozen=True):
    """The options that a discovery file stores, apart from the criteria."""

    places: PlaceOptions
    source: Source
    view: str | None
    aggregator: str | None


def new_discovery_metadata(options: DiscoverOptions) -> DiscoveryMetadata:
    """The metadata of a new discovery.

    Raises:
        UsageError: the criteria are invalid.
    """
    now = datetime.now(UTC)
    scope = _DiscoveryScope(options.places, options.source, options.view, options.aggregator)
    return DiscoveryMetadata(
        criteria=msgspec.json.encode(options.criteria(now.timestamp())).decode(),
        scope=msgspec.json.encode(scope).decode(),
        made_with=json.dumps(_stored_flags(options)),
        place=_place(options),
        created_at=now.isoformat(),
    )


def check_discovery_file(file: DiscoveryFile, options: DiscoverOptions) -> None:
    """Checks that options agree with a discovery file.

    Raises:
        UsageError: a flag would change what it looks for, or where.
    """
    name, made_with = quoted(str(file.path)), json.loads(file.metadata.made_with)
    for flag, typed in _stored_flags(options).items():
        if typed != made_with.get(flag):
            before = f"with {made_with[flag]}" if flag in made_with else f"without {flag}"
            raise UsageError(
                f"discovery file {name} was made {before}, and {typed} would change that; omit "
                "the flag, or start a new discovery with another --run"
            )


def check_discovery_place(file: DiscoveryFile, options: DiscoverOptions) -> None:
    """Checks that a discovery is resumed on the endpoint on which it was started.

    Raises:
        UsageError: it is another one.
    """
    made_on, here = file.metadata.place or AWS, _place(options)
    if made_on.rstrip("/").lower() != here.rstrip("/").lower():
        way_out = (
            "omit --endpoint-url, and unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_LAMBDA"
            if made_on == AWS
            else f"use it with --endpoint-url {made_on}"
        )
        raise UsageError(
            f"discovery file {quoted(str(file.path))} was made on {made_on}, but this command "
            f"calls {here}; {way_out}"
        )


def bind_account(file: DiscoveryFile, account_id: str) -> None:
    """Stores whose credentials make a discovery, or checks that they are of the same account.

    Raises:
        UsageError: they are not.
    """
    made_by = file.metadata.account_id
    if made_by is None:
        file.save_metadata(msgspec.structs.replace(file.metadata, account_id=account_id))
    elif made_by != account_id:
        raise UsageError(
            f"discovery file {quoted(str(file.path))} was made with credentials of account "
            f"{made_by}, but these belong to {account_id}; use credentials of account {made_by}"
        )


def stored_criteria(file: DiscoveryFile) -> Criteria:
    """What a discovery looks for."""
    return msgspec.json.decode(file.metadata.criteria, type=Criteria)


def with_stored_scope(options: DiscoverOptions, file: DiscoveryFile) -> DiscoverOptions:
    """Options that look where a discovery file says."""
    scope = msgspec.json.decode(file.metadata.scope, type=_DiscoveryScope)
    return msgspec.structs.replace(
        options,
        places=scope.places,
        source=scope.source,
        view=scope.view,
        aggregator=scope.aggregator,
    )


def default_discovery_path(folder: Path) -> Path:
    """Where a discovery file without a name is created."""
    return folder / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}Z.discovery"


def _stored_flags(options: DiscoverOptions) -> dict[str, str]:
    """The given flags that a discovery file stores, by name, each as it is typed."""
    return {
        option.flag.name: shlex.join(option.words(options))
        for option in declared_options(type(options))
        if option.flag.repeat is Repeat.STORED and option.words(options)
    }


def _place(options: DiscoverOptions) -> str:
    return open_access(options.access).endpoint("lambda") or AWS
