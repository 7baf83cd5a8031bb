"""libjobexec by ctypes. Payloads are Python objects; the library sees only their numbers.

The transform is a Python function of (payload, job), called on the library's threads under the
interpreter's lock. What it returns becomes the payload of the result, unless it is None; an
exception makes the result a failed one with its text. The library is found by the environment's
JOBEXEC_LIBRARY, else as libjobexec.so where the system looks.
"""

import atexit
import ctypes as c
import itertools
import os
import time

OK, FULL, EMPTY, END, CLOSED, ABORTED, TIMEOUT = range(7)
(ERROR_NULL, ERROR_SIZE, ERROR_ARGUMENT, ERROR_HANDLE, ERROR_INSIDE_CALLBACK, ERROR_FINISHED,
 ERROR_MEMORY, ERROR_WORKER, ERROR_NO_WORKERS, ERROR_EXHAUSTED, ERROR_INTERNAL,
 ERROR_NOT_HELD, ERROR_NOT_WORKER, ERROR_FORKED) = range(-1, -15, -1)
DONE, FAILED, PANICKED, CRASHED, TIMED_OUT, CANCELLED = range(6)
WORKERS_AUTO = 0xFFFFFFFF
PIN_AUTO, PIN_OFF, PIN_LIST = range(3)
PAGES_NORMAL, PAGES_TRANSPARENT, PAGES_HUGE = range(3)
HEADER_BYTES = 64
WORKERS_ARE_THREADS, WORKERS_ARE_PROCESSES = range(2)
OUTPUT_INHERIT, OUTPUT_LOG = range(2)
LOG_INFO, LOG_WARNING, LOG_ERROR = range(3)

_Transform = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_void_p, c.c_void_p)
_Init = c.CFUNCTYPE(c.c_int32, c.c_void_p, c.c_uint32)
_Exit = c.CFUNCTYPE(None, c.c_void_p, c.c_uint32)
_Discard = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p)
_Log = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, c.c_char_p)
_Destructor = c.CFUNCTYPE(None, c.c_void_p)
_Allocate = c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_uint64, c.c_uint64)
_Deallocate = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_uint64)


class _Sized(c.Structure):
    """A structure that begins with its size."""

    def __init__(self):
        super().__init__(size=c.sizeof(self))


class Config(_Sized):
    """jobexec_config."""

    _fields_ = [
        ("size", c.c_uint64), ("workers", c.c_uint32), ("queue_per_worker", c.c_uint32),
        ("results_per_worker", c.c_uint32), ("results", c.c_uint32),
        ("wait_until_workers_run", c.c_uint32), ("timing", c.c_uint32), ("seed", c.c_uint64),
        ("spin_ns", c.c_uint64), ("max_restarts", c.c_uint32), ("pinning", c.c_uint32),
        ("cpus", c.POINTER(c.c_uint32)), ("cpu_count", c.c_uint32),
        ("reserve_cores", c.c_uint32), ("local_rank", c.c_uint32), ("local_size", c.c_uint32),
        ("transform", _Transform), ("worker_init", _Init), ("worker_exit", _Exit),
        ("discard", _Discard), ("log", _Log), ("user", c.c_void_p),
        ("user_destructor", _Destructor), ("input_bytes", c.c_uint64),
        ("output_bytes", c.c_uint64), ("pages", c.c_uint32), ("prefault", c.c_uint32),
        ("allocate", _Allocate), ("deallocate", _Deallocate), ("memory_user", c.c_void_p),
        ("worker_kind", c.c_uint32), ("worker_output", c.c_uint32),
        ("argv", c.POINTER(c.c_char_p)), ("env", c.POINTER(c.c_char_p)),
        ("worker_start_timeout_ns", c.c_uint64), ("restart_window_ns", c.c_uint64),
        ("restart_backoff_ns", c.c_uint64), ("retries", c.c_uint32), ("waiting", c.c_uint32),
        ("stall_report_ns", c.c_uint64), ("ordered", c.c_uint32), ("first_session", c.c_uint32),
        ("first_number", c.c_uint64), ("job_timeout_ns", c.c_uint64),
        ("cancel_kill_ns", c.c_uint64), ("abandon_after_ns", c.c_uint64),
        ("max_abandoned", c.c_uint32), ("retry_failed", c.c_uint32),
        ("retry_backoff_ns", c.c_uint64), ("trace_jobs", c.c_uint64),
        ("stages", c.POINTER(c.c_uint32)), ("stage_count", c.c_uint32), ("reserved", c.c_uint32),
    ]


