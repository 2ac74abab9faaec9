#!/usr/bin/env bash
# How much of the core its tests reach, by lines and, where there is a nightly compiler, by branches.
# Prints the table of llvm-cov, and with `--missing` every line and every side of a branch that nothing took.
set -euo pipefail
cd "$(dirname "$0")/../.."

WORK=${CARGO_TARGET_DIR:-$PWD/target}/coverage
# Those whose subject the core is, or that take it through its adapter.
SUITES=(core allocations fuzz native)
export CARGO_TARGET_DIR=$WORK LLVM_PROFILE_FILE=$WORK/raw/%m-%p.profraw

main() {
  local toolchain=() options=(-Cinstrument-coverage) binaries=() binary
  if rustup toolchain list 2>/dev/null | grep -q ^nightly; then
    toolchain=(+nightly) options+=(-Zcoverage-options=branch)
  else
    echo "note: there is no nightly compiler here, so branches were not counted"
  fi
  find_tools "$(rustc "${toolchain[@]}" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"

  rm -rf "$WORK/raw"
  RUSTFLAGS="${options[*]}" cargo "${toolchain[@]}" test --quiet -p grantflow-core --lib --all-features
  while read -r binary; do binaries+=("$binary"); done < <(
    RUSTFLAGS="${options[*]}" cargo "${toolchain[@]}" test -p grantflow-tests --all-features \
      "${SUITES[@]/#/--test=}" --no-run --message-format=json |
      sed -n 's|.*"executable":"\([^"]*/deps/[^"]*\)".*|\1|p'
  )
  for binary in "${binaries[@]}"; do (cd tests && "$binary" --quiet); done
  # Of programs that a test started with no more of an environment than it wanted.
  find tests -name 'default_*.profraw' -delete
  "$PROFDATA" merge --sparse "$WORK"/raw/*.profraw -o "$WORK/core.profdata"

  local of=(--instr-profile "$WORK/core.profdata" "${binaries[@]/#/--object=}" --sources "$PWD/core/src")
  "$COV" report --show-branch-summary --show-region-summary=false "${of[@]}"
  if [[ ${1-} == --missing ]]; then
    "$COV" show --show-branches=count --show-line-counts-or-regions --show-instantiations=false "${of[@]}" |
      missing
  fi
}

# Each copy of a generic function has its branches counted: a side that any of them took is taken.
missing() {
  awk '
    /^\// { file = $0 }
    /^ +[0-9]+\| +0\|/ { print file $0 }
    match($0, /Branch \([0-9:]+\): \[True: [^,]+, False: [^]]+\]/) {
      split(substr($0, RSTART, RLENGTH), part, /[() \[\],]+/)
      place = file part[2]
      places[place] = 1
      if (part[5] != "0") yes[place] = 1
      if (part[7] != "0") no[place] = 1
    }
    END {
      for (place in places) {
        if (!(place in yes)) print place " is never true"
        if (!(place in no)) print place " is never false"
      }
    }'
}

# Those of the compiler's own LLVM: its profiles are read by no other.
find_tools() {
  local own
  own=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin
  PROFDATA=$own/llvm-profdata COV=$own/llvm-cov
  if [[ -x $COV ]]; then return; fi
  PROFDATA=llvm-profdata-$1 COV=llvm-cov-$1
  if command -v "$COV" >/dev/null; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "missing: llvm-cov of LLVM $1 (rustup component add llvm-tools): install it and start again"
    return 1
  fi
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "llvm-$1"
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

main "$@"
