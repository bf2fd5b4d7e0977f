"""The reader of each operation's responses."""

from collections.abc import Callable, Mapping
from typing import Any

from bulkeic.aws.answers.response_reader import ResponseReader
from bulkeic.aws.answers.responses import ConfigReader, DeletionReader, FunctionReader
from bulkeic.core.listing import LISTS
from bulkeic.core.model import Operation

_READERS: Mapping[Operation, type[ResponseReader]] = {
    Operation.GET: ConfigReader,
    Operation.UPDATE: ConfigReader,
    Operation.PUT: ConfigReader,
    Operation.DELETE: DeletionReader,
    Operation.GET_FUNCTION: FunctionReader,
}


def response_reader(operation: Operation, load_shape: Callable[[], Any]) -> ResponseReader:
    """Returns the reader of an operation's responses.

    Args:
        operation: one of Lambda's operations.
        load_shape: see ``ResponseReader``.
    """
    readers = _READERS
    if operation in LISTS:
        from bulkeic.aws.answers.pages import PAGE_READERS  # noqa: PLC0415 - only a discovery lists

        readers = PAGE_READERS
    return readers[operation](load_shape)
