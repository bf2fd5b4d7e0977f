"""What a run file knows about its run, by name."""

from bulkeic.store.run_file import RunFile

PLACE = "place"
CREATED_AT = "created_at"
PLANNED = "planned"
RESTORES = "restores"
BEFORE_IMAGE = "before_image"
RESULTS = "results"
SANDBOX, AWS = "the sandbox", "AWS"


def place_of(run: RunFile) -> str:
    """Where a run's calls go to."""
    return run.facts.get(PLACE, AWS)
