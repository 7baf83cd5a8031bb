//! Serving as a worker process, in Rust.

use crate::batch::{BatchTransform, Batched};
use crate::process::station::{self, Station};
use crate::run::Run;
use crate::status::{Error, Status};

/// Whether this process was started as a worker of a [`crate::BatchExecutor`], perhaps by the same
/// program: then call [`serve_worker`].
pub fn is_worker() -> bool {
    station::is_worker()
}

/// Serves as a worker process until the executor closes. An error if this process is none, or
/// was built with a library that does not fit.
pub fn serve_worker(transform: impl BatchTransform) -> Result<(), Error> {
    let (station, run) = (Station::take()?, Batched(transform));
    let worker = station.worker();
    run.enter(worker).map_err(|text| Error::new(Status::WorkerStart, text))?;
    station.serve(|job| run.run(job));
    run.exit(worker);
    Ok(())
}
