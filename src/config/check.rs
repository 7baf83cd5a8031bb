//! Which configurations make sense, and how much room they ask for.

use super::{
    Config, MAX_BUFFER_BYTES, MAX_IN_FLIGHT, MAX_NUMBER, MAX_SESSION, MAX_SPIN_NS, MAX_STAGES,
    MAX_WORKERS, Workers,
};
use crate::status::{Error, Status};

/// The most tries that a job may have beside the first.
const MAX_RETRIES: usize = 1000;

/// The two bounds of an executor's memory, for a number of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// The most jobs that wait for a worker: `queue_per_worker * max(workers, 1)`, and never
    /// more than `in_flight`.
    pub queued: usize,
    /// The most jobs that are accepted and have no outcome yet, wherever they are: `results`,
    /// or `results_per_worker * max(workers, 1)` where that is 0.
    pub in_flight: usize,
}

impl Config {
    /// How many jobs may be in flight with that many workers; the exact formula stands at
    /// [`Capacity`]. `put` answers `Full` exactly when one of the two bounds is reached.
    pub fn capacity(&self, workers: usize) -> Result<Capacity, Error> {
        let lanes = workers.max(1);
        let in_flight = match self.results {
            0 => within("results_per_worker", self.results_per_worker, 1, MAX_IN_FLIGHT)? * lanes,
            results => results,
        };
        let in_flight = within("the number of results", in_flight, 1, MAX_IN_FLIGHT)?;
        let queued = within("queue_per_worker", self.queue_per_worker, 1, MAX_IN_FLIGHT)? * lanes;
        Ok(Capacity { queued: queued.min(in_flight), in_flight })
    }

    /// Whether somebody must watch what jobs do.
    fn has_limits(&self) -> bool {
        self.job_timeout_ns > 0 || self.cancel_kill_ns > 0
    }

    /// Whether something is to be done when its time has come.
    pub(crate) fn needs_warden(&self) -> bool {
        self.has_limits() || self.has_pauses()
    }

    /// Whether jobs wait for their next try.
    pub(crate) fn has_pauses(&self) -> bool {
        self.retries > 0 && self.retry_backoff_ns > 0
    }

    /// Whether payloads may be batches.
    pub(crate) fn has_batches(&self) -> bool {
        self.input_bytes > 0 || self.output_bytes > 0
    }

    /// How many workers there are to be, in all stages.
    pub(crate) fn all_workers(&self) -> Workers {
        match self.stages.is_empty() {
            true => self.workers,
            false => Workers::Count(self.stages.iter().sum()),
        }
    }

    /// Everything that can be said without looking at the machine.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        within("the number of stages", self.stages.len(), 0, MAX_STAGES)?;
        for count in &self.stages {
            within("a stage's workers", *count, 0, MAX_WORKERS)?;
        }
        if self.stages.contains(&0) && self.stages.iter().any(|count| *count > 0) {
            let text = "a stage has no workers, but another has";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        if let Workers::Count(count) = self.all_workers() {
            within("workers", count, 0, MAX_WORKERS)?;
            self.capacity(count)?;
        } else {
            self.capacity(1)?;
        }
        within("local_size", self.local_size, 1, MAX_WORKERS)?;
        within("local_rank", self.local_rank, 0, self.local_size - 1)?;
        within("reserve_cores", self.reserve_cores, 0, MAX_WORKERS)?;
        within("input_bytes", self.input_bytes, 0, MAX_BUFFER_BYTES)?;
        within("output_bytes", self.output_bytes, 0, MAX_BUFFER_BYTES)?;
        within("first_session", self.first_session as usize, 0, MAX_SESSION as usize)?;
        within("first_number", self.first_number as usize, 0, MAX_NUMBER as usize)?;
        within("trace_jobs", self.trace_jobs, 0, MAX_IN_FLIGHT)?;
        if self.trace_jobs > 0 && !self.timing {
            let text = "trace_jobs needs timing: without it, nobody reads a clock";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        within("retries", self.retries as usize, 0, MAX_RETRIES)?;
        if self.has_limits() && !self.timing {
            let text =
                "job_timeout_ns and cancel_kill_ns need timing: without it, nobody reads a clock";
            return Err(Error::new(Status::InvalidArgument, text));
        }
        within("spin_ns", self.spin_ns as usize, 0, MAX_SPIN_NS as usize)?;
        Ok(())
    }
}

fn within(name: &str, value: usize, least: usize, most: usize) -> Result<usize, Error> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    let text = format!("{name} is {value}, which is not between {least} and {most}");
    Err(Error::new(Status::InvalidArgument, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_two_queued_and_three_in_flight_a_worker() {
        let capacity = Config::default().capacity(4).unwrap();
        assert_eq!(capacity, Capacity { queued: 8, in_flight: 12 });
        assert_eq!(Config::default().capacity(0).unwrap(), Capacity { queued: 2, in_flight: 3 });
    }

    #[test]
    fn results_overrides_and_the_queue_is_never_the_larger() {
        let config = Config { results: 5, queue_per_worker: 100, ..Config::default() };
        assert_eq!(config.capacity(3).unwrap(), Capacity { queued: 5, in_flight: 5 });
    }

    #[test]
    fn absurd_values_are_refused_by_name() {
        let bad = [
            (Config { workers: Workers::Count(MAX_WORKERS + 1), ..Config::default() }, "workers"),
            (Config { queue_per_worker: 0, ..Config::default() }, "queue_per_worker"),
            (Config { queue_per_worker: usize::MAX, ..Config::default() }, "queue_per_worker"),
            (Config { results_per_worker: usize::MAX, ..Config::default() }, "results_per_worker"),
            (Config { results_per_worker: 0, ..Config::default() }, "results_per_worker"),
            (Config { results: MAX_IN_FLIGHT + 1, ..Config::default() }, "results"),
            (Config { local_size: 0, ..Config::default() }, "local_size"),
            (Config { local_rank: 1, ..Config::default() }, "local_rank"),
            (Config { spin_ns: MAX_SPIN_NS + 1, ..Config::default() }, "spin_ns"),
        ];
        for (config, name) in bad {
            let error = config.validate().unwrap_err();
            assert_eq!(error.status(), Status::InvalidArgument);
            assert!(error.text().contains(name), "{error}");
        }
        Config::default().validate().unwrap();
    }
}
