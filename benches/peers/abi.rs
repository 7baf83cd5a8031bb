//! This executor, as a C program uses it: by its C ABI, through pointers, so that nothing of it is
//! compiled into the caller.

use super::task::perform;
use super::{Cpus, PATIENCE, Pool, Task};
use jobexec::ffi::*;
use std::ffi::c_void;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU64, Ordering};

type Put = unsafe extern "C" fn(*mut jobexec_executor, *mut c_void, *mut u64) -> jobexec_status;
type Poll = unsafe extern "C" fn(*mut jobexec_executor, *mut jobexec_result) -> jobexec_status;
type PollWait =
    unsafe extern "C" fn(*mut jobexec_executor, u64, *mut jobexec_result) -> jobexec_status;

const PATIENCE_NS: u64 = PATIENCE.as_nanos() as u64;

type PutMany = unsafe extern "C" fn(
    *mut jobexec_executor,
    *const *mut c_void,
    u64,
    *mut u64,
    *mut u64,
) -> jobexec_status;
type PollManyWait = unsafe extern "C" fn(
    *mut jobexec_executor,
    u64,
    *mut jobexec_result,
    u64,
    *mut u64,
) -> jobexec_status;

/// This executor behind its C ABI.
pub(crate) struct Abi {
    executor: *mut jobexec_executor,
    put: Put,
    poll: Poll,
    poll_wait: PollWait,
    put_many: PutMany,
    poll_many_wait: PollManyWait,
    jobs: AtomicU64,
}

// SAFETY: any thread may call anything of the C ABI.
unsafe impl Send for Abi {}
// SAFETY: as above, any number at once.
unsafe impl Sync for Abi {}

unsafe extern "C-unwind" fn transform(
    _user: *mut c_void,
    payload: *mut c_void,
    _job: *mut jobexec_job,
) -> i32 {
    // SAFETY: the payload is a task, and the worker's alone until this returns.
    unsafe { perform(payload.cast()) };
    0
}

impl Abi {
    /// What `configure` leaves is the default.
    pub(crate) fn start(
        workers: usize,
        window: usize,
        cpus: &Cpus,
        configure: fn(&mut jobexec_config),
    ) -> Abi {
        let mut place = MaybeUninit::<jobexec_config>::zeroed();
        // SAFETY: the place is as large as a configuration, and all zeros are a valid one.
        let config = unsafe { place.assume_init_mut() };
        config.size = size_of::<jobexec_config>() as u64;
        // SAFETY: the place is as large as its size says.
        assert_eq!(unsafe { jobexec_config_init(config) }, JOBEXEC_OK);
        let cpus: Vec<u32> = cpus.all().iter().map(|cpu| *cpu as u32).collect();
        config.workers = workers as u32;
        config.results = window as u32;
        config.queue_per_worker = window as u32;
        config.pinning = JOBEXEC_PIN_LIST;
        config.cpus = cpus.as_ptr();
        config.cpu_count = cpus.len() as u32;
        config.transform = Some(transform);
        configure(config);
        let mut executor = null_mut();
        // SAFETY: the configuration is valid, and its list of CPUs lives on.
        let status = unsafe { jobexec_start(config, PATIENCE_NS, &mut executor) };
        assert_eq!(status, JOBEXEC_OK);
        Abi {
            executor,
            put: black_box(jobexec_put),
            poll: black_box(jobexec_poll),
            poll_wait: black_box(jobexec_poll_wait),
            put_many: black_box(jobexec_put_many),
            poll_many_wait: black_box(jobexec_poll_many_wait),
            jobs: AtomicU64::new(0),
        }
    }

    /// The task that a poll gives, or the poll's other answer.
    #[inline]
    fn take(
        &self,
        poll: impl FnOnce(*mut jobexec_result) -> jobexec_status,
    ) -> Result<Box<Task>, jobexec_status> {
        let mut place = MaybeUninit::<jobexec_result>::uninit();
        let result = place.as_mut_ptr();
        // SAFETY: the size is the first field, and the only one that a poll reads.
        unsafe { result.cast::<u64>().write(size_of::<jobexec_result>() as u64) };
        match poll(result) {
            JOBEXEC_OK => {
                // SAFETY: the poll wrote it.
                assert_eq!(unsafe { (*result).outcome }, JOBEXEC_OUTCOME_DONE);
                // SAFETY: the poll wrote it.
                let payload = unsafe { (*result).payload };
                // SAFETY: a put made the payload from a box, and a poll gives it back once.
                Ok(unsafe { Box::from_raw(payload.cast()) })
            }
            status => Err(status),
        }
    }
}

