"""What a discovery file records about its discovery: the rows of ``run`` as one struct."""

from collections.abc import Mapping
from typing import Self

import msgspec


class DiscoveryMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """How a discovery was started. Each field that is set is a row of the ``run`` table.

    Attributes:
        criteria: what it looks for, JSON.
        scope: where it looks, JSON.
        made_with: the flags that the file stores, by name, as JSON.
        place: where its calls go, as in ``RunMetadata``.
        account_id: the caller's own account; ``None``: not known yet.
        created_at: ISO 8601, UTC.
        has_places: whether accounts and Regions are stored.
        has_inventory: whether the inventory of ``--source`` was read completely.
        has_leases: whether workers on other machines may read pages, unless the session has ended.
    """

    criteria: str
    scope: str
    made_with: str = "{}"
    place: str | None = None
    account_id: str | None = None
    created_at: str | None = None
    has_places: bool = False
    has_inventory: bool = False
    has_leases: bool = False

    @classmethod
    def load(cls, rows: Mapping[str, str]) -> Self:
        """The metadata of a file; unknown keys are ignored."""
        fields = {field.name: field.type for field in msgspec.structs.fields(cls)}
        known = {name: value for name, value in rows.items() if name in fields}
        return cls(
            **{name: True if fields[name] is bool else value for name, value in known.items()}  # type: ignore[arg-type]
        )

    def save(self) -> dict[str, str]:
        """The rows of the ``run`` table; a field that is not set has none."""
        values = msgspec.structs.asdict(self).items()
        return {
            name: "yes" if value is True else value
            for name, value in values
            if value not in (None, False)
        }
