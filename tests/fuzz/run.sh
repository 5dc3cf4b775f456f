#!/bin/sh
# Runs the fuzzers of a directory one after the other, each reader of traces by its name; stops at
# the first finding. FUZZ_SECONDS: of each. FUZZ_ONLY: names of fuzzers and readers, all if empty.
fuzzers=$1
seeds=build/fuzz-seeds
READERS=$(FUZZ_READER=list "$fuzzers/fuzz_reader") || exit 1
export READERS
sh tests/fuzz/seeds.sh $seeds

# fuzz NAME PROGRAM SEEDS
fuzz() {
    case " ${FUZZ_ONLY:-$1} " in *" $1 "*) ;; *) return 0 ;; esac
    echo "== $1"
    "$2" -seed=1 -max_total_time="${FUZZ_SECONDS:-30}" -verbosity=0 -print_final_stats=1 \
        -rss_limit_mb=1024 -timeout=10 -artifact_prefix="build/fuzz-found-$1-" "$seeds/$3"
}

for program in "$fuzzers"/fuzz_*; do
    name=$(basename "$program")
    case $name in
    *.*) ;;
    fuzz_reader)
        for reader in $READERS; do
            FUZZ_READER=$reader fuzz "$reader" "$program" "fuzz_reader-$reader" || exit 1
        done
        ;;
    *) fuzz "$name" "$program" "$name" || exit 1 ;;
    esac
done