impl Pool for Abi {
    #[inline]
    fn put(&self, task: Box<Task>) {
        let payload = Box::into_raw(task).cast();
        // SAFETY: the executor lives as long as this; no number is asked for.
        let status = unsafe { (self.put)(self.executor, payload, null_mut()) };
        assert_eq!(status, JOBEXEC_OK);
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        // SAFETY: the executor lives as long as this, and the place is as large as it says.
        self.take(|place| unsafe { (self.poll_wait)(self.executor, PATIENCE_NS, place) }).unwrap()
    }

    #[inline]
    fn try_get(&self) -> Option<Box<Task>> {
        // SAFETY: as above.
        self.take(|place| unsafe { (self.poll)(self.executor, place) }).ok()
    }

    #[inline]
    fn put_many(&self, tasks: &mut Vec<Box<Task>>) {
        let (list, count) = (tasks.as_ptr().cast::<*mut c_void>(), tasks.len() as u64);
        // SAFETY: nothing is dropped: the tasks are the executor's in a moment.
        unsafe { tasks.set_len(0) };
        let mut accepted = 0;
        // SAFETY: the executor lives as long as this, and boxes are pointers.
        let status =
            unsafe { (self.put_many)(self.executor, list, count, &mut accepted, null_mut()) };
        assert_eq!((status, accepted), (JOBEXEC_OK, count));
    }

    #[inline]
    fn get_many(&self, most: usize, tasks: &mut Vec<Box<Task>>) {
        let mut places = [const { MaybeUninit::<jobexec_result>::uninit() }; 8];
        // SAFETY: the size of the first is all that a poll reads.
        unsafe { places[0].as_mut_ptr().cast::<u64>().write(size_of::<jobexec_result>() as u64) };
        let (first, count) = (places[0].as_mut_ptr(), most.min(places.len()) as u64);
        let mut polled = 0;
        // SAFETY: the executor lives as long as this, and there are so many places.
        let status =
            unsafe { (self.poll_many_wait)(self.executor, PATIENCE_NS, first, count, &mut polled) };
        assert_eq!(status, JOBEXEC_OK);
        for place in &places[..polled as usize] {
            let result = place.as_ptr();
            // SAFETY: the poll wrote so many.
            assert_eq!(unsafe { (*result).outcome }, JOBEXEC_OUTCOME_DONE);
            // SAFETY: as above.
            let payload = unsafe { (*result).payload };
            // SAFETY: a put made the payload from a box, and a poll gives it back once.
            tasks.push(unsafe { Box::from_raw(payload.cast()) });
        }
    }

    fn check(&self, tasks: u64) {
        let total = self.jobs.fetch_add(tasks, Ordering::Relaxed) + tasks;
        let mut place = MaybeUninit::<jobexec_counters>::zeroed();
        // SAFETY: the place is as large as the counters, and all zeros are valid ones.
        let counters = unsafe { place.assume_init_mut() };
        counters.size = size_of::<jobexec_counters>() as u64;
        // SAFETY: the executor lives as long as this, and the place is as large as it says.
        assert_eq!(unsafe { jobexec_stats(self.executor, counters) }, JOBEXEC_OK);
        assert_eq!((counters.accepted, counters.done), (total, total));
        assert_eq!((counters.outstanding, counters.restarts), (0, 0));
    }

    fn stop(self: Box<Self>) {
        // SAFETY: the executor is not freed yet.
        assert_eq!(unsafe { jobexec_close(self.executor, PATIENCE_NS) }, JOBEXEC_OK);
        // SAFETY: this is the last use of the executor.
        assert_eq!(unsafe { jobexec_free(self.executor) }, JOBEXEC_OK);
    }
}
