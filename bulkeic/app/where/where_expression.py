"""``--where``: selects targets by what they have, with a JMESPath expression.

The language is that of the AWS CLI's ``--query``: https://jmespath.org/specification.html

A short expression can take hours and all memory, for example by doubling a list thirty times. So
the steps of an evaluation and the size of each of its results are limited.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError, JMESPathTypeError, ParseError
from jmespath.functions import TYPES_MAP, Functions
from jmespath.visitor import TreeInterpreter

from bulkeic.app.where.where_documents import CONFIGURATION, FOUND_TARGET, Document
from bulkeic.app.where.where_fields import check_fields
from bulkeic.core.change.policy import Where
from bulkeic.core.errors import UsageError, printable, quoted
from bulkeic.output.formatting import counted

_RULE_CHARACTERS = 200
_MAX_STEPS = 10_000
NO_MATCH = "does not match --where"

_EXPECTED = "expected JMESPath as in the AWS CLI's --query, like"


class TargetWhere(NamedTuple):
    """A compiled ``--where`` of ``discover``.

    Attributes:
        matches: whether the document of a target matches.
        names: the fields of the document that it may read.
    """

    matches: Callable[[dict[str, Any]], bool]
    names: frozenset[str]


def parse_where(expression: str) -> Where:
    """Compiles an expression to a function that returns why a configuration does not match.

    The configuration has the API's names; ``{}`` means that there is none. It matches if the
    expression's result is true: not null, false, "", [] or {}. An expression that cannot be
    evaluated, for example ``contains()`` of null, does not match.

    Raises:
        UsageError: the expression is invalid, calls an unknown function or one with a wrong number
            of arguments, or names a field that no configuration can have.
    """
    return _compiled(expression, CONFIGURATION)[0]


def parse_target_where(expression: str) -> TargetWhere:
    """As ``parse_where``, on the documents of the targets that ``discover`` finds.

    Raises:
        UsageError: see ``parse_where``.
    """
    where, names = _compiled(expression, FOUND_TARGET)
    return TargetWhere(lambda document: where(document) is None, names)


def _compiled(expression: str, document: Document) -> tuple[Where, frozenset[str]]:
    """A function that returns why a document does not match, and the fields that it reads."""
    parsed = _parse(expression, f"{_EXPECTED} {document.example}")
    _check_calls(parsed, expression)
    names = _check_names(parsed, expression, document)

    def where(value: dict[str, Any]) -> str | None:
        try:
            result = _LimitedInterpreter(document.max_size).visit(parsed, value)
        except JMESPathTypeError as error:
            given = TYPES_MAP.get(error.actual_type, error.actual_type)
            return f"{NO_MATCH}: {error.function_name}() of {given}"
        except _LimitError as error:
            return f"{NO_MATCH}: {error}"
        except Exception:  # noqa: BLE001 - the package raises what Python does, such as TypeError
            return f"{NO_MATCH}: it cannot be evaluated"
        is_false = result is None or result is False or result in ("", [], {})
        return NO_MATCH if is_false else None

    return where, names


def _parse(expression: str, expected: str) -> dict[str, Any]:
    """The syntax tree of an expression."""
    try:
        parsed: dict[str, Any] = jmespath.compile(expression).parsed
    except EmptyExpressionError:
        raise UsageError(f"--where is empty; {expected}") from None
    except ParseError as error:
        raise UsageError(
            f"--where {quoted(expression)}: {_syntax(error, len(expression))}; {expected}"
        ) from None
    except (JMESPathError, ValueError, RecursionError):  # a number of thousands of digits
        raise UsageError(f"--where {quoted(expression)} cannot be read; {expected}") from None
    return parsed


class _LimitError(Exception):
    """An evaluation takes too long, or has a result that is too large."""


class _LimitedInterpreter(TreeInterpreter):  # type: ignore[misc]  # the package has no types
    """Evaluates one expression once, within limits."""

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size
        self._steps = 0

    def visit(self, node: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise _LimitError(f"it takes more than {_MAX_STEPS} steps")
        result = super().visit(node, *args, **kwargs)
        if _is_larger(result, self._max_size):
            raise _LimitError(f"a result has a size of more than {self._max_size}")
        return result


def _is_larger(value: Any, limit: int) -> bool:
    """Whether a value has more elements and characters than a limit, nested ones included."""
    values = [value]
    while values and limit >= 0:
        each = values.pop()
        limit -= 1
        if isinstance(each, str):
            limit -= len(each)
        elif isinstance(each, list | dict):
            limit -= len(each)
            if limit >= 0:
                values += each.values() if isinstance(each, dict) else each
    return limit < 0


def _syntax(error: ParseError, length: int) -> str:
    """The syntax error of an expression, and its character, counted from 1."""
    character = error.lex_position + 1
    if character > length:
        return f"it ends too early, at character {character}"
    message = getattr(error, "message", None)  # only errors of the lexer have one
    rule = printable(message[:_RULE_CHARACTERS])[:_RULE_CHARACTERS] if message else ""
    return f"character {character}: {rule or f'{quoted(error.token_value)} is unexpected'}"


def _check_names(parsed: dict[str, Any], expression: str, document: Document) -> frozenset[str]:
    try:
        return check_fields(parsed, document)
    except UsageError as error:
        raise UsageError(f"--where {quoted(expression)}: {error}") from None
    except RecursionError:
        return frozenset()  # then it cannot be evaluated either


def _check_calls(parsed: dict[str, Any], expression: str) -> None:
    """Checks each function call, also those that no configuration reaches."""
    nodes: list[Any] = [parsed]
    while nodes:
        node = nodes.pop()
        if not isinstance(node, dict):  # the bounds of a slice
            continue
        nodes += node["children"]
        if node["type"] == "function_expression":
            problem = _call_problem(node["value"], len(node["children"]))
            if problem is not None:
                raise UsageError(f"--where {quoted(expression)}: {problem}")


def _call_problem(name: str, given: int) -> str | None:
    function = Functions.FUNCTION_TABLE.get(name)
    if function is None:
        known = ", ".join(sorted(Functions.FUNCTION_TABLE))
        return f"there is no function {quoted(name)}; expected one of {known}"
    signature = function["signature"]
    wanted = len(signature)
    variadic = bool(signature) and signature[-1].get("variadic", False)
    if given == wanted or (variadic and given > wanted):
        return None
    expected = f"{wanted} or more" if variadic else str(wanted)
    return f"{name}() has {counted(given, 'argument')}; expected {expected}"
