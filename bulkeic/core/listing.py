"""Listing: jobs that read one page each, and what the pages say of a function."""

from typing import Any

import msgspec

from bulkeic.core.model import Call, Job, Lane, Operation

LISTS = frozenset({Operation.LIST_FUNCTIONS, Operation.LIST_ALIASES, Operation.LIST_CONFIGS})
"""The operations that list."""

ATTEMPTS_IF_DENIED = 3
"""How often a page is read that is denied.

It goes to the end of its lane's pages: a lane whose first page is denied once must not wait until
all others are read.
"""


class ListingJob(Job, frozen=True, gc=False, kw_only=True):
    """Reads one page of a listing.

    The function of its target is empty if it lists the functions of the lane.

    Attributes:
        call: that reads the page.
    """

    call: Call


class FoundFunction(msgspec.Struct, frozen=True, kw_only=True):
    """A function, as the pages of a lane describe it.

    Attributes:
        lane: account and Region.
        name: the bare name.
        facts: its entry of ListFunctions (``$LATEST``), API names, without environment variables;
            empty: the function is known by its name only.
        versions: the entries of its published versions, by version.
        aliases: its entries of ListAliases, by name.
        configs: its configurations, API names, by qualifier; ``None``: they were not read.
        tags: of the function; ``None``: they were not read.
    """

    lane: Lane
    name: str
    facts: dict[str, Any] = {}
    versions: dict[str, dict[str, Any]] = {}
    aliases: dict[str, dict[str, Any]] = {}
    configs: dict[str, dict[str, Any]] | None = None
    tags: dict[str, str] | None = None
