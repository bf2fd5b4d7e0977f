"""What a page of a listing says of functions, in the form that is stored."""

from collections.abc import Callable
from typing import Any

from bulkeic.core.model import LATEST, Operation, Page
from bulkeic.store.discovery.discovered_pages import ReadPage, StoredEntry, StoredListing

_QUALIFIER = 7  # arn:aws:lambda:region:account:function:name:qualifier


def read_page(
    listing: StoredListing, page: Page, choose: Callable[[dict[str, Any]], bool]
) -> ReadPage:
    """What is stored of a page.

    Args:
        listing: which page it is.
        page: as answered.
        choose: whether a function may have a target, given its entry of ListFunctions.
    """
    match listing.operation:
        case Operation.LIST_ALIASES:
            entries = [StoredEntry(listing.function, item["Name"], item) for item in page.items]
        case Operation.LIST_CONFIGS:
            entries = [
                StoredEntry(listing.function, qualifier_of(item["FunctionArn"]), item)
                for item in page.items
            ]
        case _:
            return _functions_page(listing, page, choose)
    return ReadPage(listing=listing, entries=entries, next_marker=page.next_marker)


def _functions_page(
    listing: StoredListing, page: Page, choose: Callable[[dict[str, Any]], bool]
) -> ReadPage:
    functions: dict[str, dict[str, Any] | None] = {}
    entries = []
    for item in page.items:
        name, version = item["FunctionName"], item.get("Version", LATEST)
        if version != LATEST:
            entries.append(StoredEntry(name, version, item))
        else:
            functions[name] = item if choose(item) else None
    return ReadPage(
        listing=listing, functions=functions, entries=entries, next_marker=page.next_marker
    )


def qualifier_of(function_arn: str) -> str:
    """The qualifier of the ARN of a function; ``$LATEST`` if it has none."""
    parts = function_arn.split(":")
    return parts[_QUALIFIER] if len(parts) > _QUALIFIER else LATEST
