#!/usr/bin/env bash
# Finds or makes a compiler for wasm32-unknown-unknown and prints the word that selects it on
# cargo's command line: nothing when the active toolchain has the target, else `+wasm`.
#
# Debian packages a rustc with the sources of its standard library, though not the library built for
# this target. Where there is no target but there is Debian, that library is built once (under a
# minute) and the result becomes an ordinary rustup toolchain called `wasm`. Elsewhere one rustup
# command does it, and this script says which.
set -euo pipefail

TARGET=wasm32-unknown-unknown
PACKAGES=(rustc-web cargo-web rust-web-src rust-web-clippy lld-22)
RUSTLIB=/usr/lib/rustlib
STANDARD_LIBRARY=$RUSTLIB/$TARGET/lib

main() {
  if [[ -d $(rustc --print sysroot)/lib/rustlib/$TARGET ]]; then return; fi
  if ! debian_has_the_compiler; then
    echo "no compiler for $TARGET here: run \`rustup target add $TARGET\` and start again" >&2
    exit 1
  fi
  {
    install_packages
    link_the_linker
    if ! standard_library_is_current; then build_standard_library; fi
    if ! rustup toolchain list | grep -q '^wasm\b'; then rustup toolchain link wasm /usr; fi
  } >&2
  echo +wasm
}

debian_has_the_compiler() {
  command -v apt-get >/dev/null || return 1
  dpkg --status rustc-web &>/dev/null && return
  as_root apt-get update -qq
  apt-cache show "${PACKAGES[@]}" >/dev/null 2>&1
}

install_packages() {
  dpkg --status "${PACKAGES[@]}" &>/dev/null && return
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${PACKAGES[@]}"
}

# rustc asks for a linker by the name `rust-lld` and looks in its own folder before PATH.
link_the_linker() {
  local folder
  folder=$RUSTLIB/$(/usr/bin/rustc -vV | sed -n 's/^host: //p')/bin
  [[ -e $folder/rust-lld ]] && return
  as_root mkdir -p "$folder"
  as_root ln -s /usr/bin/lld-22 "$folder/rust-lld"
}

standard_library_is_current() {
  [[ $(cat "$STANDARD_LIBRARY/.built-by" 2>/dev/null) == "$(/usr/bin/rustc -V)" ]]
}

# Cargo builds the standard library beside an empty crate; the libraries that fall out are kept.
build_standard_library() {
  local work
  work=$(mktemp -d)
  trap "rm -rf '$work'" EXIT
  mkdir "$work/src"
  touch "$work/src/lib.rs"
  printf '[package]\nname = "empty"\nedition = "2024"\n[workspace]\n' >"$work/Cargo.toml"
  # Bitcode has to be embedded, or a build with `lto` finds nothing to optimise across.
  env --chdir="$work" --unset=RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
    RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
    /usr/bin/cargo build --quiet --release --target $TARGET \
    -Z build-std=std,panic_abort,test,proc_macro
  rm "$work/target/$TARGET/release/deps/"libempty-*
  as_root rm -rf "$STANDARD_LIBRARY"
  as_root mkdir -p "$STANDARD_LIBRARY"
  as_root cp "$work/target/$TARGET/release/deps/"*.rlib "$STANDARD_LIBRARY/"
  /usr/bin/rustc -V | as_root tee "$STANDARD_LIBRARY/.built-by" >/dev/null
  # Cargo cannot see that the standard library under it has changed.
  rm -rf "${CARGO_TARGET_DIR:-target}/$TARGET"
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

main
