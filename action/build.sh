#!/usr/bin/env bash
# Builds jagspec from the checkout of the action into INPUT_FOLDER. The dev profile: it is built in half the time, and a
# run lasts a second either way (CONTRIBUTING.md, "Build profiles").
set -euo pipefail
# shellcheck source=action/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Within the checkout no toolchain file or Cargo configuration of the caller's repository counts.
cd "$GITHUB_ACTION_PATH"
command -v cargo >/dev/null || fail "cargo is not installed: add a step that installs Rust, or name a release with \`version\`"
cargo install --path . --root "$INPUT_FOLDER" --locked --debug --no-track --force
