"""Coroutines run from synchronous code, and the errors that they raise."""

import functools
import importlib.util
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from bulkeic.app.options.access_options import AccessOptions
from bulkeic.core.errors import BulkeicError

if TYPE_CHECKING:
    from bulkeic.aws.identity.access import Access

T = TypeVar("T")


@functools.cache
def open_access(options: AccessOptions) -> "Access":
    """The access to AWS for some options; cached, because the SDK reads large files.

    Raises:
        UsageError: the profile does not exist, or the endpoint is invalid.
    """
    from bulkeic.aws.identity.access import Access  # noqa: PLC0415 - the SDK takes longer than all else

    return Access(
        profile=options.profile,
        region=options.region,
        endpoint_url=options.endpoint_url,
    )


def run_async(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine function on asyncio, which aiobotocore needs; with uvloop if installed."""
    uvloop = importlib.util.find_spec("uvloop") is not None
    result: T = anyio.run(function, backend_options={"use_uvloop": uvloop})
    return result


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of a group: the first ``BulkeicError``, else the first of any kind."""
    leaves = [
        first_cause(error) if isinstance(error, BaseExceptionGroup) else error
        for error in group.exceptions
    ]
    return next((leaf for leaf in leaves if isinstance(leaf, BulkeicError)), leaves[0])
