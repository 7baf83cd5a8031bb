#!/bin/sh
# Builds the library and the trainer, and trains. Arguments go to the trainer.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
case $target in
    /*) ;;
    *) target=$PWD/$target ;;
esac
libs=$target/release
(cd "$root" && cargo build --release --quiet --target-dir "$target")
"${CXX:-g++}" -O2 -std=c++17 -I"$root/include" "$root/ffi-tests/cpp/trainer.cpp" \
    -o "$libs/trainer" -L"$libs" -ljobexec -Wl,-rpath,"$libs" -pthread
exec "$libs/trainer" --data "$root/ffi-tests/data/optdigits.csv" "$@"
