"""The names in a header or an object, resolved once each."""

from typing import Any

from bulkeic.core.errors import InputError
from bulkeic.core.fields import PASSED_OVER, field_named


class Keys:
    """Resolves the keys of JSON rows to fields; remembers what it has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def values(self, item: Any) -> dict[str, Any]:
        """An object's values by field name, without what the AWS CLI prints beside them.

        Raises:
            InputError: it is no object, a key is unknown, or a field is given twice.
        """
        if not isinstance(item, dict):
            raise InputError('a row is an object such as {"FunctionName": "my-function"}')
        seen = self._seen
        values: dict[str, Any] = {}
        for key, value in item.items():
            field = seen.get(key)
            if field is None:
                if key in PASSED_OVER:
                    continue
                field = seen[key] = field_named(key)
            if field in values:
                raise InputError("given twice", field=field)
            values[field] = value
        return values
