//! Batches that are never copied, for C.

use super::error::{answer, answer_status, null};
use super::handle::{get, jobexec_executor};
use super::status::jobexec_status;
use crate::arena::HEADER_BYTES;
use crate::clock::Timeout;
use crate::status::{Error, Status};
use std::ffi::c_void;

/// Bytes of the header that travels with each buffer.
pub const JOBEXEC_HEADER_BYTES: u64 = 64;

const _: () = assert!(JOBEXEC_HEADER_BYTES == HEADER_BYTES as u64);

/// Gives the caller a free buffer, known by the address of its input, of config.input_bytes bytes
/// with what an earlier job left there. Fill it in place and put that address; the transform is
/// given it as its payload, and writes jobexec_job_output in place; the result shows both, until
/// jobexec_buffer_release. There are as many buffers as jobs may be in flight. A buffer whose job
/// is discarded is free again, without a call of the discard callback.
///
/// Threads: any. Ownership: the buffer is the caller's until it is put or released; its memory
/// stays valid until jobexec_free. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_FULL (none is free), JOBEXEC_CLOSED, JOBEXEC_ABORTED,
/// JOBEXEC_ERROR_NO_WORKERS, JOBEXEC_ERROR_NOT_HELD (the executor has no buffers),
/// JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `input` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_buffer_acquire(
    exec: *mut jobexec_executor,
    input: *mut *mut c_void,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { input.as_mut() }.ok_or(Status::NullPointer)?;
        // SAFETY: the caller's promise.
        *place = unsafe { get(exec) }?.crew.engine.acquire()?.input.cast();
        Ok(())
    })
}

/// The same, waiting until a buffer is free.
///
/// Threads: any; not from inside a callback of this executor. Ownership: as
/// jobexec_buffer_acquire. Blocks: at most timeout_ns; a release, an abort or a close wakes it.
/// Answers: as jobexec_buffer_acquire, with JOBEXEC_TIMEOUT in place of JOBEXEC_FULL, and
/// JOBEXEC_ERROR_INSIDE_CALLBACK.
///
/// # Safety
/// As jobexec_buffer_acquire.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_buffer_acquire_wait(
    exec: *mut jobexec_executor,
    timeout_ns: u64,
    input: *mut *mut c_void,
) -> jobexec_status {
    answer_status(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { input.as_mut() }.ok_or(Status::NullPointer)?;
        // SAFETY: the caller's promise.
        let engine = &unsafe { get(exec) }?.crew.engine;
        *place = engine.acquire_wait(Timeout(timeout_ns))?.input.cast();
        Ok(())
    })
}

/// Says how many bytes of the input are filled: what jobexec_job_input_bytes answers. All, if
/// nobody says.
///
/// Threads: whoever holds the buffer. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD, JOBEXEC_ERROR_ARGUMENT (more than it can have),
/// JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_buffer_set_input(
    exec: *mut jobexec_executor,
    input: *mut c_void,
    bytes: u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let view = unsafe { get(exec) }?.crew.engine.held(input)?;
        if !view.set_input(bytes) {
            let text = format!("{bytes} bytes of input, where {} fit", view.input_bytes);
            return Err(Error::new(Status::InvalidArgument, text));
        }
        Ok(())
    })
}

/// Gives header the address of the buffer's header, of JOBEXEC_HEADER_BYTES, which travels with
/// it both ways: shape and type, for example.
///
/// Threads: whoever holds the buffer. Ownership: as the buffer. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; `header` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_buffer_header(
    exec: *mut jobexec_executor,
    input: *mut c_void,
    header: *mut *mut c_void,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let place = unsafe { header.as_mut() }.ok_or_else(|| null("header"))?;
        // SAFETY: the caller's promise.
        *place = unsafe { get(exec) }?.crew.engine.held(input)?.header().cast();
        Ok(())
    })
}

/// Gives a buffer back: one that a result showed, or one that is not to be put after all. Also
/// after a close.
///
/// Threads: whoever holds the buffer. Ownership: it is not the caller's any more, its output
/// included. Blocks: never.
/// Answers: JOBEXEC_OK, JOBEXEC_ERROR_NOT_HELD (given back before, or put), JOBEXEC_ERROR_NULL,
/// JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_buffer_release(
    exec: *mut jobexec_executor,
    input: *mut c_void,
) -> jobexec_status {
    // SAFETY: the caller's promise.
    answer_status(|| unsafe { get(exec) }?.crew.engine.release(input))
}

/// Gives the whole memory of the buffers, to page-lock it once, for example: valid until
/// jobexec_free. NULL and 0 where there are none. Either output may be NULL.
///
/// Threads: any. Blocks: never. Answers: JOBEXEC_OK, JOBEXEC_ERROR_NULL, JOBEXEC_ERROR_HANDLE.
///
/// # Safety
/// `exec` is NULL or a handle that is not freed meanwhile; the outputs are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jobexec_arena(
    exec: *mut jobexec_executor,
    base: *mut *mut c_void,
    bytes: *mut u64,
) -> jobexec_status {
    answer(|| {
        // SAFETY: the caller's promise.
        let arena = unsafe { get(exec) }?.crew.engine.arena.as_ref();
        let (begin, size) = arena.map_or((std::ptr::null_mut(), 0), |arena| arena.region());
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { base.as_mut() } {
            *place = begin.cast();
        }
        // SAFETY: the caller's promise.
        if let Some(place) = unsafe { bytes.as_mut() } {
            *place = size as u64;
        }
        Ok(())
    })
}
