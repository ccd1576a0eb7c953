#!/usr/bin/env bash
# Runs jagspec and tells GitHub what came of it: outputs, annotations, the step's summary; then ends with jagspec's exit
# status. An OPTION_NAME that is not empty becomes JAGSPEC_NAME; an INPUT_NAME is the action's own.
set -euo pipefail
# shellcheck source=action/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Only this user can look into it.
private=$(mktemp -d "$RUNNER_TEMP/jagspec-private.XXXXXX")
trap 'rm -rf "$private"' EXIT
# What a tool says of an input goes nowhere or into an annotation: in the log it could be read as a workflow command.
cd "${INPUT_WORKING_DIRECTORY:-.}" 2>/dev/null || fail "working-directory: there is no such folder" 2

# Options. Final line ends come of YAML's block style.
for name in ${!OPTION_@}; do
  value=${!name}
  while [[ $value == *$'\n' ]]; do value=${value%$'\n'}; done
  if [[ -n $value ]]; then export "JAGSPEC_${name#OPTION_}=$value"; fi
done

# Where jagspec wants a file, its text will do.
for name in IDP_KEY IDP_TLS_CERT IDP_TLS_KEY CA_CERT; do
  option=OPTION_$name
  value=${!option:-}
  if [[ $value == *-----BEGIN* ]]; then
    (umask 077 && printf '%s\n' "$value" >"$private/$name.pem")
    export "JAGSPEC_$name=$private/$name.pem"
  elif [[ -n $value && ! -f $value ]]; then
    input=$(tr '[:upper:]_' '[:lower:]-' <<<"$name")
    fail "$input: neither the text of a PEM file (-----BEGIN …) nor a file in the working directory; the value is not shown here, since it may be a key" 2
  fi
done

# Further arguments are words as in a shell, with quotes but without expansions.
arguments=()
if [[ -n ${INPUT_ARGS//[[:space:]]/} ]]; then
  said=$(printf '%s\n' "$INPUT_ARGS" | xargs printf '%s\0' 2>&1 >"$private/arguments") || fail "args: ${said#xargs: }" 2
  while IFS= read -r -d '' word; do
    [[ $word != --show-secrets* ]] || fail "args: --show-secrets would publish secrets in logs and reports of CI; it is refused here" 2
    arguments+=("$word")
  done <"$private/arguments"
fi

# Reports.
if [[ -n ${INPUT_REPORT_DIR:-} ]]; then
  mkdir -p "$INPUT_REPORT_DIR" 2>/dev/null || fail "report-dir: the folder cannot be made" 2
  reports=$(native "$(cd "$INPUT_REPORT_DIR" && pwd)")
else
  reports=$(mktemp -d "$RUNNER_TEMP/jagspec-report.XXXXXX")
fi
snapshot=$reports/report.snap
rm -f "$reports"/report.{json,html,md,sarif,snap} "$reports/junit.xml" # of a run before
if [[ -n ${INPUT_SNAPSHOT:-} ]]; then
  snapshot=$INPUT_SNAPSHOT
  export "JAGSPEC_CHECK_SNAPSHOT=${JAGSPEC_CHECK_SNAPSHOT:-true}"
  [[ -e $snapshot ]] || annotate warning "snapshot: $snapshot does not exist, so that nothing is compared. This run writes it; check it in."
elif [[ -n ${OPTION_CHECK_SNAPSHOT:-} ]]; then
  fail "check-snapshot: there is nothing to compare with; name the file with \`snapshot\`" 2
fi

# What a server under test says stands in the log, so that no line of it may be a workflow command.
token=$(random)
printf '::stop-commands::%s\n' "$token"
code=0
"$INPUT_JAGSPEC" ${arguments[@]+"${arguments[@]}"} --show-secrets=false \
  --report json="$reports/report.json" --report junit="$reports/junit.xml" --report html="$reports/report.html" \
  --report markdown="$reports/report.md" --report sarif="$reports/report.sarif" --report snapshot="$snapshot" \
  --report github="$private/annotations" 2>&1 | tee "$private/log" || code=${PIPESTATUS[0]}
printf '\n::%s::\n' "$token"

# Outputs.
output exit-status "$code"
output report-dir "$(native "$reports")"
[[ $snapshot == /* || $snapshot == [A-Za-z]:* ]] || snapshot=$PWD/$snapshot
for report in json="$reports/report.json" junit="$reports/junit.xml" html="$reports/report.html" \
  markdown="$reports/report.md" sarif="$reports/report.sarif" snapshot="$snapshot"; do
  # Without a report there was no run, and a snapshot is that of an earlier one.
  if [[ -s ${report#*=} && -s $reports/report.json ]]; then output "${report%%=*}" "$(native "${report#*=}")"; fi
done
if [[ -s $reports/report.json ]]; then
  # One line each; what comes from the server is cut, and has no control or formatting characters.
  jq --raw-output '
    def line: gsub("[\\p{Cc}\\p{Cf}]+"; " ") | if length > 1000 then .[:999] + "…" else . end;
    (.summary | to_entries[] | "\(.key)=\(.value)"),
    (.diagnoses[0] // empty | "diagnosis-row=\(.row | line)", "diagnosis-cause=\(.cause | line)", "diagnosis-fix=\(.fix | line)")
  ' "$reports/report.json" >"$private/values"
  while IFS= read -r line; do
    line=${line%$'\r'}
    output "${line%%=*}" "${line#*=}"
  done <"$private/values"
fi

# Annotations and the summary.
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
if [[ -s $private/annotations ]]; then
  cat "$private/annotations"
  if [[ -s $reports/report.md ]]; then cat "$reports/report.md" >>"$summary"; fi
else
  # Nothing was sent, or jagspec broke down: what it said is all there is.
  said=$(head -c 20000 "$private/log" | LC_ALL=C tr -d '\000-\010\013-\037\177')
  annotate error "jagspec ended with status $code and without a report. $said"
  printf '## jagspec: no run (exit status %s)\n\n' "$code" >>"$summary"
  while IFS= read -r line; do printf '    %s\n' "$line"; done <<<"$said" >>"$summary"
fi
exit "$code"
