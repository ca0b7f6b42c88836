#!/bin/sh
# Finds a Chromium for the site's tests, or installs one: Playwright's own, else Debian's.
# BIN is the folder of the environment's programs.
set -u

found() {
  "$BIN/python" -m tools.browser
}

has() {
  command -v "$1" >/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

for_minutes() { # macOS has no timeout
  if has timeout; then timeout 300 "$@"; else "$@"; fi
}

found && exit 0

echo "== No Chromium found. Installing Playwright's own, about 150 MB"
# What the browser needs besides comes from a Linux distribution, and is there on macOS.
if [ "$(uname -s)" = Linux ]; then set -- --with-deps; else set --; fi
for_minutes "$BIN/playwright" install "$@" --no-shell chromium </dev/null
found && exit 0

if has apt-get; then
  echo "== That could not be had. Installing Debian's package chromium instead"
  as_root apt-get update -q </dev/null && as_root apt-get install -q -y --no-install-recommends chromium </dev/null
  found && exit 0
fi

echo "== No browser could be installed. Install Chromium or Chrome by hand, or name one: make test CHROMIUM=/path/to/chromium"
if [ "$(uname -s)" = Darwin ]; then echo "== On macOS: brew install --cask google-chrome"; fi
exit 1
