"""Running coroutines, and the errors that come out of them."""

import functools
import importlib.util
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from bulkeic.app.setup.options import AccessOptions
from bulkeic.core.errors import BulkeicError

if TYPE_CHECKING:
    from bulkeic.aws.access import Access

T = TypeVar("T")


@functools.cache
def open_access(options: AccessOptions) -> "Access":
    """Access to AWS as a user chose it, the same for all who ask: the SDK reads long files."""
    from bulkeic.aws.access import Access  # noqa: PLC0415 - the SDK takes longer than all else

    return Access(
        profile=options.profile,
        region=options.region,
        endpoint_url=options.endpoint_url,
    )


def run_async(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs it on asyncio, which aiobotocore needs, with uvloop where there is one."""
    uvloop = importlib.util.find_spec("uvloop") is not None
    result: T = anyio.run(function, backend_options={"use_uvloop": uvloop})
    return result


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that people are told about, of several that came together."""
    leaves = [
        first_cause(error) if isinstance(error, BaseExceptionGroup) else error
        for error in group.exceptions
    ]
    return next((leaf for leaf in leaves if isinstance(leaf, BulkeicError)), leaves[0])
