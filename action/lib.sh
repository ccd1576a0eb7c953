# shellcheck shell=bash
# What the scripts of the GitHub Action share. They run with bash 3.2 (macOS) and in Git Bash (Windows) too.

# Git Bash would rewrite values that look like Unix paths on their way to a Windows program.
export MSYS_NO_PATHCONV=1 MSYS2_ARG_CONV_EXCL='*' MSYS2_ENV_CONV_EXCL='*'

# data TEXT: the text as the data of a workflow command; nothing in it ends the command or begins another.
data() {
  local text=$1
  text=${text//\%/%25}
  text=${text//$'\r'/%0D}
  text=${text//$'\n'/%0A}
  printf '%s' "$text"
}

# annotate KIND TEXT: an annotation, `error`, `warning` or `notice`.
annotate() { printf '::%s title=jagspec::%s\n' "$1" "$(data "$2")"; }

# fail TEXT [STATUS]: says what is wrong and ends the step.
fail() {
  annotate error "$1"
  exit "${2:-1}"
}

# random: 32 hexadecimal digits that nobody can foresee.
random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# output NAME VALUE: an output of the step, whatever the value holds.
output() {
  local end
  end=$(random)
  printf '%s<<%s\n%s\n%s\n' "$1" "$end" "$2" "$end" >>"$GITHUB_OUTPUT"
}

# sha256 FILE…: digests, in the form of sha256sum, which macOS lacks.
sha256() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# native PATH: as programs of the system write it.
native() { if command -v cygpath >/dev/null; then cygpath -m "$1"; else printf '%s' "$1"; fi; }
