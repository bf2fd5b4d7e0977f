"""The JSON schema of events: ``python -m bulkeic.app.watching.event_schema > FILE``."""

import json
import sys
from typing import Any

from bulkeic.core.rollout.run_events import EVENT_VERSION, AnyRunEvent
from bulkeic.output.report.report_json import schema_of


def event_schema() -> dict[str, Any]:
    """The JSON schema of an event, of draft 2020-12."""
    schema = schema_of(AnyRunEvent)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"An event of a bulkeic run, version {EVENT_VERSION}",
        **schema,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(event_schema(), indent=2) + "\n")
