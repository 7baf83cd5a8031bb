//! Builds the C and C++ consumers against the header and the shared library, as a user would, and
//! runs them, and those in Python.
//!
//! Environment: `CC`, `CXX` and `PYTHON` name the tools; `JOBEXEC_CFLAGS` are more flags for both
//! compilers, `JOBEXEC_LIBS` what is linked in place of the shared library, for sanitizers;
//! `JOBEXEC_UNDER` is a command that C programs run under, valgrind for example; `JOBEXEC_SKIP` are
//! tests, or parts of their names, that such a checker cannot run.

mod consumer;

use consumer::{Consumer, libraries, must, programs, run_all, say, tool};
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

#[test]
fn c() {
    run_all(tests("c").map(|source| under(built(&[&source]))));
}

#[test]
fn cpp() {
    let whole = tests("cpp").filter(|source| !source.to_string_lossy().ends_with(".other.cpp"));
    run_all(whole.map(|source| {
        let other = source.with_extension("other.cpp");
        let sources = [source.as_path(), &other];
        let mut consumer = built(&sources[..1 + usize::from(other.exists())]);
        consumer.command.arg(cpp_trainer());
        consumer
    }));
}

#[test]
fn python() {
    run_all(tests("python").filter_map(|path| script(&path)));
}

#[test]
fn trainers() {
    let all = ["threads", "processes"].map(|workers| trainers_with(&["--workers", workers]));
    run_all(all.into_iter().flatten());
}

/// With one worker, results come in the order of the puts: then nothing that is learned depends on
/// whether it is a thread or a process. Each trainer says its accuracy, and the loss in full.
#[test]
fn trainers_learn_the_same_from_threads_and_processes() {
    let [threads, processes] = ["threads", "processes"].map(|workers| {
        let trainers = trainers_with(&["--workers", workers, "--count", "1"]);
        trainers.into_iter().map(|trainer| {
            let said = trainer.run().unwrap_or_else(|failure| panic!("{failure}"));
            said.lines().find(|line| line.starts_with("accuracy")).unwrap_or_default().to_owned()
        })
    });
    for (thread, process) in threads.zip(processes) {
        assert!(thread.contains(" %, loss 0."), "{thread}");
        assert_eq!(thread, process);
    }
}

/// In order of put, whoever works and however many they are, the weights that are learned are the
/// same in every bit.
#[test]
fn what_is_learned_in_order_does_not_depend_on_the_workers() {
    let learn = |kind: &str, count: &str, seed: &str| {
        let saved = programs().join(format!("weights-{kind}-{count}-{seed}"));
        let mut command = Command::new(cpp_trainer());
        command.args(["--workers", kind, "--count", count, "--seed", seed]);
        command.args(["--ordered", "--quiet", "--save"]).arg(&saved);
        let trainer = ours(format!("trainer.cpp, {count} {kind}, seed {seed}"), command);
        trainer.run().unwrap_or_else(|failure| panic!("{failure}"));
        fs::read(&saved).expect("the weights")
    };
    let weights = learn("threads", "0", "1");
    assert!(weights.len() > 10_000 && weights != learn("threads", "1", "2"));
    for (kind, counts) in [("threads", &["1", "2", "4"]), ("processes", &["1", "2", "4"])] {
        for count in counts {
            assert!(weights == learn(kind, count, "1"), "{count} {kind} learned otherwise");
        }
    }
}

/// The trainer writes a trace of its last jobs.
#[test]
fn a_trainer_is_traced() {
    let file = programs().join("trace.json");
    let mut command = Command::new(cpp_trainer());
    command.args(["--count", "2", "--quiet", "--trace"]).arg(&file);
    let trainer = ours("trainer.cpp, traced", command);
    trainer.run().unwrap_or_else(|failure| panic!("{failure}"));
    let trace = fs::read_to_string(&file).expect("the trace");
    let runs = trace.matches("\"ph\":\"X\"").count();
    assert!(runs > 1000 && trace.ends_with("]}"), "{runs} runs in {} bytes", trace.len());
}

/// The trainers in C, in C++ and, where there is one, in Python.
fn trainers_with(arguments: &[&str]) -> Vec<Consumer> {
    let c = ours("ffi-tests/c/trainer.c", Command::new(c_trainer()));
    let cpp = ours("ffi-tests/cpp/trainer.cpp", Command::new(cpp_trainer()));
    let python = script(Path::new("ffi-tests/python/trainer.py"));
    let mut trainers: Vec<_> = [c, cpp].into_iter().chain(python).collect();
    for trainer in &mut trainers {
        trainer.name = format!("{} {}", trainer.name, arguments.join(" "));
        trainer.command.args(arguments);
    }
    trainers
}

