#!/usr/bin/env bash
# Finds out where jagspec comes from. With INPUT_VERSION it is the binary of that release, checked against the
# release's SHA256SUMS. Without, or where the release has none for this runner, it is built from the checkout that the
# runner made of the action; then the outputs say so, and under which key the result is cached.
set -euo pipefail
# shellcheck source=action/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

command -v jq >/dev/null || fail "jq is not installed; the action reads the report with it. Runners hosted by GitHub have it."
root=$GITHUB_ACTION_PATH
case ${RUNNER_OS:-} in Windows) exe=.exe ;; *) exe= ;; esac

# download VERSION: takes the release's binary for this runner, or says in `reason` why there is none.
download() {
  local triple base name listed answer
  case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
    Linux-X64) triple=x86_64-unknown-linux-musl ;;
    Linux-ARM64) triple=aarch64-unknown-linux-musl ;;
    macOS-X64) triple=x86_64-apple-darwin ;;
    macOS-ARM64) triple=aarch64-apple-darwin ;;
    Windows-X64) triple=x86_64-pc-windows-msvc ;;
    *)
      reason="no binary is released for ${RUNNER_OS:-this system} on ${RUNNER_ARCH:-this processor}"
      return
      ;;
  esac
  # The runner keeps actions in …/_actions/OWNER/NAME/REF. It promises composite actions no other word of whose they
  # are; a local action (`uses: ./`) is the repository's own.
  local path=${root//\\//}
  if [[ $path =~ /_actions/([^/]+/[^/]+)/ ]]; then base=${BASH_REMATCH[1]}; else base=${GITHUB_REPOSITORY:-}; fi
  base=${GITHUB_SERVER_URL:-https://github.com}/$base/releases/download/v$1
  name=jagspec-$triple.tar.gz
  mkdir -p "$folder"
  cd "$folder"
  for file in SHA256SUMS "$name"; do
    if ! answer=$(curl --fail --silent --show-error --location --connect-timeout 20 --max-time 300 --retry 2 \
      --output "$file" "$base/$file" 2>&1); then
      reason="$base/$file cannot be fetched ($answer)"
      return
    fi
  done
  # A digest line is `DIGEST  NAME` or, for binary mode, `DIGEST *NAME`.
  listed=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' SHA256SUMS)
  [[ $listed =~ ^[0-9a-f]{64}$ ]] || fail "$base/SHA256SUMS names no one digest of $name; nothing of this release is used"
  [[ $(sha256 "$name" | cut -d' ' -f1) == "$listed" ]] || fail "$base/$name does not have the SHA-256 digest that SHA256SUMS names; it is not used"
  tar -xzf "$name" "jagspec$exe"
  rm "$name" SHA256SUMS
  obtained=1
}

obtained=
reason=
version=${INPUT_VERSION:-}
version=${version#v}
if [[ -n $version ]]; then
  # It becomes part of a URL and of a path.
  [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "version: not the number of a release; write it as 0.1.0 or v0.1.0" 2
  folder=$RUNNER_TEMP/jagspec/v$version
  if [[ -x $folder/jagspec$exe ]]; then obtained=1; else download "$version"; fi
fi

if [[ -n $obtained ]]; then
  said=$("$folder/jagspec$exe" --version)
  [[ $said == "jagspec $version" ]] || fail "the binary of release v$version says that it is $said"
  echo "$said, the release's binary"
  output build false
else
  checkout=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
  if [[ -n $version ]]; then
    annotate warning "version $version: $reason. jagspec $checkout is built from the checkout of the action instead."
  fi
  cd "$root"
  # What the binary is made of. Names in this repository have no spaces.
  # shellcheck disable=SC2046
  digest=$(sha256 Cargo.toml Cargo.lock $(find src suites fixtures -type f | LC_ALL=C sort) | sha256 | cut -c1-32)
  lock=$(sha256 Cargo.lock | cut -c1-16)
  folder=$RUNNER_TEMP/jagspec/$digest
  output key "jagspec-${RUNNER_OS:-}-${RUNNER_ARCH:-}-$lock-$digest"
  if [[ -x $folder/bin/jagspec$exe ]]; then output build false; else output build true; fi
  output folder "$(native "$folder")"
  folder=$folder/bin
fi
output jagspec "$(native "$folder/jagspec$exe")"
