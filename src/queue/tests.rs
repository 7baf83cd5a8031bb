use super::*;

#[test]
fn jobs_come_as_they_were_put() {
    for (timed, limited) in [(false, false), (true, false), (true, true)] {
        let jobs = Jobs::new(3, timed, limited);
        for position in 0..20 {
            let (payload, created) = ((8 * position) as *mut c_void, 100 + position);
            let (id, limit) = (Id(position << 36 | 5), 200 + position);
            jobs.push(Job { id, payload, created, position, limit, tries: 0 });
            assert!(jobs.has(0) && !jobs.has(1));
            assert!(jobs.pop_if(|id| id.session() as u64 != position).is_none());
            let job = jobs.pop().unwrap();
            assert_eq!((job.id.session() as u64, job.id.number()), (position, 5));
            assert_eq!((job.payload, job.position), (payload, position));
            assert_eq!(job.created, if timed { created } else { 0 });
            assert_eq!(job.limit, if limited { limit } else { 0 });
            assert!(!jobs.has(0) && jobs.pop().is_none());
            assert_eq!(jobs.taken(), position + 1);
        }
    }
}
