//! Builds the C and C++ consumers against the header and the shared library, as a user would, and
//! runs them, and those in Python. A program passes by exit status 0; by 77 it says that it
//! cannot be run here.
//!
//! Environment: `CC`, `CXX` and `PYTHON` name the tools; `JOBEXEC_CFLAGS` are more flags for both
//! compilers, sanitizers for example.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, io};

/// For one program. Those that wait have shorter deadlines of their own.
const DEADLINE: Duration = Duration::from_secs(120);
const SKIPPED: i32 = 77;

#[test]
fn c() {
    run_all(tests("c").map(|source| Consumer::built(&[&source])));
}

#[test]
fn cpp() {
    let whole = tests("cpp").filter(|source| !source.to_string_lossy().ends_with(".other.cpp"));
    run_all(whole.map(|source| {
        let other = source.with_extension("other.cpp");
        let sources = [source.as_path(), &other];
        let mut consumer = Consumer::built(&sources[..1 + usize::from(other.exists())]);
        consumer.command.arg(cpp_trainer());
        consumer
    }));
}

#[test]
fn python() {
    run_all(tests("python").filter_map(|script| Consumer::python(&script)));
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
        let trainer = Consumer::new(format!("trainer.cpp, {count} {kind}, seed {seed}"), command);
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
    let trainer = Consumer::new("trainer.cpp, traced", command);
    trainer.run().unwrap_or_else(|failure| panic!("{failure}"));
    let trace = fs::read_to_string(&file).expect("the trace");
    let runs = trace.matches("\"ph\":\"X\"").count();
    assert!(runs > 1000 && trace.ends_with("]}"), "{runs} runs in {} bytes", trace.len());
}

/// The trainers in C, in C++ and, where there is one, in Python.
fn trainers_with(arguments: &[&str]) -> Vec<Consumer> {
    let c = Consumer::new("ffi-tests/c/trainer.c", Command::new(c_trainer()));
    let cpp = Consumer::new("ffi-tests/cpp/trainer.cpp", Command::new(cpp_trainer()));
    let python = Consumer::python(Path::new("ffi-tests/python/trainer.py"));
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

/// Waits for a program's end, or the instant.
fn await_end(child: &Child, end: Instant) -> io::Result<()> {
    // SAFETY: the call takes numbers.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, child.id(), 0) };
    if handle < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and nobody else's.
    let handle = unsafe { OwnedFd::from_raw_fd(handle as i32) };
    let mut ended = libc::pollfd { fd: handle.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    while ended.revents == 0 && Instant::now() < end {
        let left = end.saturating_duration_since(Instant::now()).as_millis() + 1;
        // SAFETY: one descriptor is given, as is said.
        unsafe { libc::poll(&mut ended, 1, left as i32) };
    }
    Ok(())
}

/// A program that uses the library.
struct Consumer {
    name: String,
    command: Command,
}

impl Consumer {
    fn new(name: impl Into<String>, mut command: Command) -> Consumer {
        with_our_library(&mut command);
        Consumer { name: name.into(), command }
    }

    fn built(sources: &[&Path]) -> Consumer {
        Consumer::new(sources[0].to_string_lossy(), Command::new(compile(sources)))
    }

    /// Nothing where there is no Python.
    fn python(script: &Path) -> Option<Consumer> {
        let mut command = Command::new(tool("PYTHON", "python3"));
        if Command::new(command.get_program()).arg("--version").output().is_err() {
            let (script, python) = (script.display(), command.get_program().display());
            say(&format!("{script} skipped: there is no {python}"));
            return None;
        }
        command.arg("-B").arg(script).env("JOBEXEC_LIBRARY", libraries().join("libjobexec.so"));
        Some(Consumer::new(script.to_string_lossy(), command))
    }

    /// Runs it to its end, or the deadline. What it said comes back, also if it failed.
    fn run(mut self) -> Result<String, String> {
        let name = self.name.clone();
        let start = Instant::now();
        let (status, output) = self.wait().unwrap_or_else(|error| panic!("{name}: {error}"));
        let time = start.elapsed().as_secs_f64();
        match status {
            Some(status) if status.success() => {
                println!("{name} passed after {time:.2} s\n{output}");
                Ok(output)
            }
            Some(status) if status.code() == Some(SKIPPED) => {
                say(&format!("{name} skipped itself: {output}"));
                Ok(output)
            }
            Some(status) => Err(format!("{name} failed with {status} after {time:.2} s\n{output}")),
            None => Err(format!("{name} was killed at the deadline\n{output}")),
        }
    }

    /// The exit status, none at the deadline; and the output. That goes through a file, since a
    /// pipe that nobody empties would hold the program up.
    fn wait(&mut self) -> io::Result<(Option<ExitStatus>, String)> {
        let name = self.name.replace(['/', ' '], "-");
        let path = programs().join(name + ".log");
        let file = File::create(&path)?;
        self.command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let end = Instant::now() + DEADLINE;
        let mut child = self.command.spawn()?;
        await_end(&child, end)?;
        let status = child.try_wait()?;
        if status.is_none() {
            child.kill()?;
            child.wait()?;
        }
        Ok((status, String::from_utf8_lossy(&fs::read(&path)?).into_owned()))
    }
}

/// Runs all, whichever fail.
fn run_all(consumers: impl Iterator<Item = Consumer>) {
    let failures: Vec<String> = consumers.filter_map(|consumer| consumer.run().err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// The files `test_*` of a language, by name.
fn tests(language: &str) -> impl Iterator<Item = PathBuf> {
    let end = if language == "python" { "py" } else { language };
    let folder = fs::read_dir(Path::new("ffi-tests").join(language)).expect("the sources");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a file").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("test_") && path.extension() == Some(OsStr::new(end))
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
    let name = sources[0].display();
    let is_c = sources[0].extension() == Some(OsStr::new("c"));
    let (compiler, standard) =
        if is_c { (tool("CC", "cc"), "c11") } else { (tool("CXX", "c++"), "c++17") };
    let program = programs().join(name.to_string().replace('/', "-"));
    let mut command = Command::new(compiler);
    command
        .arg(format!("-std={standard}"))
        .args("-Wall -Wextra -Wpedantic -Werror -g -O1 -pthread".split(' '))
        .args(["-Iinclude", "-Iffi-tests"])
        .args(env::var("JOBEXEC_CFLAGS").unwrap_or_default().split_whitespace())
        .args(sources)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(libraries())
        .arg(format!("-Wl,-rpath,{}", libraries().display()))
        .args(["-ljobexec", "-lm"]);
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} does not compile by {command:?}\n{said}");
    program
}

/// Says something even if the test passes, where what it prints is not shown.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn tool(variable: &str, usual: &str) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_string())
}

/// Where the shared library is: beside this test, for which the compiler made it in the same go as
/// the one that Rust links. One a folder up may be of an earlier build.
fn libraries() -> PathBuf {
    let test = env::current_exe().expect("the path of this test");
    let folder = test.parent().expect("its folder").to_path_buf();
    assert!(folder.join("libjobexec.so").exists(), "no libjobexec.so in {}", folder.display());
    folder
}

/// Cargo has its tests look for libraries a folder up first, and what they start too.
fn with_our_library(command: &mut Command) -> &mut Command {
    command.env("LD_LIBRARY_PATH", libraries())
}

/// Where the programs are built; a folder for each profile.
fn programs() -> PathBuf {
    let folder = libraries().join("../consumers");
    fs::create_dir_all(&folder).expect("a folder for the programs");
    folder
}
