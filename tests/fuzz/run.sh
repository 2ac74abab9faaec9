#!/usr/bin/env bash
# tests/fuzz/run.sh [seconds] [target…]
#
# Runs each fuzz target, or these, for so many seconds (60 unless told), adds what it found worth
# keeping to the corpus, and prints a table. Fails if a target found something; the bytes are then in
# tests/fuzz/artifacts. It needs a nightly compiler, for the coverage that guides the fuzzer.
set -euo pipefail
cd "$(dirname "$0")"

TOOLS=${GRANTFLOW_TOOLS:-$HOME/.cache/grantflow/tools}
CARGO_FUZZ=0.13.2
# Each run adds at most so many files to a corpus, none of them larger.
MOST_NEW=40
LARGEST=2048
WORK=${CARGO_TARGET_DIR:-target}/work

main() {
  local seconds=${1:-60} target status=0
  export RUSTUP_TOOLCHAIN=nightly
  if ! cargo --version >/dev/null 2>&1; then
    echo "note: there is no nightly compiler, so nothing was fuzzed (rustup toolchain install nightly)"
    return
  fi
  install_cargo_fuzz
  shift $(($# > 0))
  if (($# == 0)); then set -- $(basename -s .rs fuzz_targets/*.rs); fi
  fuzz build
  printf '%-18s %12s %8s %8s  %s\n' target executions seconds corpus findings
  for target in "$@"; do
    run "$target" "$seconds" || status=1
  done
  return $status
}

install_cargo_fuzz() {
  if "$TOOLS/bin/cargo-fuzz" --version 2>/dev/null | grep -qw "$CARGO_FUZZ"; then return; fi
  cargo install --quiet --locked --root "$TOOLS" "cargo-fuzz@$CARGO_FUZZ"
}

# No code of ours is unsafe, so a sanitizer would find nothing there and take half of the speed.
fuzz() {
  local command=$1
  shift
  "$TOOLS/bin/cargo-fuzz" "$command" --fuzz-dir . --sanitizer none "$@"
}

run() {
  local target=$1 seconds=$2 log findings="none" status=0
  mkdir -p "$WORK/$target" "corpus/$target"
  log=$WORK/$target.log
  fuzz run "$target" "$WORK/$target" "corpus/$target" -- \
    -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
    >"$log" 2>&1 </dev/null || status=$?
  if ((status != 0)); then
    findings=$(grep -om 1 'artifacts/[^ ]*' "$log" || echo "see $log")
  fi
  keep_what_is_new "$target"
  printf '%-18s %12s %8s %8s  %s\n' "$target" "$(stat_of "$log" number_of_executed_units)" \
    "$seconds" "$(ls "corpus/$target" | wc -l)" "$findings"
  return $status
}

# What reaches something that the corpus does not, in as few files as it takes.
keep_what_is_new() {
  local target=$1 new=$WORK/$1.new file
  rm -rf "$new" && mkdir "$new"
  cp "corpus/$target"/* "$new"
  fuzz run "$target" "$new" "$WORK/$target" -- \
    -set_cover_merge=1 >"$WORK/$target.merge.log" 2>&1 </dev/null || return 0
  find "$new" -type f -size -"${LARGEST}c" -printf '%s %f\n' | sort -n | cut -d ' ' -f 2 |
    while read -r file; do
      if [[ ! -e corpus/$target/$file ]]; then echo "$file"; fi
    done | head -n "$MOST_NEW" |
    while read -r file; do cp "$new/$file" "corpus/$target"; done
}

stat_of() {
  sed -n "s/^stat::$2: *//p" "$1" | tail -n 1
}

main "$@"