class _PutOptions(_Sized):
    _fields_ = [("size", c.c_uint64), ("job_timeout_ns", c.c_uint64), ("wait_ns", c.c_uint64)]


class _Result(_Sized):
    _fields_ = [
        ("size", c.c_uint64), ("job_id", c.c_uint64), ("payload", c.c_void_p),
        ("outcome", c.c_int32), ("code", c.c_int32), ("session", c.c_uint32),
        ("worker", c.c_uint32), ("number", c.c_uint64), ("created_ns", c.c_uint64),
        ("started_ns", c.c_uint64), ("finished_ns", c.c_uint64), ("queued_ns", c.c_uint64),
        ("polled_ns", c.c_uint64), ("message", c.c_char * 192), ("output", c.c_void_p),
        ("output_bytes", c.c_uint64), ("header", c.c_void_p), ("attempts", c.c_uint32),
    ]


class Counters(_Sized):
    """jobexec_counters."""

    _fields_ = [(name, c.c_uint64) for name in (
        "size accepted done failed panicked crashed timed_out cancelled discarded outstanding "
        "queued running ready most_outstanding most_queued most_ready session workers restarts "
        "wakes looks_paid looks_in_vain held held_ns event_fd_rings stalled abandoned "
        "polls_found polls_waited polls_empty poll_wait_ns age_ns "
        "busy_ns queue_wait_p50_ns queue_wait_p99_ns queue_wait_max_ns run_p50_ns "
        "run_p99_ns run_max_ns result_wait_p50_ns result_wait_p99_ns result_wait_max_ns "
        "buffers_most").split()]

    @property
    def readiness(self):
        """The share of results that were there when a poll looked for one, from 0 to 1."""
        polls = self.polls_found + self.polls_waited + self.polls_empty
        return self.polls_found / polls if polls else 1.0


def _load():
    library = c.CDLL(os.environ.get("JOBEXEC_LIBRARY", "libjobexec.so"))
    pointer, status, u64 = c.c_void_p, c.c_int32, c.c_uint64
    prototypes = {
        "last_error": (c.c_char_p,),
        "status_text": (c.c_char_p, status),
        "version": (c.c_char_p,),
        "config_init": (status, c.POINTER(Config)),
        "start": (status, c.POINTER(Config), u64, c.POINTER(pointer)),
        "close": (status, pointer, u64),
        "free": (status, pointer),
        "put": (status, pointer, pointer, c.POINTER(u64)),
        "put_wait": (status, pointer, pointer, u64, c.POINTER(u64)),
        "put_with": (status, pointer, pointer, c.POINTER(_PutOptions), c.POINTER(u64)),
        "cancel": (status, pointer, u64),
        "poll": (status, pointer, c.POINTER(_Result)),
        "poll_wait": (status, pointer, u64, c.POINTER(_Result)),
        "put_many": (status, pointer, c.POINTER(pointer), u64, c.POINTER(u64), c.POINTER(u64)),
        "put_many_wait": (status, pointer, c.POINTER(pointer), u64, u64, c.POINTER(u64),
                          c.POINTER(u64)),
        "poll_many": (status, pointer, c.POINTER(_Result), u64, c.POINTER(u64)),
        "poll_many_wait": (status, pointer, u64, c.POINTER(_Result), u64, c.POINTER(u64)),
        "event_fd": (status, pointer, c.POINTER(c.c_int32)),
        "finish": (status, pointer),
        "reset": (status, pointer, c.POINTER(c.c_uint32)),
        "abort": (status, pointer),
        "is_full": (c.c_int32, pointer),
        "is_idle": (c.c_int32, pointer),
        "job_id": (u64, pointer),
        "job_session": (c.c_uint32, pointer),
        "job_number": (u64, pointer),
        "job_worker": (c.c_uint32, pointer),
        "job_seed": (u64, pointer),
        "job_attempt": (c.c_uint32, pointer),
        "job_stage": (c.c_uint32, pointer),
        "job_is_cancelled": (c.c_int32, pointer),
        "job_set_payload": (status, pointer, pointer),
        "job_set_message": (status, pointer, c.c_char_p),
        "job_input_bytes": (u64, pointer),
        "job_output": (pointer, pointer),
        "job_output_bytes": (u64, pointer),
        "job_header": (pointer, pointer),
        "job_set_output": (status, pointer, u64),
        "buffer_acquire": (status, pointer, c.POINTER(pointer)),
        "buffer_acquire_wait": (status, pointer, u64, c.POINTER(pointer)),
        "buffer_set_input": (status, pointer, pointer, u64),
        "buffer_header": (status, pointer, pointer, c.POINTER(pointer)),
        "buffer_release": (status, pointer, pointer),
        "arena": (status, pointer, c.POINTER(pointer), c.POINTER(u64)),
        "is_worker": (c.c_int32,),
        "worker_main": (status, _Transform, pointer),
        "worker_next": (status, u64, c.POINTER(pointer), c.POINTER(pointer)),
        "worker_done": (status, pointer, c.c_int32),
        "stats": (status, pointer, c.POINTER(Counters)),
        "capacity": (status, pointer, c.POINTER(u64), c.POINTER(u64)),
        "report": (status, pointer, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)),
        "trace_json": (status, pointer, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)),
        "report_json": (status, pointer, c.c_char_p, c.c_size_t, c.POINTER(c.c_size_t)),
    }
    for name, (answer, *arguments) in prototypes.items():
        function = getattr(library, "jobexec_" + name)
        function.restype, function.argtypes = answer, arguments
    return library


