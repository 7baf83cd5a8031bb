"""Results in an asyncio program: the loop watches the executor's descriptor, no thread waits."""

import asyncio

from jobexec import EMPTY, END, OK


class Stopped(Exception):
    """The executor was closed or aborted. Its status is the argument."""


async def results(executor):
    """Yields each result until the session's end. One consumer an executor and loop at a time."""
    loop, fd = asyncio.get_running_loop(), executor.event_fd()
    readable = asyncio.Event()
    loop.add_reader(fd, readable.set)
    try:
        while True:
            readable.clear()
            while (answer := executor.poll())[0] == OK:
                yield answer[1]
            if answer[0] == END:
                return
            if answer[0] != EMPTY:
                raise Stopped(answer[0])
            await readable.wait()
    finally:
        loop.remove_reader(fd)
