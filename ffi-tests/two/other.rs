//! Another library written in Rust, to be linked beside ours. It allocates and unwinds.

/// 4, if all works.
#[unsafe(no_mangle)]
pub extern "C" fn other_counts() -> i32 {
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(1))).is_err();
    let words: Vec<String> = (0..3).map(|number| number.to_string()).collect();
    words.len() as i32 + i32::from(caught)
}