/// The programs in the README do what they say.
#[test]
fn readme() {
    let readme = fs::read_to_string("README.md").expect("the README");
    for (language, end) in [("c", "c"), ("cpp", "cpp")] {
        let block = readme.split_once(&format!("```{language}\n")).expect("a program").1;
        let source = programs().join(format!("readme.{end}"));
        fs::write(&source, block.split_once("```").expect("its end").0).expect("a file");
        let mut program = Command::new(compile(&[&source]));
        let output = with_our_library(&mut program).output().expect("it runs");
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"12\n"[..]));
    }
}

/// A program that finds our library.
fn ours(name: impl Into<String>, mut command: Command) -> Consumer {
    with_our_library(&mut command);
    Consumer::new(name, command)
}

fn built(sources: &[&Path]) -> Consumer {
    ours(sources[0].to_string_lossy(), Command::new(compile(sources)))
}

/// Nothing where there is no Python.
fn script(script: &Path) -> Option<Consumer> {
    let mut command = Command::new(tool("PYTHON", "python3"));
    if Command::new(command.get_program()).arg("--version").output().is_err() {
        let (script, python) = (script.display(), command.get_program().display());
        say(&format!("{script} skipped: there is no {python}"));
        return None;
    }
    command.arg("-B").arg(script).env("JOBEXEC_LIBRARY", libraries().join("libjobexec.so"));
    Some(ours(script.to_string_lossy(), command))
}

/// A program as it is run under a checker.
fn under(mut consumer: Consumer) -> Consumer {
    let words = tool("JOBEXEC_UNDER", "");
    let mut words = words.split_whitespace();
    if let Some(checker) = words.next() {
        let mut command = Command::new(checker);
        command.args(words).arg(consumer.command.get_program());
        with_our_library(&mut command);
        consumer.command = command;
    }
    consumer
}

/// The files `test_*` of a language, by name.
fn tests(language: &str) -> impl Iterator<Item = PathBuf> {
    let end = if language == "python" { "py" } else { language };
    let folder = fs::read_dir(Path::new("ffi-tests").join(language)).expect("the sources");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_test = name.starts_with("test_") && path.extension() == Some(OsStr::new(end));
        let skipped = tool("JOBEXEC_SKIP", "");
        let is_skipped = skipped.split_whitespace().any(|part| name.contains(part));
        if is_test && is_skipped {
            say(&format!("{} skipped, as is asked", path.display()));
        }
        is_test && !is_skipped
    });
    paths.sort();
    paths.into_iter()
}

// Built once, since several tests at the same time run them.

fn c_trainer() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile(&[Path::new("ffi-tests/c/trainer.c")]))
}

fn cpp_trainer() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile(&[Path::new("ffi-tests/cpp/trainer.cpp")]))
}

/// Compiles a program and answers where it is.
fn compile(sources: &[&Path]) -> PathBuf {
    let is_c = sources[0].extension() == Some(OsStr::new("c"));
    let (compiler, standard) =
        if is_c { (tool("CC", "cc"), "-std=c11") } else { (tool("CXX", "c++"), "-std=c++17") };
    let output = |source: &Path, end: &str| {
        programs().join(source.display().to_string().replace('/', "-") + end)
    };
    let object = |source: &&Path| {
        let object = output(source, ".o");
        let mut command = Command::new(&compiler);
        command.args([standard, "-c"]);
        command.args("-Wall -Wextra -Wpedantic -Werror -g -O1 -pthread".split(' '));
        command.args(["-Iinclude", "-Iffi-tests"]);
        command.args(env::var("JOBEXEC_CFLAGS").unwrap_or_default().split_whitespace());
        must(command.arg(source).arg("-o").arg(&object));
        object
    };
    let program = output(sources[0], "");
    let mut command = Command::new(&compiler);
    command.args(sources.iter().map(object)).arg("-o").arg(&program).arg("-pthread");
    let folder = libraries().display().to_string();
    let shared = format!("-L{folder} -Wl,-rpath,{folder} -ljobexec");
    command.args(tool("JOBEXEC_LIBS", &shared).split_whitespace()).arg("-lm");
    must(&mut command);
    program
}

/// Cargo has its tests look for libraries a folder up first, and what they start too.
fn with_our_library(command: &mut Command) -> &mut Command {
    command.env("LD_LIBRARY_PATH", libraries())
}
