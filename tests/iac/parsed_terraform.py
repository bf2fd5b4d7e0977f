"""Terraform code that export wrote, read with ``python-hcl2``."""

import re
from collections.abc import Iterator
from typing import Any

import hcl2

from bulkeic.core.model import CLEARED, LATEST, Lane, Settings

TYPE = "aws_lambda_function_event_invoke_config"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_match_name = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]*").fullmatch

Found = dict[tuple[str, str], Settings]
"""Settings by function and qualifier."""


class ParsedTerraform:
    """The blocks of a file.

    Args:
        code: the file.
    """

    def __init__(self, code: bytes) -> None:
        self._blocks: Any = hcl2.loads(code.decode())

    @staticmethod
    def text(literal: str) -> str:
        """The text of a literal with its quotes."""
        assert literal[0] == literal[-1] == '"', literal
        inner = literal[1:-1].replace("$${", "${").replace("%%{", "%{")
        return re.sub(r"\\(u[0-9a-f]{4}|U[0-9a-f]{8}|.)", _unescaped, inner)

    def single_resources(self) -> Found:
        """What the resources without ``for_each`` set; their names are different and valid."""
        resources = dict(self._resources())
        assert all(map(_match_name, resources))
        imported = [str(each["to"]).strip("${}") for each in self._blocks["import"]]
        assert imported == [f"{TYPE}.{name}" for name in resources]
        return dict(self._settings(each, _block) for each in resources.values())

    def import_ids(self) -> set[str]:
        """What the import blocks import."""
        return {self.text(each["id"]) for each in self._blocks["import"]}

    def map_entries(self, lane: Lane) -> Found:
        """What the map of a lane sets."""
        name = f"account_{lane.account_id}_{lane.region.replace('-', '_')}"
        (entries,) = [
            each[f"event_invoke_configs_of_{name}"]
            for each in self._blocks["locals"]
            if f"event_invoke_configs_of_{name}" in each
        ]
        found = {}
        for key, values in entries.items():
            target, settings = self._settings(values, lambda value: value)
            function, qualifier = target
            assert self.text(key) == (
                function if qualifier == LATEST else f"{function}:{qualifier}"
            )
            found[target] = settings
        return found

    def providers(self) -> dict[str, tuple[str, str]]:
        """Region and account of each provider, by its alias."""
        return {
            self.text(values["alias"]): (
                self.text(values["region"]),
                self.text(values["allowed_account_ids"][0]),
            )
            for each in self._blocks.get("provider", [])
            for values in each.values()
        }

    def _resources(self) -> Iterator[tuple[str, Any]]:
        for each in self._blocks["resource"]:
            ((kind, named),) = [item for item in each.items() if not item[0].startswith("__")]
            assert self.text(kind) == TYPE
            ((name, values),) = named.items()
            yield self.text(name), values

    def _settings(self, values: Any, inner: Any) -> tuple[tuple[str, str], Settings]:
        halves = inner(values.get("destination_config", {}))
        assert halves or "destination_config" not in values  # no empty halves
        destinations = [
            self._destination(inner(halves[half])) if half in halves else CLEARED
            for half in ("on_success", "on_failure")
        ]
        numbers = ("maximum_retry_attempts", "maximum_event_age_in_seconds")
        target = (
            self.text(values["function_name"]),
            self.text(values["qualifier"]) if "qualifier" in values else LATEST,
        )
        return target, Settings(*map(values.get, numbers), *destinations)

    def _destination(self, value: Any) -> str:
        return self.text(value["destination"] if isinstance(value, dict) else value)


def _block(value: Any) -> Any:
    """The only block of a list of blocks."""
    return value[0] if isinstance(value, list) else value


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if code[0] in "uU" and len(code) > 1 else _ESCAPES.get(code, code)
