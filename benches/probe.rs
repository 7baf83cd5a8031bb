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
    let n: usize = std::env::var("N").map_or(400_000, |x| x.parse().unwrap());
    for workers in [1, 2] {
        for window in [4, 64, 1024] {
            let mut r = vec![];
            let (mut o, mut c) = (vec![], vec![]);
            for _ in 0..15 {
                let a = ours(workers, window, n, false);
                let b = channel(workers, window, n);
                r.push(a / b);
                o.push(a);
                c.push(b);
            }
            for v in [&mut r, &mut o, &mut c] {
                v.sort_by(f64::total_cmp);
            }
            println!(
                "workers {workers} window {window}: ratio {:.2} ({:.2}..{:.2})  ours {:.1} channel {:.1}",
                r[7], r[3], r[11], o[7], c[7]
            );
        }
    }
}
