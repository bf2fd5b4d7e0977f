"""Changes, against a model of AWS: what is wanted comes, what was comes back, nothing is lost."""

from collections import Counter
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bulkeic.core.change.policy import Plan, Policy, Rollback, Verify
from bulkeic.core.change.reconcile import DRIFTED, MISSING, NO_FUNCTION
from bulkeic.core.change.snapshot import ABSENT, goal_snapshot, snapshot_of
from bulkeic.core.model import Job, Operation, Settings, Status
from bulkeic.core.rollout.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED
from tests.core.example_configs import (
    Case,
    Done,
    after_plan,
    cases,
    configured,
    do,
    do_at_last,
    flags,
    images,
    job_of,
    keeps_half,
    planned,
    to_be,
    undoing,
    wishes,
)

GET, UPDATE = Operation.GET, Operation.UPDATE
READS = {GET, Operation.GET_FUNCTION}
MADE_SO = {Status.UPDATED, Status.CREATED}
RESTORE = Rollback()

every_time = settings(deadline=None, max_examples=100)
replace = msgspec.structs.replace
kills = st.lists(st.integers(0, 5), max_size=3)


def plan(case: Case) -> Done:
    return do(case.aws, job_of(case.wish), Plan(case.policy))


def read_first(case: Case) -> Done:
    return do(case.aws, job_of(case.wish), replace(case.policy, before_image=True))


@every_time
@given(cases())
def test_apply_makes_the_goal(case: Case) -> None:
    aws, goal = case.aws, case.goal
    end = do(aws, job_of(case.wish), case.policy).end
    assert aws.config() == goal
    if goal is None:
        assert (end.status, end.code) == (Status.FAILED, MISSING)
        return
    assert (
        snapshot_of(end.config)
        == snapshot_of(goal)
        == goal_snapshot(case.wish, case.had, case.policy)
    )
    if goal == case.first and GET in aws.calls:
        assert end.status is Status.UNCHANGED
    else:
        assert end.status is (Status.UPDATED if case.first else Status.CREATED)


@every_time
@given(cases())
def test_a_rollback_restores_the_before_image(case: Case) -> None:
    done = read_first(case)
    if case.goal != case.first:
        assert done.end.status in MADE_SO
        assert done.job.before_snapshot == case.had
        end = do(case.aws, undoing(done), RESTORE).end
        assert (end.status, snapshot_of(end.config)) == (Status.UPDATED, case.had)
    assert case.aws.config() == case.first
    assert case.aws.idle_changes == 0


@every_time
@given(cases(), flags)
def test_a_call_whose_answer_is_lost_can_be_repeated(case: Case, before_image: bool) -> None:  # noqa: FBT001
    policy = replace(case.policy, before_image=before_image)
    done = do(case.aws, job_of(case.wish), policy, tries=2)
    assert case.aws.config() == case.goal
    if done.job.before_snapshot is not None:
        assert done.end.status is (Status.UPDATED if case.first else Status.CREATED)
        assert do(case.aws, undoing(done), RESTORE, tries=2).end.status is Status.UPDATED
        assert case.aws.config() == case.first


@every_time
@given(cases(configured, wishes.filter(Settings.names_one_destination)))
def test_naming_one_destination_keeps_the_other_unless_it_replaces(case: Case) -> None:
    do(case.aws, job_of(case.wish), case.policy)
    has = snapshot_of(case.aws.config())
    named, other = "on_success", "on_failure"
    if case.wish.on_success is None:
        named, other = other, named
    assert getattr(has, named) == getattr(case.wish, named)
    before = getattr(case.had, other)
    assert getattr(has, other) == ("" if case.policy.replace_destinations else before)


