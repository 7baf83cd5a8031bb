//! Decides how many workers there are and which CPU each is pinned to.
//!
//! Pure, so that tests can make machines up. The rules follow what is shared: hardware threads
//! share a core (kernel `admin-guide/cputopology.rst`), so each core gets a worker before any
//! gets a second; ranks are processes side by side, so each gets cores of its own; a spent quota
//! stops all threads (`cpu.max`, kernel `admin-guide/cgroup-v2.rst`), so workers beyond it wait.

/// Where the workers run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pinning {
    /// Each worker on a CPU of its own, chosen from those that this process may use.
    Auto,
    /// No worker is pinned; the operating system places them.
    Off,
    /// Worker `i` on the `i`-th of these CPUs, starting over when there are more workers.
    Cpus(Vec<usize>),
}

/// One CPU (hardware thread). CPUs with the same `package` and `core` share a physical core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub(crate) id: usize,
    pub(crate) package: usize,
    pub(crate) core: usize,
}

/// What this process may use of the machine.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Machine {
    pub(crate) allowed: Vec<Cpu>,
    /// CPU time per wall-clock time, in CPUs; None = not limited.
    pub(crate) quota: Option<f64>,
    /// The file that sets the quota.
    pub(crate) quota_source: Option<String>,
    /// The CPU on which the caller (the host's thread) runs.
    pub(crate) current: Option<usize>,
}

impl Machine {
    /// CPUs for each of so many processes: the allowed ones, and no more than the quota is worth.
    fn cores(&self, ranks: usize) -> usize {
        let quota = self.quota.map_or(usize::MAX, |quota| quota.ceil() as usize);
        (self.allowed.len().min(quota) / ranks).max(1)
    }
}

/// What the host asks for.
pub(crate) struct Wish<'a> {
    /// None = as many as fit.
    pub(crate) workers: Option<usize>,
    pub(crate) pinning: &'a Pinning,
    /// Cores of this rank that are kept free for the host.
    pub(crate) reserve: usize,
    pub(crate) local_rank: usize,
    pub(crate) local_size: usize,
}

/// What the host gets.
#[derive(Debug)]
pub(crate) struct Placement {
    /// One entry a worker; None = not pinned.
    pub(crate) cpus: Vec<Option<usize>>,
    /// How many CPUs this process and its workers have in all.
    pub(crate) cores: usize,
    /// One readable line: how the numbers came about.
    pub(crate) source: String,
    pub(crate) warnings: Vec<String>,
}

/// Places the workers, or says in a sentence why the wish cannot be met.
pub(crate) fn place(wish: &Wish, machine: &Machine) -> Result<Placement, String> {
    let (rank, ranks) = (wish.local_rank, wish.local_size);
    if rank >= ranks {
        return Err(format!("local rank {rank} is not below local size {ranks}"));
    }
    if wish.workers == Some(0) {
        return Err("an executor needs at least 1 worker".to_string());
    }
    let Pinning::Cpus(list) = wish.pinning else {
        let mut placement = place_on_own_cores(wish, machine);
        if *wish.pinning == Pinning::Off {
            placement.cpus.fill(None);
            placement.source += ", pinning off";
            placement.warnings.clear();
        }
        return Ok(placement);
    };
    place_on_list(list, wish.workers.unwrap_or(list.len()), machine)
}

fn place_on_list(list: &[usize], workers: usize, machine: &Machine) -> Result<Placement, String> {
    let (listed, allowed) = (list.len(), ranges(machine));
    let refuse = |why: String| Err(format!("{why}; this process may use CPUs {allowed}"));
    if list.is_empty() {
        return refuse("the list of CPUs is empty".to_string());
    }
    for (i, cpu) in list.iter().enumerate() {
        if !machine.allowed.iter().any(|known| known.id == *cpu) {
            return refuse(format!("CPU {cpu} is listed but not allowed"));
        }
        if list[..i].contains(cpu) {
            return refuse(format!("CPU {cpu} is listed more than once"));
        }
    }
    let cores = machine.cores(1);
    let warning = format!("{workers} workers share the {listed} listed CPUs {list:?}");
    Ok(Placement {
        cpus: (0..workers).map(|i| Some(list[i % listed])).collect(),
        cores,
        source: format!("{listed} CPUs listed by the host, all allowed by affinity ({allowed})"),
        warnings: Vec::from_iter((workers > listed).then_some(warning)),
    })
}

