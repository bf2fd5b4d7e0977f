"""Rows of a discovery file ↔ the types of ``core``."""

from collections.abc import Mapping
from typing import Any

import msgspec

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane, Operation
from bulkeic.store.discovery.discovered_pages import StoredAccount, StoredEntry
from bulkeic.store.integrity.digests import sealed

_encode = msgspec.json.Encoder().encode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
decode_tags = msgspec.json.Decoder(dict[str, str]).decode
"""The tags of a function, from JSON."""

Row = tuple[Any, ...]


def account_row(account: StoredAccount) -> Row:
    """The values of a row of ``account``."""
    return sealed((account.account_id, account.role_arn, account.code, account.message))


def lane_row(lane: Lane, number: int, *, has_tags: bool) -> Row:
    """The values of a row of ``lane``, of which nothing has failed."""
    return sealed((number, lane.account_id, lane.region, int(has_tags), None, None))


def function_row(lane_id: int, name: str, facts: Mapping[str, Any] | None) -> Row:
    """The values of a row of ``function``; without facts if it cannot match."""
    return sealed((lane_id, name, int(facts is not None), _encode(facts or {}).decode()))


def tags_row(lane_id: int, name: str, tags: Mapping[str, str]) -> Row:
    """The values of a row of ``tagged``."""
    return sealed((lane_id, name, _encode(tags).decode()))


def entry_row(lane_id: int, operation: Operation, entry: StoredEntry) -> Row:
    """The values of a row of ``entry``."""
    content = _encode(entry.content).decode()
    return sealed((lane_id, entry.function, operation.value, entry.qualifier, content))


def function_of(
    lane: Lane, name: str, rows: list[tuple[Any, ...]], *, has_tags: bool, has_configs: bool
) -> FoundFunction:
    """A function from its rows of ``SELECT_FUNCTIONS``.

    Args:
        lane: of the function.
        name: of the function.
        rows: one for each entry; at least one.
        has_tags: whether tags were read; a function without any has none.
        has_configs: whether configurations were read.
    """
    _, facts, tags, *_ = rows[0]
    entries: dict[str, dict[str, dict[str, Any]]] = {}
    for *_, operation, qualifier, content in rows:
        if operation is not None:
            entries.setdefault(operation, {})[qualifier] = _decode_object(content)
    return FoundFunction(
        lane=lane,
        name=name,
        facts=_decode_object(facts),
        versions=entries.get(Operation.LIST_FUNCTIONS.value, {}),
        aliases=entries.get(Operation.LIST_ALIASES.value, {}),
        configs=entries.get(Operation.LIST_CONFIGS.value, {}) if has_configs else None,
        tags=decode_tags(tags) if tags is not None else {} if has_tags else None,
    )
