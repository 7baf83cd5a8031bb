//! What programs of the last release were compiled with is what they find today. Its header is kept
//! here, and a dump of its binary interface.
//!
//! The dump is made from the header: a shared object of all that it declares, by a C compiler. That
//! of the Rust library would have Rust's types too, which change with each compiler. That the library
//! has those functions, and structures of that layout, is tested apart (`main.rs`,
//! `src/ffi/layout.rs`).

use crate::consumer::{programs, say, tool};
use crate::header;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RELEASE: &str = "ffi-tests/abi/0.1.0";

#[test]
fn constants_stay() {
    let (old, new) = (read("jobexec.h"), header());
    let is_constant = |line: &&str| line.starts_with("#define JOBEXEC_") && line.contains(' ');
    let gone: Vec<&str> = old
        .lines()
        .filter(is_constant)
        .filter(|line| !line.contains("_VERSION") && line.split(' ').count() == 3)
        .filter(|line| !new.lines().any(|new| new == *line))
        .collect();
    assert!(gone.is_empty() && old.contains("#define JOBEXEC_OK 0"), "{gone:#?}");
}

#[test]
fn the_binary_interface_only_grows() {
    let dump = Path::new(RELEASE).join(format!("{}.abi", std::env::consts::ARCH));
    if Command::new("abidiff").arg("--version").output().is_err() {
        return say("the binary interface was not compared: there is no abidiff (abigail-tools)");
    }
    if !dump.exists() {
        return say(&format!(
            "the binary interface was not compared: there is no {}",
            dump.display()
        ));
    }
    let (status, said) = compare(&dump, "today", &header());
    assert_eq!(status, 0, "{said}");

    // That it would notice, and that structures may grow.
    let grown =
        ("uint32_t reserved;\n} jobexec_result", "uint32_t reserved, more;\n} jobexec_result");
    let shorter = ("uint64_t timeout_ns);\n", "uint32_t timeout_ns);\n");
    let lost = ("int32_t jobexec_is_worker(void);", "");
    for (name, change, expected) in
        [("grown", grown, 0), ("shorter", shorter, 4), ("lost", lost, 12)]
    {
        let (status, said) = compare(&dump, name, &changed(change));
        assert_eq!(status, expected, "{name}: {said}");
    }
}

/// The rule by which structures may grow has abidiff overlook fields that move; the static
/// assertions do not.
#[test]
fn a_field_that_moves_does_not_compile() {
    let assertions = |header: &str| {
        let file = programs().join("moved.h");
        fs::write(&file, header).expect("a file");
        let mut command = Command::new(tool("CC", "cc"));
        command.args(["-std=c11", "-fsyntax-only", "-Iinclude", "-Iffi-tests", "-include"]);
        let output =
            command.arg(file).arg("ffi-tests/c/test_layout.c").output().expect("a compiler");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(assertions(&header()), "");
    let said = assertions(&changed(("uint32_t session;", "uint64_t session;")));
    assert!(said.contains("jobexec_result.number has moved"), "{said}");
}

/// Today's header, but for a text.
fn changed((old, new): (&str, &str)) -> String {
    let changed = header().replacen(old, new, 1);
    assert_ne!(changed, header(), "{old}");
    changed
}

/// abidiff's status and words about a header, against a dump.
fn compare(dump: &Path, name: &str, header: &str) -> (i32, String) {
    let output = Command::new("abidiff")
        .args(["--no-added-syms", "--suppressions", "ffi-tests/abi/suppressions.ini"])
        .arg(dump)
        .arg(library(name, header))
        .output()
        .expect("abidiff runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

/// A shared object of what a header declares, and nothing in it.
fn library(name: &str, header: &str) -> PathBuf {
    let file = |end: &str| programs().join(format!("{name}.{end}"));
    fs::write(file("h"), header).expect("a file");
    let compile = |arguments: &[&str], input: PathBuf, output: PathBuf| {
        let mut command = Command::new(tool("CC", "cc"));
        command.args(arguments).arg(input).arg("-o").arg(output);
        let output = command.output().expect("a C compiler");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command:?}: {said}");
    };
    let prototypes = file("prototypes");
    let listed = ["-aux-info", prototypes.to_str().expect("a path"), "-xc", "-c"];
    compile(&listed, file("h"), "/dev/null".into());
    let list = fs::read_to_string(prototypes).expect("the compiler's list");
    let ours = list.lines().filter_map(|line| line.split_once("*/ extern "));
    let ours = ours.filter(|(_, prototype)| {
        prototype.contains(" jobexec_") || prototype.contains("*jobexec_")
    });
    let bodies = ours.map(|(_, it)| it.trim().replace(';', " { __builtin_trap(); }\n"));
    let source = format!("#include \"{name}.h\"\n{}", bodies.collect::<String>());
    fs::write(file("c"), source).expect("a file");
    // What is kept of it names no path of a machine.
    let here = format!("-ffile-prefix-map={}/=", programs().display());
    let flags =
        [&here, "-std=gnu2x", "-g", "-shared", "-fPIC", "-Wl,--version-script=cmake/jobexec.map"];
    compile(&flags, file("c"), file("so"));
    file("so")
}

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(RELEASE).join(name)).expect("a file of the release")
}
