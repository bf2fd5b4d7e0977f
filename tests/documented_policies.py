"""The policies on the page about permissions."""

import json
import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs/reference/permissions.md").read_text()
TEXTS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
POLICIES = {
    title.replace("`", ""): [
        json.loads(block)["Statement"]
        for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    ]
    for title, text in TEXTS.items()
}
"""Title of a section → the statements of each of its policies."""


def allowed(section: str) -> set[str]:
    """The actions of a section's only policy."""
    ((statement,),) = POLICIES[section]
    actions = statement["Action"]
    return {actions} if isinstance(actions, str) else set(actions)