_library = _load()


class Error(Exception):
    """An answer below 0 (or a start or close that was late), with the library's sentence."""

    def __init__(self, status):
        super().__init__(_library.jobexec_last_error().decode())
        self.status = status


def _check(status):
    """Ordinary states are returned; errors are raised."""
    if status < 0:
        raise Error(status)
    return status


def is_worker():
    """Whether this process was started as a worker, perhaps by the same script."""
    return bool(_library.jobexec_is_worker())


class Job:
    """The job that a transform is at. Valid during the call."""

    def __init__(self, handle):
        self._handle = handle

    id = property(lambda self: _library.jobexec_job_id(self._handle))
    session = property(lambda self: _library.jobexec_job_session(self._handle))
    number = property(lambda self: _library.jobexec_job_number(self._handle))
    worker = property(lambda self: _library.jobexec_job_worker(self._handle))
    seed = property(lambda self: _library.jobexec_job_seed(self._handle))
    stage = property(lambda self: _library.jobexec_job_stage(self._handle))
    attempt = property(lambda self: _library.jobexec_job_attempt(self._handle))
    cancelled = property(lambda self: bool(_library.jobexec_job_is_cancelled(self._handle)))


class Result:
    """A result: the fields of jobexec_result, with the payload and the message as objects."""

    def __init__(self, raw, payload):
        for name in ("job_id outcome code session worker number created_ns started_ns finished_ns "
                     "queued_ns polled_ns attempts").split():
            setattr(self, name, getattr(raw, name))
        self.payload, self.message = payload, raw.message.decode()


class _Side:
    """What the callbacks of one executor need. Lives until its destructor is called."""

    def __init__(self, transform, discard):
        self.transform, self.discard = transform, discard
        self.payloads = {}
        self.numbers = itertools.count(1)  # 0 is NULL.


# By number, which is the user pointer. The callbacks are made once, for all executors: one that
# is freed while a worker hangs may be called back much later.
_sides = {}
_side_numbers = itertools.count(1)


def _guarded(job, run):
    """What the library is answered by a transform. Nothing may leave through C."""
    try:
        run()
        return 0
    except BaseException as error:
        text = f"{type(error).__name__}: {error}".replace("\0", " ")
        _library.jobexec_job_set_message(job, text.encode(errors="replace"))
        return 1


@_Transform
def _transform(user, payload, job):
    def run():
        side = _sides[user]
        replacement = side.transform(side.payloads[payload], Job(job))
        if replacement is not None:
            side.payloads[payload] = replacement
    return _guarded(job, run)


