//! Pools in C++, as shared libraries: each source in `benches/native` is compiled by `$CXX`, else
//! `c++`, and loaded. They are used as `benches/native/pool.h` says.

use super::task::perform;
use super::{Cpus, Pool, Task};
use std::ffi::{CStr, CString, OsStr, c_void};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::NonNull;

type Run = unsafe extern "C" fn(*mut Task);
type Start = unsafe extern "C" fn(u64, u64, *const i32, u64, Run) -> *mut c_void;
type Put = unsafe extern "C" fn(*mut c_void, *mut Task);
type Get = unsafe extern "C" fn(*mut c_void) -> *mut Task;
type PutMany = unsafe extern "C" fn(*mut c_void, *mut *mut Task, u64);
type GetMany = unsafe extern "C" fn(*mut c_void, *mut *mut Task, u64) -> u64;
type Stop = unsafe extern "C" fn(*mut c_void);

/// A kind of pool, loaded for as long as this process lives.
#[derive(Clone, Copy)]
pub(crate) struct Library {
    start: Start,
    put: Put,
    get: Get,
    put_many: PutMany,
    get_many: GetMany,
    stop: Stop,
}

impl Library {
    /// The sources that there are.
    pub(crate) fn sources() -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/native");
        let files = fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path());
        let mut sources: Vec<PathBuf> =
            files.filter(|file| file.extension() == Some(OsStr::new("cpp"))).collect();
        sources.sort();
        sources
    }

    /// Compiles and loads it; else why not.
    pub(crate) fn load(source: &Path) -> Result<Library, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("native");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let library = folder.join(source.file_stem().unwrap()).with_extension("so");
        compile(source, &library)?;
        let path = CString::new(library.as_os_str().as_bytes()).unwrap();
        // SAFETY: the path is a C string; the library's initialisers are those of C++.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let handle = NonNull::new(handle).ok_or_else(error)?;
        let symbol = |name: &CStr| {
            // SAFETY: the handle is open, and the name a C string.
            let symbol = unsafe { libc::dlsym(handle.as_ptr(), name.as_ptr()) };
            NonNull::new(symbol).map(NonNull::as_ptr).ok_or_else(error)
        };
        let [start, put, get] =
            [symbol(c"pool_start")?, symbol(c"pool_put")?, symbol(c"pool_get")?];
        let [put_many, get_many] = [symbol(c"pool_put_many")?, symbol(c"pool_get_many")?];
        let stop = symbol(c"pool_stop")?;
        Ok(Library {
            // SAFETY: pool.h declares it so, and every source includes that.
            start: unsafe { std::mem::transmute::<*mut c_void, Start>(start) },
            // SAFETY: as above.
            put: unsafe { std::mem::transmute::<*mut c_void, Put>(put) },
            // SAFETY: as above.
            get: unsafe { std::mem::transmute::<*mut c_void, Get>(get) },
            // SAFETY: as above.
            put_many: unsafe { std::mem::transmute::<*mut c_void, PutMany>(put_many) },
            // SAFETY: as above.
            get_many: unsafe { std::mem::transmute::<*mut c_void, GetMany>(get_many) },
            // SAFETY: as above.
            stop: unsafe { std::mem::transmute::<*mut c_void, Stop>(stop) },
        })
    }

    pub(crate) fn pool(&self, workers: usize, window: usize, cpus: &Cpus) -> Native {
        let cpus: Vec<i32> = cpus.all().iter().map(|cpu| *cpu as i32).collect();
        let (workers, window, count) = (workers as u64, window as u64, cpus.len() as u64);
        // SAFETY: so many CPUs are listed, and the callback takes what is put.
        let pool = unsafe { (self.start)(workers, window, cpus.as_ptr(), count, perform) };
        assert!(!pool.is_null());
        Native { library: *self, pool }
    }
}

/// What the loader says of the last call.
fn error() -> String {
    // SAFETY: the call takes nothing.
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "the loader does not say why".to_owned();
    }
    // SAFETY: the text is valid until this thread's next call of the loader.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// What a comment among the first lines of a source names, as `// link: -ltbb`.
fn named<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    let comments = text.lines().take(2).filter_map(|line| line.strip_prefix("// "));
    let mut values = comments.filter_map(|comment| comment.strip_prefix(what));
    values.find_map(|value| value.strip_prefix(": "))
}

fn compile(source: &Path, library: &Path) -> Result<(), String> {
    let text = fs::read_to_string(source).map_err(|error| error.to_string())?;
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("c++"));
    command.args(words).args("-O3 -DNDEBUG -std=c++17 -fPIC -shared -pthread".split(' '));
    command.arg("-o").arg(library).arg(source);
    command.args(named(&text, "link").unwrap_or_default().split_whitespace());
    let output = command.output().map_err(|error| format!("{compiler}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let why = printed.lines().find(|line| line.contains("error")).unwrap_or("it does not compile");
    match named(&text, "package") {
        Some(package) => Err(format!("needs the package {package}: {why}")),
        None => Err(why.to_owned()),
    }
}

/// A pool in C++.
pub(crate) struct Native {
    library: Library,
    pool: *mut c_void,
}

// SAFETY: pool.h lets any thread of the host call it.
unsafe impl Send for Native {}
// SAFETY: as above, several at once.
unsafe impl Sync for Native {}

impl Pool for Native {
    #[inline]
    fn put(&self, task: Box<Task>) {
        // SAFETY: the pool is not stopped; the task is its own until a get gives it back.
        unsafe { (self.library.put)(self.pool, Box::into_raw(task)) };
    }

    #[inline]
    fn get(&self) -> Box<Task> {
        // SAFETY: the pool is not stopped.
        let task = unsafe { (self.library.get)(self.pool) };
        // SAFETY: a put made it from a box, and a get gives it back once.
        unsafe { Box::from_raw(task) }
    }

    /// There is no get that does not wait.
    fn try_get(&self) -> Option<Box<Task>> {
        None
    }

    #[inline]
    fn put_many(&self, tasks: &mut Vec<Box<Task>>) {
        let (first, count) = (tasks.as_mut_ptr().cast(), tasks.len() as u64);
        // SAFETY: so many boxes, which are pointers, are there; they are given away below.
        unsafe { (self.library.put_many)(self.pool, first, count) };
        // SAFETY: nothing is left to drop, for the tasks are the pool's.
        unsafe { tasks.set_len(0) };
    }

    #[inline]
    fn get_many(&self, most: usize, tasks: &mut Vec<Box<Task>>) {
        tasks.reserve(most);
        let place = tasks.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: there is room for so many pointers.
        let count = unsafe { (self.library.get_many)(self.pool, place, most as u64) };
        assert!((1..=most as u64).contains(&count));
        // SAFETY: so many were written, each of which a put made from a box.
        unsafe { tasks.set_len(tasks.len() + count as usize) };
    }

    /// Only the host's own sums tell: what has come back is what was put.
    fn check(&self, _tasks: u64) {}

    fn stop(self: Box<Self>) {
        // SAFETY: this is the last use of the pool.
        unsafe { (self.library.stop)(self.pool) };
    }
}
