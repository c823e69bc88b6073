#!/bin/sh
# Review this project by its own law: .caws and agency.toml at the base.
#
# AGENCY_BASE names the branch that the work goes onto; then the verdict is the exit code. Without it the last commit is
# reviewed, which is in already: its ruling is shown, and only a review that could not run fails.
set -u
base=${AGENCY_BASE:-HEAD~1}
PATH="$PWD/.venv/bin:$PATH"
if ! git cat-file -e "$base:.caws/policy.yaml" 2>/dev/null; then
    echo "NOT RUN: there is no law at $base to review by"
    [ -z "${AGENCY_BASE:-}" ] || exit 2
    exit 0
fi
agency review --base "$base" --head HEAD
status=$?
if [ -n "${AGENCY_BASE:-}" ] || [ "$status" -eq 2 ]; then
    exit "$status"
fi
echo "The verdict's exit code is $status; the commit is in, so it is told and not enforced."
