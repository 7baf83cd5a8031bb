"""What the tests of the bindings share."""

from jobexec import END, OK

PATIENCE = 20.0


class Skip(Exception):
    """Why a test cannot be run here."""


def accounts(executor):
    n = executor.stats()
    assert n.accepted == (n.done + n.failed + n.panicked + n.crashed + n.timed_out + n.cancelled
                          + n.discarded + n.outstanding)
    return n


def finish_and_poll(executor):
    """All results to the end."""
    assert executor.finish() == OK
    results = []
    while True:
        status, result = executor.poll_wait(PATIENCE)
        if status == END:
            return results
        assert status == OK, status
        results.append(result)


def run_tests(names):
    for name, test in list(names.items()):
        if name.startswith("test_"):
            try:
                test()
            except Skip as reason:
                print(f"{name} skipped: {reason}")
            else:
                print(name, "passed")
