//! Installs the library, moves it elsewhere, and has programs outside of the tree use it from
//! there: in C by pkg-config, in C++ by CMake, and in other languages by what each calls C with. All
//! train on the digits. What a machine lacks is skipped, and said.

mod consumer;

use consumer::{Consumer, must, programs, run_all, say, tool};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const DATA: &str = "ffi-tests/data/optdigits.csv";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where it is installed. Nothing where there is no CMake.
fn prefix() -> Option<&'static Path> {
    static PREFIX: OnceLock<Option<PathBuf>> = OnceLock::new();
    let install = || {
        if !is_there("cmake", "--version") {
            return None;
        }
        let (build, first, moved) = (folder("build"), folder("first"), folder("moved"));
        let _ = (fs::remove_dir_all(&first), fs::remove_dir_all(&moved));
        let prefix = format!("-DCMAKE_INSTALL_PREFIX={}", first.display());
        must(Command::new("cmake").args(["-S", "."]).arg("-B").arg(&build).args([
            prefix,
            "-DCMAKE_INSTALL_LIBDIR=lib".to_owned(),
            shared_target_dir(),
        ]));
        must(Command::new("cmake").arg("--build").arg(&build).args(["--target", "install"]));
        fs::rename(&first, &moved).expect("it can be moved");
        Some(moved)
    };
    PREFIX.get_or_init(install).as_deref()
}

#[test]
fn the_prefix_has_what_a_system_library_has() {
    let Some(prefix) = prefix() else { return };
    let lib = prefix.join("lib");
    let links = ["libjobexec.so", "libjobexec.so.0"].map(|name| fs::read_link(lib.join(name)));
    let links = links.map(|link| link.expect("a link").to_string_lossy().into_owned());
    assert_eq!(links, ["libjobexec.so.0".to_owned(), format!("libjobexec.so.{VERSION}")]);
    for file in [
        "include/jobexec.h",
        "include/jobexec.hpp",
        "include/jobexec_batches.hpp",
        "include/jobexec_processes.hpp",
        "lib/libjobexec.a",
        "lib/cmake/jobexec/jobexec-config.cmake",
        "lib/cmake/jobexec/jobexec-config-version.cmake",
        "share/doc/jobexec/LICENSE",
    ] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
    let library = lib.join("libjobexec.so");
    let dynamic = must(Command::new("readelf").arg("-dW").arg(&library));
    assert!(dynamic.contains("[libjobexec.so.0]") && dynamic.contains("NODELETE"), "{dynamic}");
    if let Some(mut command) = pkg_config(prefix) {
        assert_eq!(must(command.arg("--modversion")).trim(), VERSION);
    }
}

#[test]
fn no_other_symbol_is_to_be_seen() {
    let Some(prefix) = prefix() else { return };
    let script = fs::read_to_string("cmake/jobexec.map").expect("the version script");
    let listed = |end: &str| -> BTreeSet<String> {
        let names = script.lines().filter_map(|line| line.trim().strip_suffix(';'));
        names
            .filter(|name| name.starts_with("jobexec_"))
            .map(|name| format!("{name}{end}"))
            .collect()
    };
    let seen = |option: &str, file: &str| -> BTreeSet<String> {
        let mut nm = Command::new("nm");
        let names = must(nm.args([option, "--defined-only"]).arg(prefix.join("lib").join(file)));
        let names = names.lines().filter_map(|line| line.split(' ').nth(2));
        names.map(str::to_owned).filter(|name| name != "JOBEXEC_0.1").collect()
    };
    assert!(listed("").contains("jobexec_put"));
    assert_eq!(seen("-D", "libjobexec.so"), listed("@@JOBEXEC_0.1"));
    assert_eq!(seen("-g", "libjobexec.a"), listed(""));
}

/// In either order: what each has of Rust's standard library is its own.
#[test]
fn another_library_in_rust_fits_beside_it() {
    let Some(prefix) = prefix() else { return };
    let (ours, other) = (prefix.join("lib/libjobexec.a"), folder("two").join("libother.a"));
    let mut rustc = Command::new(tool("RUSTC", "rustc"));
    rustc.args(["--edition", "2024", "--crate-type", "staticlib", "-O", "ffi-tests/two/other.rs"]);
    must(rustc.arg("-o").arg(&other));
    let run = |(name, archives): (&str, [&Path; 2])| {
        let path = folder("two").join(name);
        let mut compiler = Command::new(tool("CC", "cc"));
        compiler.arg("ffi-tests/two/program.c").arg("-I").arg(prefix.join("include"));
        compiler.args(archives).args(["-lm", "-lpthread", "-ldl", "-o"]).arg(&path);
        must(&mut compiler);
        Consumer::new(name, outside(prefix, &path))
    };
    let orders = [("ours-first", [&*ours, &*other]), ("ours-last", [&*other, &*ours])];
    run_all(orders.map(run).into_iter());
}

#[test]
fn c_by_pkg_config() {
    let Some(prefix) = prefix() else { return };
    let Some(mut command) = pkg_config(prefix) else { return };
    let flags = must(command.args(["--cflags", "--libs", "--static"]));
    let program = |name: &str, more: &[&str]| {
        let path = programs().join(name);
        let mut compiler = Command::new(tool("CC", "cc"));
        compiler.args(["-std=c11", "-O1", "ffi-tests/c/trainer.c"]).args(flags.split_whitespace());
        must(compiler.arg("-lm").args(more).arg("-o").arg(&path));
        let run = |workers| {
            let mut command = outside(prefix, &path);
            command.args(["--workers", workers]).arg(data());
            Consumer::new(format!("{name}, {workers}"), command)
        };
        ["threads", "processes"].map(run)
    };
    let [shared, whole] = [("installed-c", &[][..]), ("installed-c-static", &["-static"])];
    run_all([shared, whole].into_iter().flat_map(|(name, more)| program(name, more)));
}