@every_time
@given(cases(), flags)
def test_after_a_plan_each_call_that_writes_changes_something(case: Case, force: bool) -> None:  # noqa: FBT001
    aws = case.aws
    done = plan(case)
    assert set(aws.calls) <= READS
    assert aws.config() == case.first
    assert done.job.before_snapshot == case.had
    if case.goal == case.first:
        assert done.end.status is (Status.UNCHANGED if case.first else Status.FAILED)
        return
    assert done.end.status is None
    aws.calls.clear()
    end = do(aws, planned(done.job), after_plan(case.policy, force=force)).end
    assert end.status in MADE_SO
    assert aws.config() == case.goal
    *reads, write = aws.calls
    assert reads == [GET]
    assert write not in READS
    assert aws.idle_changes == 0


@every_time
@given(cases(), images)
def test_a_target_that_changed_since_the_plan_is_not_overwritten(
    case: Case, theirs: Settings
) -> None:
    aws, policy = case.aws, after_plan(case.policy)
    done = plan(case)
    assume(done.end.status is None and theirs != case.had)
    aws.have(theirs)
    kept = aws.config()
    end = do(aws, planned(done.job), policy).end
    assert aws.config() == kept
    assert snapshot_of(end.config) == theirs
    if kept is not None and to_be(kept, case.wish, policy) == kept:
        assert end.status is Status.UNCHANGED
    else:
        assert (end.status, end.code) == (Status.FAILED, PLAN_OUTDATED)
        assert end.message


@every_time
@given(cases(), images)
def test_force_overwrites_a_target_that_changed_since_the_plan(
    case: Case, theirs: Settings
) -> None:
    aws, policy = case.aws, after_plan(case.policy, force=True)
    done = plan(case)
    assume(done.end.status is None)
    aws.have(theirs)
    aws.calls.clear()
    end = do(aws, planned(done.job), policy).end
    has = aws.config()
    if theirs == ABSENT and not policy.create_missing:
        assert (end.status, end.code, has) == (Status.FAILED, MISSING, None)
    else:
        finds_it_so = theirs == goal_snapshot(case.wish, theirs, policy)
        assert end.status in ({Status.UNCHANGED} if finds_it_so else MADE_SO)
        assert has is not None
        assert has == to_be(has, case.wish, policy)
    assert aws.calls.count(GET) == 1


@every_time
@given(cases(), images)
def test_a_rollback_of_a_forced_plan_restores_what_others_made_since(
    case: Case, theirs: Settings
) -> None:
    done = plan(case)
    assume(done.end.status is None)
    case.aws.have(theirs)
    kept = case.aws.config()
    forced = do(case.aws, planned(done.job), after_plan(case.policy, force=True))
    assume(forced.end.status in MADE_SO)
    assert forced.job.before_snapshot == theirs
    do(case.aws, undoing(forced), RESTORE)
    assert case.aws.config() == kept


@every_time
@given(cases(), images, flags)
def test_a_rollback_leaves_targets_that_changed_since_unless_forced(
    case: Case,
    theirs: Settings,
    force: bool,  # noqa: FBT001
) -> None:
    aws = case.aws
    done = read_first(case)
    assume(done.end.status in MADE_SO and theirs != snapshot_of(done.end.config))
    aws.have(theirs)
    kept = aws.config()
    end = do(aws, undoing(done), replace(RESTORE, force=force)).end
    if theirs == case.had:
        assert end.status is Status.UNCHANGED
    elif force:
        assert end.status is (Status.CREATED if theirs == ABSENT else Status.UPDATED)
    else:
        assert (end.status, end.code) == (Status.FAILED, CHANGED_SINCE)
        assert end.message
    assert aws.config() == (case.first if force else kept)


@settings(deadline=None, max_examples=120)
@given(cases(), st.sampled_from(["before image", "plan", "force", "where"]), kills, kills)
def test_killed_at_any_point_a_job_resumes_and_can_be_rolled_back(
    case: Case, way: str, first_kills: list[int], last_kills: list[int]
) -> None:
    aws, first, goal = case.aws, case.first, case.goal
    assume(goal != first)
    job = job_of(case.wish)
    policy: Policy

    def where(config: dict[str, Any]) -> str | None:
        return "it is so" if snapshot_of(config) == snapshot_of(goal) else None

    match way:
        case "before image":
            policy = replace(case.policy, before_image=True)
        case "plan" | "force":
            job = planned(plan(case).job)
            policy = after_plan(case.policy, force=way == "force")
        case _:  # after the change it is not one that is looked for
            policy = replace(case.policy, where=where)
    done = do_at_last(aws, job, policy, first_kills)
    assert done.end.status is (Status.UPDATED if first else Status.CREATED)
    assert snapshot_of(done.end.config) == snapshot_of(goal)
    assert aws.config() == goal
    end = do_at_last(aws, undoing(done), RESTORE, last_kills).end
    assert end.status is Status.UPDATED
    assert aws.config() == first
    assert aws.idle_changes == 0


