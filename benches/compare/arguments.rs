//! What the command line narrows the run to.

/// Nothing named is everything.
pub(crate) struct Arguments {
    workloads: Vec<String>,
    peers: Vec<String>,
}

impl Arguments {
    /// Names of workloads, and `--peers` with a list; other options are cargo's.
    pub(crate) fn read() -> Arguments {
        let (mut workloads, mut peers) = (Vec::new(), Vec::new());
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            if word == "--peers" {
                let list = words.next().unwrap_or_default();
                peers.extend(list.split(',').map(str::to_owned));
            } else if !word.starts_with('-') {
                workloads.push(word);
            }
        }
        Arguments { workloads, peers }
    }

    /// Ends the run where something is named that is not among these.
    pub(crate) fn check(&self, peers: &[&String], workloads: &[&String]) {
        for peer in &self.peers {
            assert!(peers.contains(&peer), "no peer is called {peer}");
        }
        for part in &self.workloads {
            let is_known = workloads.iter().any(|workload| workload.contains(part.as_str()));
            assert!(is_known, "no workload is called {part}");
        }
    }

    pub(crate) fn wants_workload(&self, name: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|part| name.contains(part.as_str()))
    }

    pub(crate) fn wants_peer(&self, name: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|peer| peer == name)
    }
}
