#!/bin/sh
# Runs every test program given, shows each one's cmocka report, and fails if any failed.
failed=0
for t in "$@"; do
    echo "== $(basename "$t")"
    "$t" 2>&1 || { failed=$((failed + 1)); failures="$failures $(basename "$t")"; }
done
if [ "$failed" -gt 0 ]; then
    echo "FAILED:$failures"
    exit 1
fi
