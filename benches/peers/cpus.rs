//! Who runs where.

use core_affinity::CoreId;

/// The CPUs that this process may use. The host gets the first; the workers get the others in
/// turn and the host's last, as they do by `Pinning::Auto`.
pub(crate) struct Cpus(Vec<usize>);

impl Cpus {
    /// Those of the calling thread, which is not pinned yet.
    pub(crate) fn read() -> Cpus {
        let mut cpus: Vec<usize> =
            core_affinity::get_core_ids().unwrap_or_default().iter().map(|cpu| cpu.id).collect();
        assert!(cpus.len() >= 2, "the benches need two CPUs");
        cpus.rotate_left(1);
        Cpus(cpus)
    }

    /// In the order in which workers get them.
    pub(crate) fn all(&self) -> &[usize] {
        &self.0
    }

    /// The CPU of a worker.
    pub(crate) fn worker(&self, index: usize) -> usize {
        self.0[index % self.0.len()]
    }

    /// The CPU of the host.
    pub(crate) fn host(&self) -> usize {
        self.0[self.0.len() - 1]
    }

    /// The CPU of the host's second thread: the last that workers get.
    pub(crate) fn second_host(&self) -> usize {
        self.0[self.0.len() - 2]
    }

    /// Pins the calling thread as the host. Executors are started before: they are allowed the
    /// CPUs of the thread that starts them.
    pub(crate) fn pin_host(&self) {
        pin(self.host());
    }
}

/// Pins the calling thread.
pub(crate) fn pin(cpu: usize) {
    assert!(core_affinity::set_for_current(CoreId { id: cpu }), "CPU {cpu} cannot be had");
}