@_Discard
def _discard(user, payload):
    side = _sides[user]
    payload = side.payloads.pop(payload)
    if side.discard is not None:
        side.discard(payload)


@_Destructor
def _destroy(user):
    del _sides[user]


def _limited(job_timeout, wait):
    """jobexec_put_with, as a put whose job may run for so long."""
    options = _PutOptions()
    options.job_timeout_ns, options.wait_ns = _ns(job_timeout), _ns(wait)

    def put(handle, payload, job_id):
        return _library.jobexec_put_with(handle, payload, options, job_id)
    return put


class _Executor:
    """What executors of all kinds have. Arguments of theirs that are not named are fields of
    jobexec_config."""

    def __init__(self, side, callbacks, timeout, fields):
        config = Config()
        _check(_library.jobexec_config_init(config))
        for name, value in (fields | callbacks).items():
            if name == "cpus":
                config.pinning, config.cpu_count = PIN_LIST, len(value)
                value = (c.c_uint32 * len(value))(*value)
            if name == "stages":
                config.stage_count, value = len(value), (c.c_uint32 * len(value))(*value)
            if name in ("argv", "env"):
                value = (c.c_char_p * (len(value) + 1))(*map(os.fsencode, value))
            if name not in dir(Config):
                raise TypeError(f"no field of the configuration: {name}")
            setattr(config, name, value)
        config.user, config.user_destructor = next(_side_numbers), _destroy
        _sides[config.user] = side
        self._handle = c.c_void_p()
        status = _library.jobexec_start(config, _ns(timeout), self._handle)
        if status != OK:
            if status not in (TIMEOUT, ERROR_WORKER):  # Else the executor owns it.
                del _sides[config.user]
            raise Error(status)
        _open.add(self)

    def put_many(self, payloads):
        """Takes those that are accepted off the front of the list. Answers (status, job ids)."""
        return self._put_many(_library.jobexec_put_many, payloads)

    def put_many_wait(self, payloads, timeout):
        """The same, waiting for room for one."""
        def put(handle, list, count, accepted, first):
            ns = _ns(timeout)
            return _library.jobexec_put_many_wait(handle, list, count, ns, accepted, first)
        return self._put_many(put, payloads)

    def poll_many(self, most):
        """Up to so many results, one at least: answers (status, list of them)."""
        return self._poll_many(_library.jobexec_poll_many, most)

    def poll_many_wait(self, most, timeout):
        """The same, waiting for one result."""
        return _in_slices(timeout, lambda ns: self._poll_many(
            lambda handle, *places: _library.jobexec_poll_many_wait(handle, ns, *places), most))

    def _put_row(self, put, row):
        """Puts what the library knows the payloads by. Answers (status, job ids)."""
        accepted, first = c.c_uint64(), c.c_uint64()
        status = put(self._handle, (c.c_void_p * len(row))(*row), len(row), accepted, first)
        return status, range(first.value, first.value + accepted.value)

    def _poll_many(self, poll, most):
        raw, polled = (_Result * most)(), c.c_uint64()
        if most > 0:
            raw[0].size = c.sizeof(_Result)
        status = _check(poll(self._handle, raw, most, polled))
        return status, [self._result(one) for one in raw[:polled.value]] if status == OK else None

    def event_fd(self):
        """A descriptor that is readable when a poll would answer anything but EMPTY, and perhaps
        once when it would: then poll until EMPTY. The executor's, so it is not to be closed."""
        fd = c.c_int32()
        _check(_library.jobexec_event_fd(self._handle, fd))
        return fd.value

    fileno = event_fd  # For select, selectors and asyncio.

    def finish(self):
        """No more jobs in this session."""
        return _check(_library.jobexec_finish(self._handle))

    def cancel(self, job_id):
        """A job that waits never runs, one that runs is told. Answers a status; EMPTY if there was
        no such job in this session."""
        return _check(_library.jobexec_cancel(self._handle, job_id))

    def reset(self):
        """Begins a new session. Answers a status."""
        return _check(_library.jobexec_reset(self._handle, None))

    def abort(self):
        """Makes every put and poll answer ABORTED."""
        return _check(_library.jobexec_abort(self._handle))

    def close(self, timeout=10.0):
        """OK, or TIMEOUT if a transform is still at work; then it can be called again."""
        status = _check(_library.jobexec_close(self._handle, _ns(timeout)))
        if status == OK:
            _open.discard(self)
        return status

    def free(self):
        """The executor is gone, whatever is still at work."""
        handle, self._handle = self._handle, c.c_void_p()
        _open.discard(self)
        return _check(_library.jobexec_free(handle))

    def capacity(self):
        """(jobs in flight, of these waiting), at most."""
        in_flight, queued = c.c_uint64(), c.c_uint64()
        _check(_library.jobexec_capacity(self._handle, in_flight, queued))
        return in_flight.value, queued.value

    def stats(self):
        """The counters."""
        counters = Counters()
        _check(_library.jobexec_stats(self._handle, counters))
        return counters

    def report(self):
        """The job report."""
        return self._text(_library.jobexec_report)

    def report_json(self):
        """The same as the text of a JSON object."""
        return self._text(_library.jobexec_report_json)

    def trace_json(self):
        """What the last trace_jobs jobs went through, as JSON for Perfetto or Chrome."""
        return self._text(_library.jobexec_trace_json)

    def _text(self, write):
        size = c.c_size_t(4096)
        while True:
            text = c.create_string_buffer(size.value)
            _check(write(self._handle, text, len(text), size))
            if size.value <= len(text):
                return text.value.decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self.free()


