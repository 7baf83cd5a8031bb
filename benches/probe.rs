//! Scratch.
use jobexec::*;
use std::time::{Duration, Instant};
fn ours(workers: usize, window: usize, n: usize, timing: bool) -> f64 {
    let config = Config {
        workers: Workers::Count(workers),
        results: window,
        queue_per_worker: window,
        timing,
        ..Config::default()
    };
    let ex = Executor::start(
        &config,
        |_: &mut u64, _: &JobContext| -> Result<(), Failure> { Ok(()) },
        Duration::from_secs(5),
    )
    .unwrap();
    let mut boxes: Vec<Box<u64>> = (0..window).map(|i| Box::new(i as u64)).collect();
    let t = Instant::now();
    let (mut put, mut got) = (0, 0);
    while got < n {
        while put < n
            && let Some(b) = boxes.pop()
        {
            ex.put(b).map_err(|e| e.status).unwrap();
            put += 1;
        }
        let r = ex.poll_wait(Duration::from_secs(5)).unwrap();
        boxes.push(r.payload);
        got += 1;
    }
    let s = n as f64 / t.elapsed().as_secs_f64() / 1e6;
    if std::env::var("V").is_ok() {
        eprintln!("{:?}", ex.stats());
    }
    ex.close(Duration::from_secs(5)).unwrap();
    s
}
fn channel(workers: usize, window: usize, n: usize) -> f64 {
    use crossbeam_channel::bounded;
    let (tx, rx) = bounded::<Box<u64>>(window);
    let (rtx, rrx) = bounded::<Box<u64>>(window);
    let hs: Vec<_> = (0..workers)
        .map(|w| {
            let rx = rx.clone();
            let rtx = rtx.clone();
            std::thread::spawn(move || {
                let ids = core_affinity::get_core_ids().unwrap();
                core_affinity::set_for_current(ids[(ids.len() - 1 - w % ids.len()) % ids.len()]);
                while let Ok(b) = rx.recv() {
                    rtx.send(std::hint::black_box(b)).unwrap();
                }
            })
        })
        .collect();
    let mut boxes: Vec<Box<u64>> = (0..window).map(|i| Box::new(i as u64)).collect();
    let t = Instant::now();
    let (mut put, mut got) = (0, 0);
    while got < n {
        while put < n
            && let Some(b) = boxes.pop()
        {
            tx.send(b).unwrap();
            put += 1;
        }
        boxes.push(rrx.recv().unwrap());
        got += 1;
    }
    let s = n as f64 / t.elapsed().as_secs_f64() / 1e6;
    drop(tx);
    for h in hs {
        h.join().unwrap();
    }
    s
}
fn main() {
    let n = 3_000_000;
    for workers in [1, 2] {
        for window in [4, 64, 1024] {
            let mut v: Vec<(f64, f64, f64)> = (0..7)
                .map(|_| {
                    (
                        ours(workers, window, n, false),
                        channel(workers, window, n),
                        ours(workers, window, n / 4, true),
                    )
                })
                .collect();
            v.sort_by(|a, b| a.0.total_cmp(&b.0));
            let o = v[3].0;
            let (lo, hi) = (v[0].0, v[6].0);
            v.sort_by(|a, b| a.1.total_cmp(&b.1));
            let c = v[3].1;
            let (clo, chi) = (v[0].1, v[6].1);
            v.sort_by(|a, b| a.2.total_cmp(&b.2));
            let t = v[3].2;
            println!(
                "workers {workers} window {window}: ours {o:.1} ({lo:.1}..{hi:.1}) channel {c:.1} ({clo:.1}..{chi:.1}) timed {t:.1} M/s"
            );
        }
    }
}
