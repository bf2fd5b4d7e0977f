"""The keys of JSON rows → fields, each resolved once."""

import functools
from typing import Any

from bulkeic.core.errors import InputError
from bulkeic.core.fields import Fields

# A name can be spelled in any number of ways, each as long as a row.
_MEMOIZED = 64


class ColumnNames:
    """Resolves the keys of JSON rows to fields, with a cache of the latest keys.

    Args:
        fields: of the file.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._find = functools.lru_cache(_MEMOIZED)(fields.find)

    def values(self, item: Any) -> dict[str, Any]:
        """An object's values by field name, without ignored keys.

        Raises:
            InputError: it is not an object, a key is unknown, or a field is given twice.
        """
        if not isinstance(item, dict):
            example = f'{{"{self._fields.names[0]}": "…"}}'
            raise InputError(f"not an object; expected something like {example}")
        find, ignored = self._find, self._fields.ignored
        values: dict[str, Any] = {}
        for key, value in item.items():
            if key in ignored:
                continue
            field = find(key)
            if field in values:
                raise InputError("given twice", field=field)
            values[field] = value
        return values