#[test]
fn cpp_by_cmake() {
    let Some(prefix) = prefix() else { return };
    let run = |kind: &str| {
        let options = [
            format!("-DCMAKE_PREFIX_PATH={}", prefix.display()),
            format!("-DKIND={kind}"),
            format!("-DTRAINER={}", root().join("ffi-tests/cpp/trainer.cpp").display()),
        ];
        cmake_trainer("package", kind, &options)
    };
    run_all(["shared", "static"].map(run).into_iter());
}

#[test]
fn cpp_with_the_sources() {
    if prefix().is_none() {
        return;
    }
    let run = |(name, more): (&str, &str)| {
        let sources = format!("-DJOBEXEC={}", root().display());
        let options = [sources, more.to_owned(), shared_target_dir()];
        cmake_trainer("subdirectory", name, &options)
    };
    let kinds = [("shared", "-DFETCH=ON"), ("static", "-DJOBEXEC_STATIC=ON")];
    run_all(kinds.map(run).into_iter());
}

#[test]
fn python_by_ctypes() {
    let Some(prefix) = prefix() else { return };
    let python = tool("PYTHON", "python3");
    if is_there(&python, "--version") {
        run_all(["threads", "processes"].into_iter().map(|workers| {
            let mut command = outside(prefix, &python);
            command.arg("-B").arg(root().join("ffi-tests/python/trainer.py"));
            command.args(["--workers", workers]).arg(data());
            command.env("JOBEXEC_LIBRARY", prefix.join("lib/libjobexec.so.0"));
            Consumer::new(format!("trainer.py, {workers}"), command)
        }));
    }
}

#[test]
fn lua_by_ffi() {
    script("luajit", "-v", "ffi-tests/lua/digits.lua");
}

#[test]
fn ruby_by_fiddle() {
    script("ruby", "--version", "ffi-tests/ruby/digits.rb");
}

#[test]
fn go_by_cgo() {
    let Some(prefix) = prefix() else { return };
    if is_there("go", "version") && pkg_config(prefix).is_some() {
        let program = programs().join("installed-go");
        let mut build = outside(prefix, "go");
        build.args(["build", "-o"]).arg(&program).arg(root().join("ffi-tests/go/digits.go"));
        must(build.env("GOCACHE", folder("go")));
        let mut command = outside(prefix, &program);
        command.arg(data());
        run_all([Consumer::new("digits.go", command)].into_iter());
    }
}

/// A program that was compiled with the first release's header.
#[test]
fn an_old_program_runs() {
    let Some(prefix) = prefix() else { return };
    let program = programs().join("installed-old");
    let mut compiler = Command::new(tool("CC", "cc"));
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]);
    compiler.args(["-Iffi-tests/abi/0.1.0", "ffi-tests/abi/0.1.0/program.c", "-o"]).arg(&program);
    must(compiler.arg("-L").arg(prefix.join("lib")).arg("-ljobexec"));
    run_all([Consumer::new("a program of 0.1.0", outside(prefix, &program))].into_iter());
}

/// Trains by a program of an interpreter.
fn script(interpreter: &str, version: &str, path: &str) {
    let Some(prefix) = prefix() else { return };
    if is_there(interpreter, version) && pkg_config(prefix).is_some() {
        let mut command = outside(prefix, interpreter);
        command.arg(root().join(path)).arg(data());
        run_all([Consumer::new(path, command)].into_iter());
    }
}

/// Builds the trainer of a CMake project of ours.
fn cmake_trainer(project: &str, kind: &str, options: &[String]) -> Consumer {
    let build = folder(&format!("{project}-{kind}"));
    let source = root().join("ffi-tests/cmake").join(project);
    must(Command::new("cmake").arg("-S").arg(source).arg("-B").arg(&build).args(options));
    must(Command::new("cmake").arg("--build").arg(&build));
    let mut command = Command::new(build.join("trainer"));
    command.current_dir(&build).env_remove("LD_LIBRARY_PATH");
    command.arg("--quiet").arg("--data").arg(data());
    Consumer::new(format!("trainer.cpp, {project}, {kind}"), command)
}

/// A command that runs where nothing of ours is, and knows where the library is installed.
fn outside(prefix: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder("outside"));
    command.env("LD_LIBRARY_PATH", prefix.join("lib"));
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    command
}

/// Nothing where there is none.
fn pkg_config(prefix: &Path) -> Option<Command> {
    is_there("pkg-config", "--version").then(|| {
        let mut command = outside(prefix, "pkg-config");
        command.arg("jobexec");
        command
    })
}

fn is_there(tool: &str, version: &str) -> bool {
    let is_there = Command::new(tool).arg(version).output().is_ok();
    if !is_there {
        say(&format!("skipped: there is no {tool}"));
    }
    is_there
}

/// All builds by CMake share what cargo builds.
fn shared_target_dir() -> String {
    format!("-DJOBEXEC_TARGET_DIR={}", folder("cargo").display())
}

fn folder(name: &str) -> PathBuf {
    let folder = programs().join("../installed").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder.canonicalize().expect("its path")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn data() -> PathBuf {
    root().join(DATA)
}
