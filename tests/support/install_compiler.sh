#!/bin/sh
# Finds clang and lld 14, with which a test makes lmlib/widgets/train.wasm again, or installs them. Without, it is skipped.
set -u

found() { command -v clang-14 >/dev/null && command -v wasm-ld-14 >/dev/null && echo "== Compiler: clang-14"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

found && exit 0

if [ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null; then
  echo "== No clang-14 found. Installing Debian's packages clang-14 and lld-14"
  as_root apt-get update -q </dev/null
  as_root apt-get install -q -y --no-install-recommends clang-14 lld-14 </dev/null
  found && exit 0
fi

echo "== No clang-14 here: that train.wasm is made of train.c is not tested"
