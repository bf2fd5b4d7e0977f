"""Reads the pages of Lambda's listings.

A page is a whole: one item that cannot be read, or that belongs to another account, Region or
function, makes the page a failure. So does a list that is missing: a page of HTML is no empty page.
"""

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from bulkeic.aws.answers.answer_identity import (
    listed_alias_problem,
    listed_config_problem,
    listed_function_problem,
    marker_problem,
    mismatch,
)
from bulkeic.aws.answers.listed_items import ListedAlias, ListedConfig, ListedFunction
from bulkeic.aws.answers.response_reader import (
    DECODING_ERRORS,
    OK,
    ResponseReader,
    has_fraction,
    sanitize_values,
    unexpected_success,
)
from bulkeic.aws.answers.sanitizer import sanitize_id
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Answer, Call, Operation, Page, Success, Target, rfc3339

_Items = list[dict[str, Any]]
_encode = msgspec.json.encode
_decode_page = msgspec.json.Decoder(Page).decode


class _Body(msgspec.Struct, kw_only=True, gc=False):
    next_marker: str | None = msgspec.field(name="NextMarker", default=None)


class _FunctionsBody(_Body, kw_only=True, gc=False):
    items: list[ListedFunction] = msgspec.field(name="Functions")


class _AliasesBody(_Body, kw_only=True, gc=False):
    items: list[ListedAlias] = msgspec.field(name="Aliases")


class _ConfigsBody(_Body, kw_only=True, gc=False):
    items: list[ListedConfig] = msgspec.field(name="FunctionEventInvokeConfigs")


class PageReader(ResponseReader):
    """Reads the responses of an operation that lists.

    Attributes:
        list_name: the field of a response that holds its items.
        body_type: what a response is decoded to.
    """

    list_name: ClassVar[str]
    body_type: ClassVar[type[Any]]

    def __init__(self, load_shape: Callable[[], Any]) -> None:
        super().__init__(load_shape)
        self._decode = msgspec.json.Decoder(self.body_type).decode

    def _read_expected(
        self,
        response: RawResponse,
        target: Target,
        call: Call,
        hide: Callable[[bytes], bytes],
    ) -> Answer | None:
        try:
            page = self._page(self._decode(response.body))
        except DECODING_ERRORS:
            return None
        # Encoded again, texts have no needless escapes that a credential could hide behind.
        encoded = _encode(page)
        hidden = hide(encoded)
        if hidden is not encoded:
            page = _decode_page(hidden)
        request_id = sanitize_id(response.headers.get("x-amzn-requestid"))
        return self._answer(page, OK, request_id, target, call)

    def _read_parsed(
        self,
        parsed: dict[str, Any],
        request_id: str | None,
        response: RawResponse,
        target: Target,
        call: Call,
    ) -> Answer:
        if parsed.get(self.list_name) is None:
            # The SDK parses a page of HTML as an empty answer.
            return unexpected_success("it contains no list", response, request_id)
        marker = parsed.pop("NextMarker", None)  # sanitized, it would lead to no page
        self._check_list(json.loads(response.body)[self.list_name])
        body = msgspec.convert(self._prepare(sanitize_values(parsed)), self.body_type)
        if marker is not None:
            msgspec.convert(marker, str).encode()  # an unpaired surrogate cannot be sent
            body.next_marker = marker
        return self._answer(self._page(body), response.status, request_id, target, call)

    def _page(self, body: Any) -> Page:
        # An empty marker is none, as for the SDK.
        return Page(self._finish(msgspec.to_builtins(body.items)), body.next_marker or None)

    def _answer(
        self, page: Page, status: int, request_id: str | None, target: Target, call: Call
    ) -> Answer:
        problems = (self._problem(item, target) for item in page.items)
        problem = next(filter(None, problems), None) or marker_problem(page.next_marker, call)
        if problem is not None:
            return mismatch(problem, status, request_id)
        return Success(status, request_id, page=page)

    def _check_list(self, items: Any) -> None:
        """Checks what the SDK reads as something else.

        Raises:
            ValueError: an answer of AWS has no such list.
        """
        if not isinstance(items, list):
            raise ValueError("an object where a list is expected")  # noqa: TRY004 - not a bug of ours

    def _prepare(self, parsed: dict[str, Any]) -> dict[str, Any]:
        """Returns what the SDK has parsed, in the form of a body."""
        return parsed

    def _finish(self, items: _Items) -> _Items:
        """Returns items as they are shown and stored.

        Raises:
            ValueError, OverflowError, OSError: a value is out of range.
        """
        return items

    @abstractmethod
    def _problem(self, item: dict[str, Any], target: Target) -> str | None:
        """Why an item cannot be in the answer to a call; ``None``: it can."""


class FunctionPageReader(PageReader):
    """Reads the responses of ListFunctions."""

    list_name, body_type = "Functions", _FunctionsBody

    def _problem(self, item: dict[str, Any], target: Target) -> str | None:
        return listed_function_problem(
            item["FunctionArn"], item["FunctionName"], item["Version"], target
        )


class AliasPageReader(PageReader):
    """Reads the responses of ListAliases."""

    list_name, body_type = "Aliases", _AliasesBody

    def _problem(self, item: dict[str, Any], target: Target) -> str | None:
        return listed_alias_problem(item["AliasArn"], item["Name"], target)


class ConfigPageReader(PageReader):
    """Reads the responses of ListFunctionEventInvokeConfigs."""

    list_name, body_type = "FunctionEventInvokeConfigs", _ConfigsBody

    def _check_list(self, items: Any) -> None:
        super()._check_list(items)
        if any(map(has_fraction, items)):
            raise ValueError("a fraction where an integer is expected")

    def _prepare(self, parsed: dict[str, Any]) -> dict[str, Any]:
        for item in parsed[self.list_name]:
            modified = item.get("LastModified")
            if isinstance(modified, datetime):
                item["LastModified"] = modified.timestamp()
        return parsed

    def _finish(self, items: _Items) -> _Items:
        for item in items:
            if "LastModified" in item:
                item["LastModified"] = rfc3339(item["LastModified"])
        return items

    def _problem(self, item: dict[str, Any], target: Target) -> str | None:
        return listed_config_problem(item["FunctionArn"], target)


PAGE_READERS: Mapping[Operation, type[PageReader]] = {
    Operation.LIST_FUNCTIONS: FunctionPageReader,
    Operation.LIST_ALIASES: AliasPageReader,
    Operation.LIST_CONFIGS: ConfigPageReader,
}
"""The reader of each operation that lists."""
