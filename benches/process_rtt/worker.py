"""A worker process in Python, without any other module: it asks for jobs, and says that they are
done. The library is found by the environment's JOBEXEC_LIBRARY. `call` as its argument has it
called back instead of asking.
"""

import ctypes as c
import os
import sys

OK, CLOSED = 0, 4
FOREVER = (1 << 64) - 1

library = c.CDLL(os.environ["JOBEXEC_LIBRARY"])


def ask():
    job, payload = c.c_void_p(), c.c_void_p()
    work, done = library.jobexec_worker_next, library.jobexec_worker_done
    work.argtypes = c.c_uint64, c.c_void_p, c.c_void_p
    done.argtypes = c.c_void_p, c.c_int32
    at_job, at_payload = c.addressof(job), c.addressof(payload)
    while (status := work(FOREVER, at_job, at_payload)) == OK:
        done(job, 0)
    return status


def be_called():
    transform = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_void_p)(lambda *_: 0)
    library.jobexec_worker_main.argtypes = type(transform), c.c_void_p
    return CLOSED if library.jobexec_worker_main(transform, None) == OK else None


status = be_called() if sys.argv[1:] == ["call"] else ask()
sys.exit(0 if status == CLOSED else f"the library answers {status}")
