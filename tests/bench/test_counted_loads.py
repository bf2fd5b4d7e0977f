"""Loads of so many requests, beyond which some more may begin."""

from .test_collector import Measured


def test_what_begins_when_all_have_begun_adds_nothing_to_the_throughput() -> None:
    measured = Measured(requests=2)
    measured.request(-0.5, 0.5)
    measured.request(0.0, 1.0)
    measured.request(1.0, 2.0)
    measured.request(1.5, 1.9)
    measured.request(2.0, 9.0)

    measures = measured.all(now=9)

    assert (measures.done, measures.elapsed_s) == (2, 2)
    assert measures.throughput == 1.5
