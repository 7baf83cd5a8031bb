use super::layout::Head;
use super::*;
use crate::config::MAX_BUFFER_BYTES;
use crate::status::Status;

fn arena(count: usize, input: usize, output: usize) -> Arena {
    let layout = Layout::new(count, input, output).unwrap();
    Arena::new(layout, Pages::Normal, false, Source::Private, Deadline::NEVER).unwrap()
}

#[test]
fn buffers_do_not_overlap_and_are_known_by_their_input() {
    for (input, output) in [(0, 1), (1, 64), (65, 4097), (4096, 0), (100_000, 1 << 20)] {
        let arena = arena(5, input, output);
        let (base, bytes) = arena.region();
        let mut ranges = Vec::new();
        for index in 0..5 {
            let view = arena.view(index);
            assert_eq!(arena.index_of(view.input.cast()), Some(index));
            assert_eq!(arena.index_of(view.input.wrapping_add(1).cast()), None);
            ranges.push((view.head as usize, size_of::<Head>()));
            ranges.push((view.input as usize, input));
            ranges.push((view.output as usize, output));
            assert!((view.input as usize | view.output as usize).is_multiple_of(64));
            assert_eq!(view.header() as usize - view.head as usize, 64);
        }
        assert_eq!(arena.index_of(base.cast()), None);
        assert_eq!(arena.index_of(base.wrapping_add(bytes).cast()), None);
        assert_eq!(arena.index_of(std::ptr::null_mut()), None);
        ranges.sort();
        assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0));
        assert!(ranges[0].0 >= base as usize);
        assert!(ranges[14].0 + ranges[14].1 <= base as usize + bytes);
    }
}

#[test]
fn a_buffer_belongs_to_one_at_a_time() {
    let arena = arena(1, 8, 8);
    let view = arena.acquire().unwrap();
    assert!(arena.acquire().is_none() && !arena.has_free());
    assert_eq!((view.input_used(), view.output_used()), (8, 0));
    assert!(view.set_input(3) && !view.set_input(9) && view.set_output(8));
    assert!(!view.set_output(u64::MAX));
    assert!(!arena.bring(0) && !arena.discard(0));
    assert!(arena.send(0) && !arena.send(0) && !arena.release(0) && !arena.is_held(0));
    assert!(arena.bring(0) && arena.is_held(0) && arena.release(0) && !arena.release(0));
    let view = arena.acquire().unwrap();
    assert_eq!((view.input_used(), view.output_used()), (8, 0));
    assert!(arena.send(0) && arena.discard(0) && arena.has_free());
}

#[test]
fn what_does_not_fit_is_an_error_that_says_so() {
    assert!(Layout::new(1 << 23, MAX_BUFFER_BYTES, MAX_BUFFER_BYTES).is_none());
    let layout = Layout::new(1000, MAX_BUFFER_BYTES / 64, 0).unwrap();
    for source in [Source::Private, Source::Shared] {
        let error =
            Arena::new(layout, Pages::Normal, false, source, Deadline::NEVER).err().unwrap();
        assert_eq!(error.status(), Status::OutOfMemory);
        assert!(error.text().contains(&layout.bytes.to_string()), "{error}");
        assert!(error.text().contains("are available, by /"), "{error}");
    }
}
