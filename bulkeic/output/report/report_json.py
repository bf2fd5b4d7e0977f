"""The report of a run as JSON, and its schema: ``python -m bulkeic.output.report.report_json``."""

import inspect
import json
import sys
from typing import Any

import msgspec

from bulkeic.core.report.report_document import SCHEMA_VERSION, ReportDocument, report_document
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.files.outcome_codec import safe_json


def report_json(report: RunReport) -> bytes:
    """The report as one line of JSON, without control characters."""
    document = msgspec.to_builtins(report_document(report))
    # Not by msgspec, which refuses the name of a run file that is not UTF-8.
    text = json.dumps(document, separators=(",", ":"))
    return safe_json(text.encode()) + b"\n"


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of a type, the same on every Python: 3.13 removes indents of docstrings."""
    schema = msgspec.json.schema(kind)
    for definition in schema["$defs"].values():
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    return schema


def report_schema() -> dict[str, Any]:
    """The JSON schema of the report, of draft 2020-12."""
    schema = schema_of(ReportDocument)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"The report of a bulkeic run, version {SCHEMA_VERSION}",
        **schema,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report_schema(), indent=2) + "\n")
