"""What is stored of pages of listings, and what remains to be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bulkeic.core.model import Lane, Operation


class StoredListing(msgspec.Struct, frozen=True, gc=False):
    """A listing of which a page must be read.

    Attributes:
        function: whose aliases or configurations are listed; empty: the functions of the lane are.
        marker: asks for the page; empty: the first one.
    """

    lane: Lane
    operation: Operation
    function: str = ""
    marker: str = ""


class StoredEntry(msgspec.Struct, frozen=True, gc=False):
    """What a page says of a qualifier of a function.

    Attributes:
        content: the entry, API names.
    """

    function: str
    qualifier: str
    content: Mapping[str, Any]


class ReadPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page that was read.

    Attributes:
        listing: which page.
        functions: name → entry of ListFunctions, API names; ``None``: the function cannot match.
        entries: of versions, aliases or configurations.
        following: the listings that the functions of the page need.
        next_marker: asks for the next page; ``None``: this was the last one.
    """

    listing: StoredListing
    functions: Mapping[str, Mapping[str, Any] | None] = {}
    entries: Sequence[StoredEntry] = ()
    following: Sequence[StoredListing] = ()
    next_marker: str | None = None


class FailedPage(msgspec.Struct, frozen=True):
    """A page that could not be read.

    Attributes:
        is_gone: whether the function of the listing does not exist any longer.
    """

    listing: StoredListing
    code: str
    message: str
    is_gone: bool = False


class PlaceFailure(msgspec.Struct, frozen=True):
    """Why an account, or one of its Regions, was not read completely.

    Attributes:
        region: empty: the whole account.
        calls: how many calls failed with this code.
    """

    account_id: str
    region: str
    code: str
    message: str
    calls: int = 1


class StoredAccount(msgspec.Struct, frozen=True):
    """An account in which functions are looked for.

    Attributes:
        role_arn: the role that reads it; ``None``: none.
        code: why its Regions are not known; ``None``: they are.
        message: more about it.
    """

    account_id: str
    role_arn: str | None = None
    code: str | None = None
    message: str | None = None
