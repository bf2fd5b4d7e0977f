"""The actions of minimal role sessions follow from the command and the run."""

import pytest

from bulkeic.app.access.session_policy import role_session
from bulkeic.app.options.access_options import AccessOptions
from bulkeic.app.options.command_options import (
    ApplyOptions,
    PlanOptions,
    VerifyOptions,
    WorkOptions,
)
from bulkeic.core.permissions import PERMISSIONS
from bulkeic.store.run_metadata import RunMetadata

MINIMAL = AccessOptions(session_policy="minimal")
PLAIN, OF_CODE = RunMetadata(source="s"), RunMetadata(source="s", exact=True)


@pytest.mark.parametrize(
    ("options", "metadata", "section"),
    [
        (ApplyOptions(source="s", access=MINIMAL), PLAIN, "apply"),
        (ApplyOptions(source="s", access=MINIMAL), OF_CODE, "apply --create-missing"),
        (PlanOptions(source="s", access=MINIMAL), OF_CODE, "plan"),
        (VerifyOptions(source="s", access=MINIMAL), OF_CODE, "verify"),
    ],
)
def test_a_session_may_do_what_the_command_needs(
    options: WorkOptions, metadata: RunMetadata, section: str
) -> None:
    assert set(role_session(options, metadata).actions or ()) == set(PERMISSIONS[section])
