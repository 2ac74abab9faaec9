#!/usr/bin/env bash
# Proves that each law, and what else users rely on, has a test that can fail. Every patch here breaks
# the code in one way, says what that breaks (a law, or a requirement by its ID) and
# names the test that must turn red:
#
#     # breaks: law 5
#     # test: grantflow-tests redemption a_code_is_redeemed_once
#     --- a/core/src/flow/state.rs
#     +++ b/core/src/flow/state.rs
#     …
#
# The three words are package, test binary (`lib` for unit tests) and test. The named tests first
# have to pass unbroken, then each has to fail under its patch: a patch that does not apply or does
# not compile, a test that is not there, and a test that hangs are mistakes of their own.
#
#     tests/mutants/run.sh [PATCH…]        all patches, or these
set -euo pipefail
cd "$(dirname "$0")/../.."

# A target folder of its own: cargo tells two copies of a workspace apart by nothing but the folder,
# and would take what was built from a broken one for ours.
BUILT=${CARGO_TARGET_DIR:-$PWD/target}
WORK=$BUILT/mutants
TREE=$WORK/tree
LOG=$WORK/log
LONGEST=120
export CARGO_TARGET_DIR=$WORK/target

main() {
  local patches=("$@") patch survivors=0
  if ((${#patches[@]} == 0)); then
    mapfile -t patches < <(find tests/mutants -name '*.patch' | sort)
  fi
  if ((${#patches[@]} == 0)); then echo "there are no mutants in tests/mutants" && return 1; fi
  copy_tree
  share_what_is_built
  for patch in "${patches[@]}"; do
    run_test "$(header test "$patch")"
    [[ $OUTCOME == passed ]] || complain "$patch" "its test ${OUTCOME} before anything was broken"
  done
  for patch in "${patches[@]}"; do
    run_mutant "$patch" || survivors=$((survivors + 1))
  done
  echo "note: $((${#patches[@]} - survivors)) of ${#patches[@]} mutants killed"
  return $((survivors > 0))
}

run_mutant() {
  local patch=$PWD/$1 breaks test
  breaks=$(header breaks "$1")
  test=$(header test "$1")
  git -C "$TREE" apply "$patch" >"$LOG" 2>&1 || complain "$1" "it does not apply"
  run_test "$test"
  git -C "$TREE" apply --reverse "$patch"
  case $OUTCOME in
    failed) echo "killed    $breaks  $1" ;;
    passed) echo "SURVIVED  $breaks  $1: $test still passes" && return 1 ;;
    *) complain "$1" "its test $OUTCOME" ;;
  esac
}

# Sets OUTCOME to what became of one test: passed, failed, or why it was neither.
run_test() {
  local package binary name cargo
  read -r package binary name <<<"$1"
  # Of the whole workspace, or the features of what it builds on would be others.
  cargo=(cargo test --quiet --manifest-path "$TREE/Cargo.toml" --workspace --all-features)
  if [[ $binary == lib ]]; then cargo+=(-p "$package" --lib); else cargo+=(--test "$binary"); fi

  if ! "${cargo[@]}" --no-run >"$LOG" 2>&1; then OUTCOME="did not compile" && return; fi
  timeout "$LONGEST" "${cargo[@]}" -- --exact "$name" --format pretty >"$LOG" 2>&1 || true
  if grep -qE "^test $name( - should panic)? \.\.\. ok" "$LOG"; then
    OUTCOME=passed
  elif grep -qE "^test $name( - should panic)? \.\.\. FAILED" "$LOG"; then
    OUTCOME=failed
  elif grep -q "^running 0 tests" "$LOG"; then
    OUTCOME="is not there"
  else
    OUTCOME="did not come to an end"
  fi
}

# Files that are the same keep their time, so cargo rebuilds only what changed since the last run;
# a file that a patch touched was written twice and is newer than what was built from it.
copy_tree() {
  local file
  mkdir -p "$TREE"
  # A repository of its own, or `git apply` would look for the files in ours.
  [[ -d $TREE/.git ]] || git init --quiet "$TREE"
  while IFS= read -r -d '' file; do
    if [[ ! -e $file ]]; then rm -f "$TREE/$file" && continue; fi
    if cmp --silent "$file" "$TREE/$file"; then continue; fi
    mkdir -p "$TREE/$(dirname "$file")"
    cp "$file" "$TREE/$file"
  done < <(tracked)
  comm -z -13 <(tracked | sort -z) <(copied | sort -z) | (cd "$TREE" && xargs -0 rm -f)
}

# With what is new and not yet added, so that a mutant can be tried before it is committed.
tracked() {
  git ls-files -z --cached --others --exclude-standard
}

copied() {
  find "$TREE" -path "$TREE/.git" -prune -o -type f -printf '%P\0'
}

# What others wrote is the same for both, and links to it spare minutes. What is ours would be written
# over: it has the same names.
share_what_is_built() (
  shopt -s nullglob
  if [[ -d $CARGO_TARGET_DIR || ! -d $BUILT/debug/.fingerprint ]]; then return; fi
  mkdir -p "$CARGO_TARGET_DIR/debug"
  cd "$BUILT/debug"
  for of in .fingerprint/*; do
    if [[ $of == .fingerprint/grantflow* ]]; then continue; fi
    cp --archive --link --parents "$of" deps/*-"${of##*-}"* build/"${of#*/}"* "$CARGO_TARGET_DIR/debug"
  done
)

header() {
  sed -n "s/^# $1: //p" "$2"
}

complain() {
  echo "$1: $2"
  tail -n 40 "$LOG"
  exit 1
}

main "$@"
