"""The reader of each operation's responses."""

from collections.abc import Callable
from typing import Any

from bulkeic.aws.answers.pages import AliasPageReader, ConfigPageReader, FunctionPageReader
from bulkeic.aws.answers.response_reader import ResponseReader
from bulkeic.aws.answers.responses import ConfigReader, DeletionReader, FunctionReader
from bulkeic.core.model import Operation

_READERS: dict[Operation, type[ResponseReader]] = {
    Operation.GET: ConfigReader,
    Operation.UPDATE: ConfigReader,
    Operation.PUT: ConfigReader,
    Operation.DELETE: DeletionReader,
    Operation.GET_FUNCTION: FunctionReader,
    Operation.LIST_FUNCTIONS: FunctionPageReader,
    Operation.LIST_ALIASES: AliasPageReader,
    Operation.LIST_CONFIGS: ConfigPageReader,
}


def response_reader(operation: Operation, load_shape: Callable[[], Any]) -> ResponseReader:
    """Returns the reader of an operation's responses.

    Args:
        operation: one of Lambda's operations.
        load_shape: see ``ResponseReader``.
    """
    return _READERS[operation](load_shape)
