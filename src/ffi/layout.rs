//! Where each field of a structure lies, fixed when it was first released: for programs that were
//! compiled then. A field is never moved, removed or given another size; a new one comes behind the
//! last, and leaves no padding. `ffi-tests/c/test_layout.c` says the same in C.

use super::config::jobexec_config;
use super::inspect::jobexec_counters;
use super::limits::jobexec_put_options;
use super::result::jobexec_result;
use super::sized::Growing;
use std::mem::offset_of;

/// A structure, its bytes in the first release, and its fields.
macro_rules! layout {
    ($structure:ident $name:literal $first:literal { $($field:ident $offset:literal)* }) => {
        // SAFETY: `repr(C)`, begun by its size, of numbers and pointers; without padding, for the
        // fields in the header's order follow each other.
        unsafe impl Growing for $structure {
            const NAME: &'static str = $name;
            const FIRST: usize = $first;
        }
        const _: () = assert!(size_of::<$structure>() >= $first && align_of::<$structure>() == 8);
        $(const _: () = assert!(offset_of!($structure, $field) == $offset);)*
    };
}

layout! { jobexec_config "config" 328 {
    size 0
    workers 8
    queue_per_worker 12
    results_per_worker 16
    results 20
    wait_until_workers_run 24
    timing 28
    seed 32
    spin_ns 40
    max_restarts 48
    pinning 52
    cpus 56
    cpu_count 64
    reserve_cores 68
    local_rank 72
    local_size 76
    transform 80
    worker_init 88
    worker_exit 96
    discard 104
    log 112
    user 120
    user_destructor 128
    input_bytes 136
    output_bytes 144
    pages 152
    prefault 156
    allocate 160
    deallocate 168
    memory_user 176
    worker_kind 184
    worker_output 188
    argv 192
    env 200
    worker_start_timeout_ns 208
    restart_window_ns 216
    restart_backoff_ns 224
    retries 232
    waiting 236
    stall_report_ns 240
    ordered 248
    first_session 252
    first_number 256
    job_timeout_ns 264
    cancel_kill_ns 272
    abandon_after_ns 280
    max_abandoned 288
    retry_failed 292
    retry_backoff_ns 296
    trace_jobs 304
    stages 312
    stage_count 320
    reserved 324
} }

layout! { jobexec_result "result" 312 {
    size 0
    job_id 8
    payload 16
    outcome 24
    code 28
    session 32
    worker 36
    number 40
    created_ns 48
    started_ns 56
    finished_ns 64
    queued_ns 72
    polled_ns 80
    message 88
    output 280
    output_bytes 288
    header 296
    attempts 304
    reserved 308
} }

layout! { jobexec_put_options "options" 24 {
    size 0
    job_timeout_ns 8
    wait_ns 16
} }

layout! { jobexec_counters "stats" 344 {
    size 0
    accepted 8
    done 16
    failed 24
    panicked 32
    crashed 40
    timed_out 48
    cancelled 56
    discarded 64
    outstanding 72
    queued 80
    running 88
    ready 96
    most_outstanding 104
    most_queued 112
    most_ready 120
    session 128
    workers 136
    restarts 144
    wakes 152
    looks_paid 160
    looks_in_vain 168
    held 176
    held_ns 184
    event_fd_rings 192
    stalled 200
    abandoned 208
    polls_found 216
    polls_waited 224
    polls_empty 232
    poll_wait_ns 240
    age_ns 248
    busy_ns 256
    queue_wait_p50_ns 264
    queue_wait_p99_ns 272
    queue_wait_max_ns 280
    run_p50_ns 288
    run_p99_ns 296
    run_max_ns 304
    result_wait_p50_ns 312
    result_wait_p99_ns 320
    result_wait_max_ns 328
    buffers_most 336
} }
