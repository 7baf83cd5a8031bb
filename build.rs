//! Makes `include/jobexec.h` from `src/ffi`. It is written only where it differs, so that a
//! build of unchanged sources changes nothing; CI fails if it does.

use std::path::Path;
use std::{env, fs};

/// In the order of the header.
const FILES: [&str; 18] = [
    "status.rs",
    "error.rs",
    "callbacks.rs",
    "config.rs",
    "configure.rs",
    "handle.rs",
    "lifecycle.rs",
    "result.rs",
    "calls.rs",
    "limits.rs",
    "cancel.rs",
    "many.rs",
    "event_fd.rs",
    "buffer.rs",
    "job.rs",
    "worker.rs",
    "inspect.rs",
    "report.rs",
];

fn main() {
    header();
    // Its threads may still run where a host has closed its handle of the library.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // A negative control takes one fence away (see the models): a cfg of this crate alone, so
    // that nothing else is built anew.
    println!("cargo:rerun-if-env-changed=JOBEXEC_CONTROL");
    if let Ok(control) = env::var("JOBEXEC_CONTROL") {
        println!("cargo:rustc-cfg=control=\"{control}\"");
    }
}

fn header() {
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=Cargo.toml");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=include/jobexec.h");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo names the package's folder");
    let root = Path::new(&root);
    let mut config =
        cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    config.after_includes = Some(version());
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(root.join("src/ffi").join(file));
    }
    let bindings = builder.generate().expect("src/ffi can be exported");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let header = root.join("include/jobexec.h");
    if fs::read(&header).ok().as_deref() != Some(&made[..]) {
        fs::write(&header, &made).expect("include/jobexec.h can be written");
    }
}

/// The version as the preprocessor sees it.
fn version() -> String {
    let part = |name: &str| env::var(format!("CARGO_PKG_VERSION{name}")).expect("cargo sets it");
    let mut text = String::from(
        "\n/**\n * The version of this header; the library's is jobexec_version.\n */\n",
    );
    for name in ["_MAJOR", "_MINOR", "_PATCH"] {
        text += &format!("#define JOBEXEC_VERSION{name} {}\n", part(name));
    }
    text + &format!("#define JOBEXEC_VERSION \"{}\"", part(""))
}