fn place_on_own_cores(wish: &Wish, machine: &Machine) -> Placement {
    let (rank, ranks, reserve) = (wish.local_rank, wish.local_size, wish.reserve);
    let mut cpus = machine.allowed.clone();
    cpus.sort_unstable_by_key(|cpu| (cpu.package, cpu.core, cpu.id));
    let same_core = |a: &Cpu, b: &Cpu| (a.package, a.core) == (b.package, b.core);
    let cores: Vec<&[Cpu]> = cpus.chunk_by(same_core).collect();
    // With fewer cores than ranks some ranks would have none: then none is pinned, because a
    // rank that may run anywhere would disturb those that may not.
    let end = if cores.len() < ranks { 0 } else { cores.len() };
    let slice = &cores[rank * end / ranks..(rank + 1) * end / ranks];
    let mut placed = order(slice, reserve, machine.current);
    let share = machine.quota.map(|quota| (quota / ranks as f64) as usize);
    let usable = share.map_or(placed.len(), |cpus| placed.len().min(cpus.max(1)));
    placed.truncate(usable);
    let workers = wish.workers.unwrap_or(usable.max(1));
    placed.resize(workers, None);
    let (all, own, over) = (cores.len(), slice.len(), workers.saturating_sub(usable));
    let warning = match usable {
        0 => format!(
            "no worker is pinned: rank {rank} of {ranks} has {own} of {all} cores, {reserve} reserved"
        ),
        _ => format!("{over} of {workers} workers are not pinned: {usable} CPUs are usable"),
    };
    let file = machine.quota_source.as_deref().unwrap_or("unknown file");
    // Ranks usually run in one container, so the quota is taken to be theirs together.
    let text = |quota| format!("{quota:.2} divided by local size {ranks} ({file})");
    let quota = machine.quota.map_or("none".to_string(), text);
    let (count, allowed) = (cpus.len(), ranges(machine));
    Placement {
        cpus: placed,
        cores: machine.cores(ranks),
        source: format!(
            "{usable} usable CPUs: {count} allowed by affinity ({allowed}), \
             cgroup quota {quota}, rank {rank} of {ranks}, {reserve} reserved"
        ),
        warnings: Vec::from_iter((over > 0).then_some(warning)),
    }
}

/// The CPUs of `cores` less the first `reserve` of these, one of each core before any second one.
/// The host's own core counts as the first if some are reserved, otherwise as the last.
fn order(cores: &[&[Cpu]], reserve: usize, host: Option<usize>) -> Vec<Option<usize>> {
    let of_host = |core: &[Cpu]| core.iter().any(|cpu| Some(cpu.id) == host);
    let mut left = cores.to_vec();
    left.sort_by_key(|core| of_host(core) == (reserve == 0));
    left.drain(..reserve.min(cores.len()));
    let mut threads = Vec::from_iter(left.iter().flat_map(|core| core.iter().enumerate()));
    threads.sort_by_key(|(thread, _)| *thread);
    threads.into_iter().map(|(_, cpu)| Some(cpu.id)).collect()
}

