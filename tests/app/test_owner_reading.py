"""When tags are read to find out what manages the targets of a new run."""

import pytest

from bulkeic.app.intake.owner_reading import check_owner_flags, is_unreachable, reads_tags
from bulkeic.app.options.access_options import AccessOptions
from bulkeic.app.options.command_options import (
    ApplyOptions,
    PlanOptions,
    TargetsOptions,
    VerifyOptions,
)
from bulkeic.core.errors import UsageError
from bulkeic.core.targets.selection import Selection

ELSEWHERE = AccessOptions(endpoint_url="http://127.0.0.1:1")
SKIP, ONLY = Selection(skip_managed=True), Selection(only_managed=True)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("options", "reads"),
    [
        (ApplyOptions(source="t"), True),
        (PlanOptions(source="t"), True),
        (VerifyOptions(source="t"), False),
        (VerifyOptions(source="t", selection=ONLY), True),
        (PlanOptions(source="t", read_tags=False), False),
        (PlanOptions(source="t", access=ELSEWHERE), False),
        (PlanOptions(source="t", access=ELSEWHERE, read_tags=True), True),
        (PlanOptions(source="t", access=ELSEWHERE, selection=SKIP), True),
        (ApplyOptions(source="t", sandbox=True), False),
        (ApplyOptions(source="t", sandbox=True, selection=ONLY), False),
    ],
)
def test_tags_are_read_where_they_cost_no_surprise(options: TargetsOptions, *, reads: bool) -> None:
    assert reads_tags(options) is reads


def test_another_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    not_kept = AccessOptions(region="eu-central-2")
    assert not reads_tags(ApplyOptions(source="t", access=not_kept))


@pytest.mark.parametrize(
    "options",
    [
        PlanOptions(source="t", read_tags=True, sandbox=True),
        PlanOptions(source="t", selection=SKIP, sandbox=True),
        PlanOptions(source="t", selection=ONLY, read_tags=False),
    ],
)
def test_owners_that_cannot_be_known_are_refused(options: TargetsOptions) -> None:
    with pytest.raises(UsageError, match="tags"):
        check_owner_flags(options)


def test_code_knows_owners_without_tags() -> None:
    check_owner_flags(PlanOptions(source="t", selection=SKIP, sandbox=True), has_code=True)


@pytest.mark.parametrize(
    ("failures", "has_answer", "ends"),
    [(9, False, False), (10, False, True), (15_000, True, False)],
)
def test_a_network_without_tags_does_not_hold_up_every_lane(
    failures: int, *, has_answer: bool, ends: bool
) -> None:
    assert is_unreachable(failures, has_answer=has_answer) is ends
