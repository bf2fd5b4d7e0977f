"""The names in a header or an object, resolved once each."""

from typing import Any

from bulkeic.core.errors import InputError
from bulkeic.core.fields import Fields


class Keys:
    """Resolves the keys of JSON rows to fields; remembers what it has seen.

    Args:
        fields: that a row may have.
    """

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._seen: dict[str, str] = {}

    def values(self, item: Any) -> dict[str, Any]:
        """An object's values by field name, without what may stand beside them.

        Raises:
            InputError: it is no object, a key is unknown, or a field is given twice.
        """
        if not isinstance(item, dict):
            example = f'{{"{self._fields.names[0]}": "…"}}'
            raise InputError(f"a row is an object such as {example}")
        seen = self._seen
        values: dict[str, Any] = {}
        for key, value in item.items():
            field = seen.get(key)
            if field is None:
                if key in self._fields.passed_over:
                    continue
                field = seen[key] = self._fields.named(key)
            if field in values:
                raise InputError("given twice", field=field)
            values[field] = value
        return values
