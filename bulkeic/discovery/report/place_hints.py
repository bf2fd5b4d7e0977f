"""What to do about a place that could not be read, by its error."""

from bulkeic.discovery.model.place_tally import NOT_ENABLED, UnreadPlace

_DENIED = "is not authorized to perform"
_PERMISSIONS = "docs/reference/permissions.md lists what discover needs"


def place_hint(place: UnreadPlace, *, has_others: bool) -> str:
    """What to do about a place that could not be read; empty: nothing is known.

    ======================================  ======================================
    error                                   hint
    ======================================  ======================================
    a role cannot be assumed                check the role, or exclude the account
    a service control policy denies         exclude the Region, or the account
    an action is denied                     the page of permissions
    a Region does not know the credentials  it is probably not enabled: exclude it
    a Region is not enabled                 exclude it
    ======================================  ======================================

    Args:
        place: with the code and the message of its error.
        has_others: whether the discovery also looks in other accounts, so that this one can be
            excluded.
    """
    code, message = place.code, place.message
    without_account = "; --exclude-account leaves the account out" if has_others else ""
    without_regions = ""
    if place.regions:
        regions = ",".join(f"!{region}" for region in place.regions)
        them = "it" if len(place.regions) == 1 else "them"
        without_regions = f"; --regions '{regions}' leaves {them} out"
    if code.startswith("AccessDenied") and "AssumeRole" in message:
        return f"check the role's name and its trust policy{without_account}"
    if _DENIED in message and "service control policy" in message:
        return f"the organization does not allow it{without_regions or without_account}"
    if _DENIED in message:
        return _PERMISSIONS
    if code == NOT_ENABLED:
        return without_regions.removeprefix("; ")
    if code == "UnrecognizedClientException" and place.regions:
        return f"the Region is probably not enabled for the account{without_regions}"
    return ""
