"""Resolves the keys of JSON rows to field names."""

import functools
from typing import Any

from bulkeic.core.errors import InputError
from bulkeic.core.targets.fields import OUTCOME_MARK, Fields

# Few are cached: a key can be spelled in any number of ways, and be as long as a row.
_CACHED_KEYS = 64


class ColumnNames:
    """Resolves the keys of JSON rows to field names; caches the last keys.

    Args:
        fields: the fields that a row may have.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._named = functools.lru_cache(_CACHED_KEYS)(fields.find)

    def values(self, item: Any) -> dict[str, Any]:
        """Returns an object's values by field name, without the keys to ignore.

        Raises:
            InputError: the item is not an object, a key is unknown, or a field is given twice.
        """
        if not isinstance(item, dict):
            example = f'{{"{self._fields.names[0]}": "…"}}'
            raise InputError(f"a row must be an object; expected something like {example}")
        fields, named = self._fields, self._named
        passed_over = fields.ignored_in_outcomes if OUTCOME_MARK in item else fields.ignored
        values: dict[str, Any] = {}
        for key, value in item.items():
            if key in passed_over:
                continue
            field = named(key)
            if field is None:
                continue
            if field in values:
                raise InputError("given twice", field=field)
            values[field] = value
        return values
