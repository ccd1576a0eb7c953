#!/usr/bin/env bash
# Registers every secret of the action with the runner, before any other step could show one. A secret of several
# lines is masked as a whole and line by line, since logs are written by lines.
set -euo pipefail
# shellcheck source=action/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# mask TEXT
mask() {
  local line
  [[ -n ${1//[[:space:]]/} ]] || return 0
  printf '::add-mask::%s\n' "$(data "$1")"
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    # The frame of a PEM file is no secret.
    [[ -n ${line//[[:space:]]/} && $line != -----* ]] || continue
    printf '::add-mask::%s\n' "$(data "$line")"
  done <<<"$1"
}

# A job may also have set jagspec's own variables.
for secret in "${OPTION_CLIENT_SECRET:-}" "${OPTION_OTHER_CLIENT_SECRET:-}" \
  "${JAGSPEC_CLIENT_SECRET:-}" "${JAGSPEC_OTHER_CLIENT_SECRET:-}"; do
  mask "$secret"
done

# Of a header field the value is secret.
while IFS= read -r header; do
  value=${header#*:}
  mask "${value#"${value%%[![:space:]]*}"}"
done <<<"${OPTION_HEADER:-}
${JAGSPEC_HEADER:-}"

# A path is no secret; anything else in its place is. What is wrong with the folder is said when jagspec runs.
cd "${INPUT_WORKING_DIRECTORY:-.}" 2>/dev/null || true
for key in "${OPTION_IDP_KEY:-}" "${OPTION_IDP_TLS_KEY:-}"; do
  if [[ ! -f $key ]]; then mask "$key"; fi
done
