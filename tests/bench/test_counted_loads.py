"""Loads that end after a number of requests."""

from .test_collector import Measured


def test_requests_beyond_the_given_number_do_not_count_in_the_throughput() -> None:
    measured = Measured(requests=2)
    measured.request(-0.5, 0.5)
    measured.request(0.0, 1.0)
    measured.request(1.0, 2.0)
    measured.request(1.5, 1.9)
    measured.request(2.0, 9.0)

    measures = measured.all(now=9)

    assert (measures.done, measures.elapsed_s) == (2, 2)
    assert measures.throughput == 1.5
