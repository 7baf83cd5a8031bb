use super::*;

fn run(program: &CStr, arguments: &[&CStr]) -> io::Result<End> {
    let mut number = *b"N=0000000000\0";
    let number_at = number[2..].as_mut_ptr();
    let list = |strings: &[&CStr]| {
        strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
    };
    let (arguments, environment) =
        (list(&[&[program], arguments].concat()), [number.as_ptr().cast(), ptr::null()]);
    let process = Process::spawn(&Spawn {
        program,
        arguments: &arguments,
        environment: &environment,
        number: number_at,
        files: &[],
        output: None,
        cpu: None,
    })?;
    Ok(process.end())
}

#[test]
fn a_process_ends_with_its_code_its_signal_or_does_not_begin() {
    let shell = |script| run(c"/bin/sh", &[c"-c", script]).unwrap();
    assert_eq!(shell(c"exit 3"), End::Exited(3));
    assert_eq!(shell(c"kill -9 $$"), End::Signalled(9));
    assert_eq!(shell(c"test $N = $(printf %010d $$)"), End::Exited(0));
    let missing = run(c"/no/such/program", &[]).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    assert!(missing.to_string().starts_with("exec: "), "{missing}");
}

/// This test's own descriptors that may be inherited do not reach it, nor does its mask.
#[test]
fn a_process_begins_with_nothing_of_its_parents() {
    // SAFETY: the call takes numbers.
    let open = unsafe { libc::fcntl(1, libc::F_DUPFD, 50) };
    assert!(open >= 50);
    // Builtins only: a shell that waits for a program blocks signals itself.
    let script = c"for f in /proc/$$/fd/*; do test ${f##*/} -lt 50 || exit 1; done; \
        while read name value; do case $name$value in \
        SigBlk:*[1-9a-f]*|SigIgn:*[1-9a-f]*) exit 2;; esac; done </proc/$$/status";
    assert_eq!(run(c"/bin/sh", &[c"-c", script]).unwrap(), End::Exited(0));
    // SAFETY: the descriptor is this test's.
    unsafe { libc::close(open) };
}
