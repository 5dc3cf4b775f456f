#!/bin/sh
# Makes the fuzzers' seeds, a directory each, from the project's own inputs. READERS: the names of
# the readers of traces.
out=$1
rm -rf "$out"
for name in catalog scenario cases diagnose expression trace; do mkdir -p "$out/fuzz_$name"; done
# One small table of each kind: the header and some rows of the real one, behind the chooser's byte.
n=0
for table in resources limits demand defaults aliases; do
    for first in 2 40 90; do
        { printf "\\00$n"; sed -n "1p;${first},$((first + 4))p" "data/$table.csv"; } \
            >"$out/fuzz_catalog/$table-$first"
    done
    n=$((n + 1))
done
for file in data/hosts/*.ini data/scenarios/*.ini; do
    [ -f "$file" ] && cp "$file" "$out/fuzz_scenario/$(basename "$file")"
done
for first in 2 30 60; do
    sed -n "1p;${first},$((first + 2))p" tests/cases/measured.csv >"$out/fuzz_cases/measured-$first"
done
for file in tests/calibrate/samples/* tests/fuzz/found/*; do
    [ -f "$file" ] && cp "$file" "$out/fuzz_trace/$(basename "$file")"
done
# Each reader of traces starts from all of them: those of others are passed over at once.
for name in $READERS; do
    cp -r "$out/fuzz_trace" "$out/fuzz_reader-$name"
done
printf 'Unable to add bridge port tap1: Exchange full' >"$out/fuzz_diagnose/bridge"
printf 'kvm_init_vcpu: kvm_get_vcpu failed (0): Too many open files' >"$out/fuzz_diagnose/fds"
i=0
cut -d, -f3,4 data/demand.csv | tr ',' '\n' | sort -u | while read -r text; do
    i=$((i + 1))
    printf '%s' "$text" >"$out/fuzz_expression/$i"
done
