"""Reads the usual answers of STS: elements that hold elements or plain text, nothing else."""

import re
from typing import Any

# A start or an end tag, or text without entities. Attributes are not read, except a namespace.
_token = re.compile(r"""<(/?)(\w+)(?: xmlns=(?:"[^"<>&]*"|'[^'<>&]*'))?>|([^<>&]+)""", re.ASCII)
# Bytes; the SDK reads longer answers.
_LONGEST = 64 * 1024


def read_result(body: bytes, action: str) -> dict[str, Any] | None:
    """Returns the result in an answer: names to texts, or to dictionaries of texts.

    Args:
        body: XML.
        action: the operation.

    Returns:
        ``None`` if the answer is not such a result, or has anything unusual in it: a declaration,
        an entity, a comment, an element twice.
    """
    if len(body) > _LONGEST or not body.isascii():
        return None
    document = _read(body.decode().strip())
    answer = document.get(f"{action}Response") if document else None
    result = answer.get(f"{action}Result") if isinstance(answer, dict) else None
    return result if isinstance(result, dict) else None


def _read(text: str) -> dict[str, Any] | None:
    """Returns a document as nested dictionaries, or ``None``."""
    root: dict[str, Any] = {}
    open_names: list[str] = []
    levels: list[dict[str, Any]] = [root]
    content, position = "", 0
    while position < len(text):
        found = _token.match(text, position)
        if found is None:
            return None
        position = found.end()
        is_end, name, plain = found.groups()
        if plain is not None:
            content = plain
        elif not is_end:
            if content.strip() or name in levels[-1]:
                return None
            child: dict[str, Any] = {}
            levels[-1][name] = child
            open_names.append(name)
            levels.append(child)
            content = ""
        else:
            if not open_names or open_names.pop() != name:
                return None
            children = levels.pop()
            if children and content.strip():
                return None
            if not children:
                levels[-1][name] = content
            content = ""
    return None if open_names or content.strip() else root
