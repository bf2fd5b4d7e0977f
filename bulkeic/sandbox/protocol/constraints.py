"""Violated constraints of a request's values, in AWS's words."""

import re


def violation(value: object, field: str, rule: str) -> str:
    """Return one violated constraint, for `aws_errors.validation_error`."""
    return f"Value '{value}' at '{field}' failed to satisfy constraint: Member must {rule}"


def range_violations(value: int, field: str, low: int, high: int) -> list[str]:
    """Return the violation of a number outside `low` to `high`, if any."""
    if value < low:
        return [violation(value, field, f"have value greater than or equal to {low}")]
    if value > high:
        return [violation(value, field, f"have value less than or equal to {high}")]
    return []


def text_violations(
    text: str, field: str, *, shortest: int, longest: int, pattern: re.Pattern[str]
) -> list[str]:
    """Return the violation of a text's length or, if that is valid, of its pattern, if any."""
    if len(text) < shortest:
        return [violation(text, field, f"have length greater than or equal to {shortest}")]
    if len(text) > longest:
        return [violation(text, field, f"have length less than or equal to {longest}")]
    if not pattern.fullmatch(text):
        rule = f"satisfy regular expression pattern: {pattern.pattern}"
        return [violation(text, field, rule)]
    return []