/// The allowed CPUs as `0-3,8`.
fn ranges(machine: &Machine) -> String {
    let mut ids: Vec<usize> = machine.allowed.iter().map(|cpu| cpu.id).collect();
    ids.sort_unstable();
    let runs = ids.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        _ => run[0].to_string(),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::{Pinning::*, *};

    /// One package, numbered as Linux does: all first hardware threads, then all second ones.
    fn machine(cores: usize, threads: usize, current: Option<usize>) -> Machine {
        let cpus = (0..cores * threads).map(|id| (id, 0, id % cores));
        let cpu = |(id, package, core)| Cpu { id, package, core };
        Machine { allowed: cpus.map(cpu).collect(), quota: None, quota_source: None, current }
    }

    /// The CPU of each worker (`-` = not pinned) and a `!` for each warning; or the refusal.
    fn show(on: &Machine, pinning: Pinning, wish: (Option<usize>, usize, usize, usize)) -> String {
        let (workers, reserve, local_rank, local_size) = wish;
        let wish = Wish { workers, pinning: &pinning, reserve, local_rank, local_size };
        let cpu = |cpu: &Option<usize>| cpu.map_or("-".to_string(), |id| id.to_string());
        let text = |placed: Placement| {
            assert!(placed.source.contains(&ranges(on)), "{}", placed.source);
            let cpus = Vec::from_iter(placed.cpus.iter().map(cpu)).join(" ");
            cpus + &"!".repeat(placed.warnings.len())
        };
        place(&wish, on).map_or_else(|refusal| refusal, text)
    }

    #[test]
    fn cores_come_before_second_threads_and_the_hosts_core_is_reserved_first_or_used_last() {
        let mut smt = machine(4, 2, Some(5));
        assert_eq!(show(&smt, Auto, (None, 0, 0, 1)), "0 2 3 1 4 6 7 5");
        assert_eq!(show(&smt, Auto, (None, 2, 0, 1)), "2 3 6 7");
        assert_eq!(show(&smt, Auto, (None, 1, 1, 2)), "3 7");
        assert_eq!(show(&smt, Auto, (None, 4, 0, 1)), "-!");
        smt.allowed[0].package = 9;
        assert_eq!(show(&smt, Auto, (None, 1, 0, 1)), "4 2 3 0 6 7");
    }

    #[test]
    fn ranks_share_no_core_and_leave_none_idle() {
        for (cores, ranks) in (0..100).map(|n| (n / 10, n % 10 + 1)) {
            let smt = machine(cores, 2, Some(1));
            let mut owners = vec![Vec::new(); cores];
            for rank in 0..ranks {
                let text = show(&smt, Auto, (None, 0, rank, ranks));
                let cpus = text.split(' ').filter_map(|cpu| cpu.parse::<usize>().ok());
                cpus.for_each(|cpu| owners[cpu % cores].push(rank));
                assert_eq!(text == "-!", cores < ranks);
            }
            assert!(cores < ranks || owners.iter().all(|c| c.len() == 2 && c[0] == c[1]));
        }
    }

    #[test]
    fn workers_beyond_the_cpus_or_the_quota_are_not_pinned() {
        let mut four = machine(4, 1, Some(0));
        assert_eq!(show(&four, Auto, (Some(6), 0, 0, 1)), "1 2 3 0 - -!");
        four.quota = Some(2.9);
        assert_eq!(show(&four, Auto, (None, 0, 1, 2)), "2");
        assert_eq!(show(&four, Auto, (None, 0, 3, 4)), "3");
        assert_eq!(show(&four, Off, (None, 4, 0, 1)), "-");
        assert_eq!(show(&four, Off, (None, 0, 0, 1)), "- -");
    }

    #[test]
    fn a_list_is_taken_as_it_is_or_refused() {
        let mut some = machine(9, 1, None);
        some.allowed.retain(|cpu| cpu.id < 4 || cpu.id == 8);
        let list = |cpus: &[usize], workers| show(&some, Cpus(cpus.to_vec()), (workers, 9, 1, 2));
        assert_eq!(list(&[8, 1], None), "8 1");
        assert_eq!(list(&[8, 1], Some(3)), "8 1 8!");
        assert!(list(&[], None).ends_with("empty; this process may use CPUs 0-3,8"));
        assert!(list(&[2, 5], None).starts_with("CPU 5 is listed but not allowed"));
        assert!(list(&[2, 2], None).starts_with("CPU 2 is listed more than once"));
        assert!(show(&some, Auto, (None, 0, 1, 1)).contains("local rank 1"));
    }
}
