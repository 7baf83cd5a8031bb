use super::*;

#[test]
fn a_stamp_says_how_long_ago_a_sleeper_was_woken() {
    let round = 1 << 42; // The stamp's 32 bits, of 1,024 ns each.
    for now in [0, 5_000, round - 10_000, round, 7 * round + 3_000] {
        let word = awake_at(now);
        assert_eq!(word as u32, AWAKE as u32); // Or the futex would sleep on.
        for later in [0, 5_000, 60_000_000] {
            assert!(since(word, now + later).abs_diff(later) <= 1_024);
        }
    }
    // Without a stamp, or from a broken partner: some number, of which `Pace` takes the plausible.
    assert_eq!(since(u64::MAX, 0), 1_024);
}
