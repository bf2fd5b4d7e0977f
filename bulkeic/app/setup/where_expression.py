"""``--where``: which configurations a run is about, as a JMESPath expression.

The language is that of the AWS CLI's ``--query``: https://jmespath.org/specification.html
"""

from typing import Any

import jmespath
from jmespath.exceptions import EmptyExpressionError, JMESPathError, JMESPathTypeError, ParseError
from jmespath.functions import TYPES_MAP, Functions

from bulkeic.core.errors import UsageError, printable, quoted
from bulkeic.core.policy import Where
from bulkeic.output.formatting import counted

_RULE_CHARACTERS = 200
NO_MATCH = "does not match --where"

_ALLOWED = "allowed: JMESPath as in the AWS CLI's --query, such as MaximumRetryAttempts > `0`"


def parse_where(expression: str) -> Where:
    """What tells why a configuration (API names, ``{}``: there is none) is not looked for.

    It is looked for where the expression's result is true: not null, false, "", [] or {}. An
    expression that cannot be evaluated on it, such as ``contains()`` of null, does not match.

    Raises:
        UsageError: the expression is none, or calls a function that there is not, or not so.
    """
    try:
        compiled = jmespath.compile(expression)
    except EmptyExpressionError:
        raise UsageError(f"--where is empty; {_ALLOWED}") from None
    except ParseError as error:
        raise UsageError(
            f"--where {quoted(expression)}: {_syntax(error, len(expression))}; {_ALLOWED}"
        ) from None
    except (JMESPathError, ValueError, RecursionError):  # a number of thousands of digits
        raise UsageError(f"--where {quoted(expression)} cannot be read; {_ALLOWED}") from None
    _check_calls(compiled.parsed, expression)

    def where(config: dict[str, Any]) -> str | None:
        try:
            result = compiled.search(config)
        except JMESPathTypeError as error:
            given = TYPES_MAP.get(error.actual_type, error.actual_type)
            return f"{NO_MATCH}: {error.function_name}() of {given}"
        except Exception:  # noqa: BLE001 - the package raises what Python does, such as TypeError
            return f"{NO_MATCH}: it cannot be evaluated"
        is_false = result is None or result is False or result in ("", [], {})
        return NO_MATCH if is_false else None

    return where


def _syntax(error: ParseError, length: int) -> str:
    """What is wrong with an expression, and at which character, from 1."""
    place = error.lex_position + 1
    if place > length:
        return f"it ends too early, at character {place}"
    message = getattr(error, "message", None)  # only what splits it into words has one
    rule = printable(message[:_RULE_CHARACTERS]) if message else ""
    return f"character {place}: {rule or f'{quoted(error.token_value)} cannot be there'}"


def _check_calls(parsed: dict[str, Any], expression: str) -> None:
    """Looks at each call of a function, also at those that no configuration leads to."""
    nodes: list[Any] = [parsed]
    while nodes:
        node = nodes.pop()
        if not isinstance(node, dict):  # the bounds of a slice
            continue
        nodes += node["children"]
        if node["type"] == "function_expression":
            problem = _problem_of_call(node["value"], len(node["children"]))
            if problem is not None:
                raise UsageError(f"--where {quoted(expression)}: {problem}")


def _problem_of_call(name: str, given: int) -> str | None:
    function = Functions.FUNCTION_TABLE.get(name)
    if function is None:
        known = ", ".join(sorted(Functions.FUNCTION_TABLE))
        return f"there is no function {quoted(name)}; allowed: {known}"
    signature = function["signature"]
    wanted = len(signature)
    variadic = bool(signature) and signature[-1].get("variadic", False)
    if given == wanted or (variadic and given > wanted):
        return None
    allowed = f"{wanted} or more" if variadic else str(wanted)
    return f"{name}() has {counted(given, 'argument')}; allowed: {allowed}"
