"""The names in a header or an object, resolved once each."""

import functools
from typing import Any

from bulkeic.core.errors import InputError
from bulkeic.core.fields import Fields

# A name may be spelt in any number of ways, each as long as a row.
_REMEMBERED = 64


class ColumnNames:
    """Resolves the keys of JSON rows to fields; remembers what it has seen last.

    Args:
        fields: that a row may have.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._find = functools.lru_cache(_REMEMBERED)(fields.find)

    def values(self, item: Any) -> dict[str, Any]:
        """An object's values by field name, without what may stand beside them.

        Raises:
            InputError: it is no object, a key is unknown, or a field is given twice.
        """
        if not isinstance(item, dict):
            example = f'{{"{self._fields.names[0]}": "…"}}'
            raise InputError(f"a row is an object such as {example}")
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
