"""One timer ends every exchange that takes too long, and no other."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.aws.http.deadlines import Deadlines
from tests.engine.virtual_clock import VirtualLoop

TIMEOUT_S = 10.0


class Exchange:
    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self.failed_at: float | None = None

    def fail(self, error: Exception) -> None:
        assert isinstance(error, TimeoutError)
        self.failed_at = asyncio.get_running_loop().time()
        self._deadlines.remove(self)


@given(
    # Seconds after the one before, and for how long it lasts.
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 4.0, 30.0]), st.sampled_from([0.0, 3.0, 9.0, 99.0])),
        max_size=20,
    )
)
def test_each_exchange_has_its_own_deadline(exchanges: list[tuple[float, float]]) -> None:
    async def play() -> None:
        loop = asyncio.get_running_loop()
        deadlines = Deadlines(TIMEOUT_S, loop)

        async def exchange(length_s: float) -> None:
            begun, each = loop.time(), Exchange(deadlines)
            deadlines.add(each, begun)
            await asyncio.sleep(min(length_s, TIMEOUT_S + 1))
            if length_s < TIMEOUT_S:
                assert each.failed_at is None
                deadlines.remove(each)
            else:
                assert each.failed_at == begun + TIMEOUT_S

        tasks = []
        for wait_s, length_s in exchanges:
            await asyncio.sleep(wait_s)
            tasks.append(asyncio.create_task(exchange(length_s)))
        await asyncio.gather(*tasks)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())
