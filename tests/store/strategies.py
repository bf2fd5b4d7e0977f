"""Strategies for the jobs and outcomes that a run file can hold."""

import msgspec
from hypothesis import strategies as st

from bulkeic.core.model import CLEARED, LATEST, Job, Outcome, Settings, Status

from .run_files import LANES, make_job, outcome_of

STARTED = "2026-01-02T03:04:05.678Z"

texts = st.text(max_size=40)
numbers = st.integers(0, 10**6)
seconds = st.floats(0, 10**6)
functions = st.sampled_from(["a", "b", "my-function_1"])
qualifiers = st.sampled_from([LATEST, "1", "prod", "$LATEST.PUBLISHED"])
destinations = st.sampled_from([None, CLEARED, "arn:aws:sqs:us-east-1:111111111111:dead"])
wanted = st.builds(
    Settings,
    st.none() | st.integers(0, 2),
    st.none() | st.integers(60, 21600),
    destinations,
    destinations,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def jobs_of_a_file(draw: st.DrawFn) -> list[Job]:
    """Jobs as a file may hold them: gaps where rows were invalid, any lane, names in any form."""
    seqs = draw(st.lists(st.integers(0, 500), min_size=1, max_size=12, unique=True))
    jobs = []
    for seq in sorted(seqs):
        job = make_job(
            seq,
            draw(st.sampled_from(LANES)),
            draw(functions),
            draw(qualifiers),
            draw(wanted),
        )
        given_as = draw(st.sampled_from([job.function_name, job.target.arn, "a:prod"]))
        jobs.append(msgspec.structs.replace(job, function_name=given_as))
    return jobs


# As Lambda answers them: fields that are not settings may have any value.
configs = st.dictionaries(
    texts.filter(lambda name: name not in set(Settings(0, 60, "", "").to_api())),
    json_values,
    max_size=3,
)


@st.composite
def some_outcomes(draw: st.DrawFn, jobs: list[Job]) -> list[Outcome]:
    """Outcomes of some of the jobs, in any order."""
    ended = draw(st.lists(st.sampled_from(jobs), unique_by=lambda job: job.seq))
    return [
        outcome_of(
            job,
            draw(
                st.sampled_from([Status.UPDATED, Status.CREATED, Status.UNCHANGED, Status.FAILED])
            ),
            attempts=draw(numbers),
            throttles=draw(numbers),
            conflicts=draw(numbers),
            http_status=draw(st.none() | st.integers(100, 599)),
            error_code=draw(st.none() | texts),
            error_message=draw(st.none() | texts),
            request_id=draw(st.none() | texts),
            started_at=STARTED,
            duration_s=draw(seconds),
            call_s=draw(seconds),
            wait_s=draw(seconds),
            config=draw(st.none() | configs),
        )
        for job in ended
    ]
