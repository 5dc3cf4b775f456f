#!/bin/sh
# Compiles each example against the installed headers and library alone, runs it, and compares the
# mean it prints with the closed form. Both tell of one model with the same streams, so the means
# must be equal to the last digit.
set -e
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
installed=$(cd "$INSTALLED" && pwd)
for example in mm1_callbacks mm1_process; do
    # shellcheck disable=SC2086 # options are words
    (cd "$out" && $EXAMPLE_CC -std=gnu17 -O2 -Wall -Wextra -Werror -D_GNU_SOURCE \
        -I"$installed/include/scalesim" -o $example "$here/$example.c" \
        -L"$installed/lib" -lscalesim-engine $EXAMPLE_LIBS)
    "$out/$example" | tee "$out/$example.txt"
done
awk '{ split($6, mean, ","); if (mean[1] < 8.5 || mean[1] > 9.5 || (NR > 1 && mean[1] != last)) bad = 1
       last = mean[1] }
     END { exit bad || NR != 2 }' "$out/mm1_callbacks.txt" "$out/mm1_process.txt" ||
    { echo "[  FAILED  ] the means differ, or are far from the closed form"; exit 1; }
echo "[  PASSED  ] 2 examples."
