#!/usr/bin/env bash
# One review for a GitHub job: annotations on standard output, the rest into files, the review's own exit code.
# Reads REVIEW_BASE, REVIEW_HEAD, REVIEW_SPEC and GitHub's RUNNER_TEMP, GITHUB_BASE_REF, GITHUB_HEAD_REF, GITHUB_OUTPUT,
# GITHUB_STEP_SUMMARY.
set -uo pipefail

folder=$(mktemp -d "${RUNNER_TEMP:?}/agency-review.XXXXXX")
base=${REVIEW_BASE:-${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}}

arguments=(--head "${REVIEW_HEAD:-HEAD}" --format github)
[ -n "$base" ] && arguments+=(--base "$base")
[ -n "${REVIEW_SPEC:-}" ] && arguments+=(--spec "$REVIEW_SPEC")
# A pull request is checked out as a commit on no branch; its branch's name may hold the id of the spec that governs.
[ -n "${GITHUB_HEAD_REF:-}" ] && arguments+=("--branch=$GITHUB_HEAD_REF")
for form in json sarif markdown; do arguments+=(--also "$form=$folder/ruling.$form"); done

agency review "${arguments[@]}"
status=$?

if [ -s "$folder/ruling.json" ]; then
    verdict=$(python3 -I -c 'import json, sys; print(json.load(open(sys.argv[1], encoding="utf-8"))["verdict"])' \
        "$folder/ruling.json")
    {
        echo "verdict=$verdict"
        echo "ruling=$folder/ruling.json"
    } >>"$GITHUB_OUTPUT"
fi
[ -s "$folder/ruling.sarif" ] && echo "sarif=$folder/ruling.sarif" >>"$GITHUB_OUTPUT"
if [ -s "$folder/ruling.markdown" ]; then
    cat "$folder/ruling.markdown" >>"$GITHUB_STEP_SUMMARY"
else
    echo "The review could not run (exit code $status): see the job's log." >>"$GITHUB_STEP_SUMMARY"
fi
exit "$status"
