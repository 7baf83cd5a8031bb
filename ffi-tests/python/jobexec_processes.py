"""Worker processes of libjobexec by ctypes: each is a Python interpreter of its own, so that
transforms written in Python run at the same time.

One script can be both sides:

    if jobexec.is_worker():
        serve(transform)  # Ends the process when the executor closes.
    with ProcessExecutor([__file__], input_bytes, output_bytes) as executor:
        ...

The transform is what a BatchExecutor takes, a function of (job). In a worker process its views
stay memory for as long as the process lives, but are another batch's after the call.
"""

import sys

from jobexec import WORKERS_ARE_PROCESSES, _check, _guarded, _library, _Log, _sides, _Transform
from jobexec_batches import BatchJob, _Batches


def serve(transform):
    """Serves as a worker until the executor closes, and then ends the process. What the transform
    raises makes the result a failed one with its text. Raises jobexec.Error if this process is no
    worker."""
    # Called back, and not asking by jobexec_worker_next: 1.0 us a job instead of 1.6.
    @_Transform
    def run(_user, payload, job):
        return _guarded(job, lambda: transform(BatchJob(job, payload)))

    _check(_library.jobexec_worker_main(run, None))
    sys.exit()


@_Log
def _log(user, level, text):
    _sides[user](level, text.decode(errors="replace"))


class ProcessExecutor(_Batches):
    """An executor of buffers whose workers are Python processes that run a script with arguments;
    the script calls serve. log, if given, is called with (level, text), on other threads."""

    def __init__(self, script, input_bytes, output_bytes, log=None, timeout=10.0, **fields):
        callbacks = {"worker_kind": WORKERS_ARE_PROCESSES,
                     "argv": [sys.executable, "-B", *script]}
        if log is not None:
            callbacks["log"] = _log
        super().__init__(log, callbacks, input_bytes, output_bytes, timeout, fields)
