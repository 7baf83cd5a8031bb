"""Results are awaited in an event loop beside other work, without a thread and without looking."""

import asyncio
import select
import threading

from jobexec import ABORTED, CLOSED, DONE, EMPTY, END, FULL, OK, Executor
from jobexec_asyncio import Stopped, results
from support import PATIENCE, accounts, run_tests

JOBS = 1000


def double(payload, job):
    return 2 * payload


def run(program):
    asyncio.run(asyncio.wait_for(program, PATIENCE))


def test_jobs_beside_other_work():
    async def program():
        with Executor(double, workers=2, results=64, queue_per_worker=64) as executor:
            turns, room, doubles = 0, asyncio.Event(), []

            async def put_all():
                for number in range(JOBS):
                    while (status := executor.put(number)[0]) == FULL:
                        room.clear()
                        await room.wait()
                    assert status == OK
                    if number % 10 == 0:
                        await asyncio.sleep(0)
                assert executor.finish() == OK

            async def other_work():
                nonlocal turns
                while len(doubles) < JOBS:
                    turns += 1
                    await asyncio.sleep(0)

            async def take_all():
                async for result in results(executor):
                    assert result.outcome == DONE
                    doubles.append(result.payload)
                    room.set()

            threads = threading.active_count()
            await asyncio.gather(put_all(), other_work(), take_all())
            assert sorted(doubles) == [2 * number for number in range(JOBS)]
            assert turns >= JOBS // 10, turns
            assert threading.active_count() <= threads + 2  # Those of the workers, seen by callbacks.
            n = accounts(executor)
            assert (n.accepted, n.done, n.outstanding) == (JOBS, JOBS, 0)
            assert 0 < n.event_fd_rings <= JOBS + 1, n.event_fd_rings

    run(program())


def test_the_loop_sleeps_while_nothing_comes():
    async def program():
        let_go = threading.Event()

        def transform(payload, job):
            let_go.wait(PATIENCE)

        with Executor(transform, workers=1) as executor:
            assert executor.put(7)[0] == OK
            stream = results(executor)
            first = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            assert not first.done() and executor.poll() == (EMPTY, None)
            assert select.select([executor], [], [], 0) == ([], [], [])
            let_go.set()
            assert (await first).payload == 7
            assert executor.finish() == OK
            assert [result async for result in stream] == []
            assert executor.poll() == (END, None)
            assert select.select([executor], [], [], 0)[0] == [executor]

    run(program())


def test_an_end_in_the_middle():
    async def program(stop, expected):
        with Executor(double, workers=1) as executor:
            last = asyncio.ensure_future(anext(results(executor)))
            await asyncio.sleep(0)
            stop(executor)
            try:
                await last
            except Stopped as stopped:
                assert stopped.args == (expected,)
            else:
                assert False
    run(program(Executor.abort, ABORTED))
    run(program(Executor.close, CLOSED))


run_tests(globals())