class Executor(_Executor):
    """An executor of Python objects."""

    def __init__(self, transform, discard=None, timeout=10.0, **fields):
        self._side = _Side(transform, discard)
        callbacks = {"transform": _transform, "discard": _discard}
        super().__init__(self._side, callbacks, timeout, fields)

    def put(self, payload):
        """Answers (status, job id)."""
        return self._put(_library.jobexec_put, payload)

    def put_wait(self, payload, timeout):
        """The same, waiting for room."""
        def put(handle, number, job_id):
            return _library.jobexec_put_wait(handle, number, _ns(timeout), job_id)
        return self._put(put, payload)

    def put_limited(self, payload, job_timeout, wait=0.0):
        """The same; its job may run for so long. Waits for room at most as long as is said."""
        return self._put(_limited(job_timeout, wait), payload)

    def _put(self, put, payload):
        number, job_id = next(self._side.numbers), c.c_uint64()
        self._side.payloads[number] = payload
        status = put(self._handle, number, job_id)
        if status != OK:
            del self._side.payloads[number]
            return _check(status), None
        return OK, job_id.value

    def _put_many(self, put, payloads):
        row = [next(self._side.numbers) for _ in payloads]
        self._side.payloads.update(zip(row, payloads))
        status, ids = self._put_row(put, row)
        for number in row[len(ids):]:
            del self._side.payloads[number]
        del payloads[:len(ids)]
        return _check(status), ids if status == OK else None

    def poll(self):
        """Answers (status, result)."""
        return self._poll(_library.jobexec_poll)

    def poll_wait(self, timeout):
        """The same, waiting for a result; looks for Ctrl-C ten times a second."""
        return _in_slices(timeout, lambda ns: self._poll(
            lambda handle, result: _library.jobexec_poll_wait(handle, ns, result)))

    def _poll(self, poll):
        raw = _Result()
        status = _check(poll(self._handle, raw))
        if status != OK:
            return status, None
        return OK, self._result(raw)

    def _result(self, raw):
        # A thread that was set aside has the payload still, where that is None.
        payload = raw.payload and self._side.payloads.pop(raw.payload)
        return Result(raw, payload)


def _ns(seconds):
    return int(seconds * 1e9)


def _in_slices(timeout, wait):
    """Waits by wait(nanoseconds), which answers (status, what came), and lets Ctrl-C through ten
    times a second."""
    end = time.monotonic() + timeout
    while True:
        left = max(0.0, end - time.monotonic())
        answer = wait(_ns(min(left, 0.1)))
        if answer[0] != TIMEOUT or left <= 0.1:
            return answer


_open = set()


@atexit.register
def _close_all():
    """A worker must not call into an interpreter that is gone."""
    for executor in list(_open):
        executor.close(1.0)
