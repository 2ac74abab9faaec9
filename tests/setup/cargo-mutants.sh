#!/usr/bin/env bash
# Breaks the core in every way that cargo-mutants knows, some 1,400, and looks whether a test notices. What
# none notices has to stand in docs/mutants.md with the reason. An hour or two on two cores.
#
#     tests/setup/cargo-mutants.sh [PLACE…]         in core/src: flow, wire and renewal unless told
#
# It works on a copy that has the core, its tests and nothing that these do not need: each mutant is
# built anew, and most of the time would go into building the adapters for it.
set -euo pipefail
cd "$(dirname "$0")/../.."

VERSION=27.1.0
TOOLS=${GRANTFLOW_TOOLS:-$HOME/.cache/grantflow/tools}
WORK=${CARGO_TARGET_DIR:-$PWD/target}/cargo-mutants
EXPLAINED=$PWD/docs/mutants.md
TESTS=(--test core --test allocations)
# The searches that take a minute, and what is quick to say that a login or a renewal is broken.
LONG=(--skip what_goes_wrong_twice --skip nor_does_it_with_thieves)
QUICK=(--skip exhaustive --skip inputs::endpoints --skip oversized --skip rotation)
QUICK_RENEWAL=(rotation::{anywhere,behaviour,judging,logins,noting,unwritten,views} renewals redaction)
export RUST_BACKTRACE=0
unset CARGO_TARGET_DIR

main() {
  local places=("$@") place
  if (($# == 0)); then places=(flow wire renewal); fi
  if ! "$TOOLS/bin/cargo-mutants" --version 2>/dev/null | grep -qw "$VERSION"; then
    cargo install --quiet --locked --root "$TOOLS" "cargo-mutants@$VERSION"
  fi
  copy
  for place in "${places[@]}"; do
    rm -rf "${WORK:?}/results/$place"
    # Most are caught by tests that take no time; the rest of the tests is for the rest of the mutants.
    optimised 0
    case $place in
      renewal*) mutants "$place" "${QUICK_RENEWAL[@]}" ;;
      *) PROPTEST_CASES=16 mutants "$place" "${QUICK[@]}" ;;
    esac
    optimised 2
    mutants "$place" "${LONG[@]}"
  done
  compare "${places[@]}"
}

# Those of a place that no earlier round caught, against these tests.
mutants() {
  local place=$1 files=core/src/$1 results=$WORK/results/$1 status=0
  shift
  if [[ -d $files ]]; then files+='/**'; fi
  mkdir -p "$results"
  # Or every mutant would be caught by a test that fails anyway.
  (cd "$WORK/tree" && cargo test --quiet -p grantflow-tests "${TESTS[@]}" -- "$@") >"$results/log" 2>&1 ||
    { cat "$results/log" && return 1; }
  "$TOOLS/bin/cargo-mutants" mutants --in-place --dir "$WORK/tree" --output "$results" --iterate \
    --package grantflow-core --file "$files" --test-package grantflow-tests \
    --baseline skip --timeout 60 --no-shuffle --colors never -- "${TESTS[@]}" -- "$@" \
    >"$results/log" 2>&1 || status=$?
  # 2 and 3: some were missed, or took for ever.
  if ((status != 0 && status != 2 && status != 3)); then cat "$results/log" && return 1; fi
  echo "$place: $(tail -n 1 "$results/log")"
}

optimised() {
  sed -i "/^\[profile.dev.package.grantflow-core\]/{n;s/.*/opt-level = $1/}" "$WORK/tree/Cargo.toml"
}

# Both ways: nothing is missed that is not explained, and nothing explained that is caught.
compare() {
  local place status=0
  for place in "$@"; do
    sed -E 's/:[0-9]+:[0-9]+: /: /' "$WORK/results/$place/mutants.out/missed.txt"
  done | sort -u >"$WORK/missed"
  for place in "$@"; do
    sed -nE "s#^\| \`($place[^\`]*)\` \| \`([^\`]*)\` \|.*#core/src/\1: \2#p" "$EXPLAINED"
  done | sed 's/\\|/|/g' | sort -u >"$WORK/explained"
  comm -23 "$WORK/missed" "$WORK/explained" | sed 's/^/no test notices: /' | grep . && status=1
  comm -13 "$WORK/missed" "$WORK/explained" | sed 's/^/explained and caught: /' | grep . && status=1
  echo "$(wc -l <"$WORK/missed") that nothing catches, $(wc -l <"$WORK/explained") explained"
  return $status
}

copy() {
  rm -rf "$WORK/tree"
  mkdir -p "$WORK/tree"
  git ls-files -z Cargo.toml Cargo.lock clippy.toml core docs tests/fixtures tests/server tests/src \
    tests/tests/core tests/tests/allocations/caps.rs wasm/host/types.ts web-demo/machine.json |
    xargs -0 cp --parents -t "$WORK/tree"
  (
    cd "$WORK/tree"
    rm -r tests/src/bin
    sed -i -e '/^members = \[/,/^\]/c members = ["core", "tests", "tests/server"]' -e '/^exclude/d' \
      -e 's/^debug = .*/debug = false/' Cargo.toml
    sed -i '/^mod properties;/d' tests/tests/core/main.rs
    mv tests/tests/allocations/{caps,main}.rs
    sed -i -E '/^(pub )?(mod|use) (canaries|covers|local|renewing|world)\b|^\/\/!/!d' tests/src/lib.rs
    {
      printf '[package]\nname = "grantflow-tests"\nversion.workspace = true\nedition.workspace = true\n'
      printf '[lib]\ntest = false\ndoctest = false\n[dependencies]\n'
      printf 'grantflow-core = { workspace = true, features = ["serde"] }\n'
      printf '%s = { workspace = true, features = ["std"] }\n' base64 serde serde_json
      printf '%s.workspace = true\n' allocation-counter grantflow-test-server log proptest sha2 tracing url zeroize
    } >tests/Cargo.toml
  )
}

main "$@"