@every_time
@given(cases())
def test_verify_finds_drift_exactly_where_apply_would_change_something(case: Case) -> None:
    end = do(case.aws, job_of(case.wish), Verify(case.policy, finds_missing=True)).end
    assert set(case.aws.calls) <= READS
    assert case.aws.config() == case.first
    if case.first == to_be(case.first, case.wish, replace(case.policy, create_missing=True)):
        assert (end.status, end.code) == (Status.UNCHANGED, None)
    elif not case.aws.functions:
        assert (end.status, end.code, end.message) == (Status.FAILED, MISSING, NO_FUNCTION)
    else:
        assert (end.status, end.code) == (Status.FAILED, DRIFTED)
        assert end.message


@every_time
@given(cases(), st.sampled_from([Plan, Verify]))
def test_plan_and_verify_find_a_changed_target_unchanged(
    case: Case, kind: type[Plan | Verify]
) -> None:
    done = read_first(case)
    assume(done.end.status in MADE_SO)
    end = do(case.aws, done.job, kind(case.policy)).end
    assert end.status is Status.UNCHANGED


@every_time
@given(
    cases(),
    st.sampled_from([Plan, Verify]),
    st.none() | st.builds(Rollback, planned=flags, force=flags),
    flags,
    st.tuples(st.none() | images, flags, st.none() | images),
)
def test_nothing_is_ever_changed_to_plan_or_to_verify(
    case: Case,
    kind: type[Plan | Verify],
    rollback: Rollback | None,
    force: bool,  # noqa: FBT001
    known: tuple[Settings | None, bool, Settings | None],
) -> None:
    seen, may_be_sent, expected = known
    job = replace(
        job_of(case.wish), before_snapshot=seen, may_be_sent=may_be_sent, expected=expected
    )
    end = do(case.aws, job, kind(rollback or replace(case.policy, force=force))).end
    assert set(case.aws.calls) <= READS
    assert end.status not in MADE_SO


@settings(deadline=None, max_examples=50)
@given(cases(), st.lists(configured, max_size=5))
def test_the_calls_of_each_policy(case: Case, had: list[Settings]) -> None:
    jobs = [job_of(case.wish, f"f{number}") for number in range(len(had))]
    plain = replace(case.policy, before_image=False)
    of_plan = after_plan(plain)
    total, changing = (
        len(had),
        sum(image != goal_snapshot(case.wish, image, plain) for image in had),
    )

    def cost(some: list[Job], policy: Policy) -> tuple[Counter[Operation], list[Job]]:
        case.aws.calls.clear()
        for job, image in zip(jobs, had, strict=True):
            case.aws.have(image, job.target.function)
        dones = [do(case.aws, job, policy) for job in some]
        return Counter(case.aws.calls), [planned(d.job) for d in dones if d.end.status is None]

    both = Counter({GET: total, UPDATE: changing})
    looks = keeps_half(case.wish, plain)
    assert cost(jobs, plain) == (both if looks else Counter({UPDATE: total}), [])
    assert cost(jobs, replace(plain, before_image=True)) == (both, [])
    reads, pending = cost(jobs, Plan(plain))
    assert (reads, len(pending)) == (Counter({GET: total}), changing)
    assert cost(pending, of_plan)[0] == Counter({GET: changing, UPDATE: changing})
    forced = cost(pending, replace(of_plan, force=True))[0]
    assert forced == Counter({GET: changing, UPDATE: changing})
