"""Account: ListRegions.

check                                                 refusal
MaxResults and AccountId meet their constraints       400 ValidationException
an AccountId is sent by the management account, and
is that of another account of its organization    403 AccessDeniedException
the sandbox issued the NextToken                      400 ValidationException
"""

import re

from bulkeic.sandbox.api.service_call import Response, ServiceCall, page_after
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind

PAGE_SIZE = 50
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_STATUSES = ("ENABLED", "ENABLING", "DISABLING", "DISABLED", "ENABLED_BY_DEFAULT")


def list_regions(call: ServiceCall) -> Response:
    """Perform ListRegions.

    Raises:
        AwsError: the call is refused.
    """
    size = call.parameter("MaxResults", int, "an Integer")
    size = PAGE_SIZE if size is None else size
    wanted = call.parameter("RegionOptStatusContains", list, "an Array")
    if not 1 <= size <= PAGE_SIZE or any(status not in _STATUSES for status in wanted or ()):
        raise AwsError(ErrorKind.INVALID_ACCOUNT_INPUT)
    regions = call.accounts.region_statuses(_account(call))
    names = [name for name, status in regions.items() if not wanted or status in wanted]
    try:
        page, token = page_after(names, call.parameter("NextToken", str, "a String"), size)
    except AwsError:
        raise AwsError(ErrorKind.INVALID_ACCOUNT_INPUT) from None
    response: Response = {
        "Regions": [{"RegionName": name, "RegionOptStatus": regions[name]} for name in page]
    }
    return response if token is None else response | {"NextToken": token}


def _account(call: ServiceCall) -> str:
    """Return the account whose Regions the call asks for."""
    own = call.principal.lane[0]
    account: str | None = call.parameter("AccountId", str, "a String")
    if account is None:
        return own
    if not _ACCOUNT.fullmatch(account):
        raise AwsError(ErrorKind.INVALID_ACCOUNT_INPUT)
    organization = call.accounts.organization
    management = organization and organization.management_account
    if account == own == management:
        reason = "The management account can only be managed using the standalone context from "
        reason += "the management account"
    elif organization is None or own != management or account not in organization.accounts:
        reason = "Your organization must first enable trusted access with AWS Account Management."
    else:
        return account
    user = call.principal.arn
    raise AwsError(ErrorKind.OTHER_ACCOUNTS_REGIONS, user=user, reason=reason)
