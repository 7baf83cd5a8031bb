//! The shared library exports what the header declares and nothing else; each header compiles by
//! itself, and when it is included twice, without a warning; and what a release fixed is still so.

#[path = "../consumer.rs"]
mod consumer;
mod release;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

#[test]
fn the_library_exports_what_the_header_declares() {
    let test = env::current_exe().expect("the path of this test");
    let library = fs::read(test.with_file_name("libjobexec.so")).expect("the shared library");
    let (exported, declared) = (exports(&library), declarations(&header()));
    assert!(exported.iter().all(|name| name.starts_with("jobexec_")), "{exported:#?}");
    assert!(declared.contains("jobexec_start"), "{declared:#?}");
    assert_eq!(exported, declared);
}

#[test]
fn the_version_script_has_what_the_header_declares() {
    let script = fs::read_to_string("cmake/jobexec.map").expect("the version script");
    let lines = script.lines().filter_map(|line| line.trim().strip_suffix(';'));
    let listed: BTreeSet<String> =
        lines.filter(|name| name.starts_with("jobexec_")).map(str::to_owned).collect();
    assert_eq!(listed, declarations(&header()));
}

#[test]
fn the_header_has_the_version_of_the_crate() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(header().contains(&format!("#define JOBEXEC_VERSION \"{version}\"\n")));
}

#[test]
fn the_headers_compile_alone_and_twice() {
    let c = (env::var("CC").unwrap_or("cc".into()), "-xc", "-std=c11");
    let cpp = (env::var("CXX").unwrap_or("c++".into()), "-xc++", "-std=c++17");
    for (header, (compiler, language, standard)) in [
        ("jobexec.h", &c),
        ("jobexec.h", &cpp),
        ("jobexec.hpp", &cpp),
        ("jobexec_batches.hpp", &cpp),
        ("jobexec_processes.hpp", &cpp),
    ] {
        let mut command = Command::new(compiler);
        command.args([language, standard, "-fsyntax-only", "-Iinclude"]);
        command.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        command.args(["-include", header, "-include", header, "/dev/null"]);
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{command:?}\n{said}");
    }
}

fn header() -> String {
    fs::read_to_string("include/jobexec.h").expect("the header")
}

/// The functions that a header declares: what stands before a parenthesis, outside of comments.
fn declarations(header: &str) -> BTreeSet<String> {
    let code: String = header
        .split("/*")
        .map(|part| part.split_once("*/").map_or(part, |(_comment, code)| code))
        .collect();
    let name = |text: &str| {
        let start = text.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')? + 1;
        text[start..].starts_with("jobexec_").then(|| text[start..].to_string())
    };
    code.split('(').filter_map(name).collect()
}

/// The symbols that a shared library defines for others: those of its dynamic symbol table (ELF,
/// 64 bits, little endian; see elf(5)) that lie in a section.
fn exports(elf: &[u8]) -> BTreeSet<String> {
    assert!(elf.starts_with(b"\x7fELF\x02\x01"));
    let number = |at: usize, size: usize| {
        elf[at..at + size].iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let section = |index: usize| number(0x28, 8) + index * number(0x3a, 2);
    let offset = |section: usize| number(section + 0x18, 8);
    const SHT_DYNSYM: usize = 11;
    let symbols = (0..number(0x3c, 2)).map(section).find(|at| number(at + 4, 4) == SHT_DYNSYM);
    let symbols = symbols.expect("a dynamic symbol table");
    let names = offset(section(number(symbols + 0x28, 4)));
    let table = offset(symbols)..offset(symbols) + number(symbols + 0x20, 8);
    let defined = table.step_by(24).filter(|symbol| number(symbol + 6, 2) != 0);
    let name = |symbol| {
        let bytes = elf[names + number(symbol, 4)..].iter().take_while(|byte| **byte != 0);
        bytes.map(|byte| char::from(*byte)).collect()
    };
    defined.map(name).collect()
}
