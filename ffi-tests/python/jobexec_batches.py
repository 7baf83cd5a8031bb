"""Batches of libjobexec by ctypes: memory that is filled, transformed and read in place.

A transform is a Python function of (job), which reads job.input and writes job.output. These, and
those of a Buffer, are memoryviews of bytes; numpy.frombuffer makes arrays of them, without a copy.

A Buffer goes back to its executor by release(), or when nothing refers to it or its views any
more; after a put or a release its views must not be used. The memory lasts as long as any of them.
"""

import ctypes as c

import jobexec
from jobexec import (Error, HEADER_BYTES, Job, OK, Result, TIMEOUT, _check, _Executor, _guarded,
                     _in_slices, _library, _limited, _ns, _Result, _sides, _Transform)


def _view(address, size, owner=None):
    """The bytes there. The owner lives as long as the view."""
    if size == 0:
        return memoryview(bytearray())
    array = (c.c_ubyte * size).from_address(address)
    array.owner = owner
    return memoryview(array).cast("B")


class BatchJob(Job):
    """The job that a transform is at. It and its views are valid during the call."""

    def __init__(self, handle, payload):
        super().__init__(handle)
        self._input = payload

    input = property(lambda self: _view(
        self._input, _library.jobexec_job_input_bytes(self._handle)))
    output = property(lambda self: _view(
        _library.jobexec_job_output(self._handle),
        _library.jobexec_job_output_bytes(self._handle)))
    header = property(lambda self: _view(_library.jobexec_job_header(self._handle), HEADER_BYTES))

    def set_output(self, size):
        """How many bytes of the output the result shows; none if nobody says."""
        _check(_library.jobexec_job_set_output(self._handle, _size(size)))


@_Transform
def _transform(user, payload, job):
    return _guarded(job, lambda: _sides[user](BatchJob(job, payload)))


class _Memory:
    """The handle, freed when neither the executor nor a buffer needs it."""

    def __init__(self, handle):
        self.handle = handle

    def __del__(self, free=_library.jobexec_free):
        free(self.handle)


class Buffer:
    """A buffer that the host holds: to be filled and put, or a result's."""

    def __init__(self, executor, address, output=None, output_size=0):
        self._memory, self._address = executor._memory, address
        self._input_size = executor.input_bytes
        self._output, self._output_size = output, output_size

    def _held(self):
        if self._address is None:
            raise ValueError("the buffer was put or released")
        return self._address

    @property
    def input(self):
        """All of the input."""
        return _view(self._held(), self._input_size, self)

    @property
    def output(self):
        """What the transform said it wrote; nothing before it did."""
        self._held()
        return _view(self._output, self._output_size, self)

    @property
    def header(self):
        """64 bytes that travel with the buffer, both ways."""
        header = c.c_void_p()
        _check(_library.jobexec_buffer_header(self._memory.handle, self._held(), header))
        return _view(header.value, HEADER_BYTES, self)

    def set_input(self, size):
        """How many bytes of the input the transform sees; all, if nobody says."""
        _check(_library.jobexec_buffer_set_input(self._memory.handle, self._held(), _size(size)))

    def release(self):
        """Gives it back, now."""
        address, self._address = self._held(), None
        _check(_library.jobexec_buffer_release(self._memory.handle, address))

    def __del__(self, release=_library.jobexec_buffer_release):
        if self._address is not None:
            release(self._memory.handle, self._address)


class BatchResult(Result):
    """A result, with the buffer, which is the host's again."""

    def __init__(self, raw, buffer):
        super().__init__(raw, None)
        del self.payload
        self.buffer = buffer


class _Batches(_Executor):
    """What executors of buffers have, whoever their workers are."""

    def __init__(self, side, callbacks, input_bytes, output_bytes, timeout, fields):
        self.input_bytes, self.output_bytes = input_bytes, output_bytes
        fields |= {"input_bytes": input_bytes, "output_bytes": output_bytes}
        if not input_bytes and not output_bytes:
            raise ValueError("a batch without an input and an output")
        super().__init__(side, callbacks, timeout, fields)
        self._memory = _Memory(self._handle)

    def acquire(self):
        """A free buffer, as (status, buffer)."""
        return self._acquire(_library.jobexec_buffer_acquire)

    def acquire_wait(self, timeout):
        """The same, waiting for one."""
        return _in_slices(timeout, lambda ns: self._acquire(
            lambda handle, input: _library.jobexec_buffer_acquire_wait(handle, ns, input)))

    def _acquire(self, acquire):
        address = c.c_void_p()
        status = _check(acquire(self._handle, address))
        return status, Buffer(self, address.value) if status == OK else None

    def put(self, buffer):
        """Answers (status, job id)."""
        return self._put(_library.jobexec_put, buffer)

    def put_wait(self, buffer, timeout):
        """The same, waiting for room."""
        def put(handle, payload, job_id):
            return _library.jobexec_put_wait(handle, payload, _ns(timeout), job_id)
        return self._put(put, buffer)

    def put_limited(self, buffer, job_timeout, wait=0.0):
        """The same; its job may run for so long. Waits for room at most as long as is said."""
        return self._put(_limited(job_timeout, wait), buffer)

    def _address_of(self, buffer):
        address = buffer._held()
        if buffer._memory is not self._memory:
            raise ValueError("the buffer is another executor's")
        return address

    def _put_many(self, put, buffers):
        row = [self._address_of(buffer) for buffer in buffers]
        for buffer in buffers:
            buffer._address = None  # As in _put.
        status, ids = self._put_row(put, row)
        accepted, buffers[:] = buffers[:len(ids)], buffers[len(ids):]
        for buffer, address in zip(buffers, row[len(ids):]):
            buffer._address = address
        for buffer in accepted:
            buffer._address = None  # It may be in the list again.
        return _check(status), ids if status == OK else None

    def _put(self, put, buffer):
        address, job_id = self._address_of(buffer), c.c_uint64()
        buffer._address = None  # From here on it may come back as another object.
        status = put(self._handle, address, job_id)
        if status == OK:
            return OK, job_id.value
        buffer._address = address
        return _check(status), None

    def poll(self):
        """Answers (status, result)."""
        return self._poll(_library.jobexec_poll)

    def poll_wait(self, timeout):
        """The same, waiting for a result."""
        return _in_slices(timeout, lambda ns: self._poll(
            lambda handle, result: _library.jobexec_poll_wait(handle, ns, result)))

    def _poll(self, poll):
        raw = _Result()
        status = _check(poll(self._handle, raw))
        if status != OK:
            return status, None
        return OK, self._result(raw)

    def _result(self, raw):
        # A thread that was set aside has the buffer still, where that is None.
        buffer = raw.payload and Buffer(self, raw.payload, raw.output, raw.output_bytes)
        return BatchResult(raw, buffer)

    def free(self):
        """The executor is gone, whatever is still at work; its memory, with the last buffer."""
        status = _check(_library.jobexec_close(self._handle, 0))
        jobexec._open.discard(self)
        self._handle, self._memory = c.c_void_p(), None
        return OK if status == TIMEOUT else status


class BatchExecutor(_Batches):
    """An executor of buffers, of which there are as many as jobs may be in flight."""

    def __init__(self, transform, input_bytes, output_bytes, timeout=10.0, **fields):
        callbacks = {"transform": _transform}
        super().__init__(transform, callbacks, input_bytes, output_bytes, timeout, fields)


def _size(size):
    """A length for C, where a negative one would be a large one."""
    if size < 0:
        raise ValueError(f"a length of {size}")
    return size
