#!/bin/sh
# A study on several ranks: the bytes of the plain program, one message for an error, and a journal to
# go on from. SCALESIM and SCALESIM_MPI name the programs, MPIRUN starts the ranks.
if [ -z "$SCALESIM_MPI" ] || ! command -v "${MPIRUN:-mpirun}" >/dev/null; then
    echo "skipped: mpicc and mpirun are needed (apt-get install libopenmpi-dev openmpi-bin)"
    exit 0
fi
set -u
# More ranks than CPUs, as root in a container; what Open MPI itself leaks is its own affair.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export ASAN_OPTIONS=detect_leaks=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

ranks() {
    count=$1
    shift
    "${MPIRUN:-mpirun}" -n "$count" "$SCALESIM_MPI" "$@" 2>"$folder/err" </dev/null
}

fail() {
    echo "FAILED: $1"
    cat "$folder/err"
    failed=1
}

# same RANKS OPTION...: to a pipe
same() {
    count=$1
    shift
    "$SCALESIM" "$@" >"$folder/plain" 2>"$folder/err" && ranks "$count" "$@" >"$folder/ranks" &&
        cmp "$folder/plain" "$folder/ranks" && echo "ok: $count ranks: $*" || fail "$count ranks: $*"
}

# ends RANKS EXIT TEXT OPTION...: says TEXT once
ends() {
    count=$1 code=$2 text=$3
    shift 3
    ranks "$count" "$@" >"$folder/out"
    got=$?
    said=$(cat "$folder/out" "$folder/err" | grep -c -- "$text")
    if [ $got = "$code" ] && [ "$said" = 1 ]; then
        echo "ok: exit $code, '$text' once: $*"
    else
        fail "exit $got, '$text' said $said times: $*"
    fi
}

model="sweep --guests 10..4000:10 --disks 1..9001:100"
simulated="sweep --simulate --guests 2..20:2 --vcpus 1,2 --duration 1 --replications 3"
same 4 $model
same 1 $model --json
same 3 $model --shard 2/3 --threads 2
same 4 $simulated
same 3 sweep --sobol 64 --memory 1G..8G --vcpus 1..16:x2 --csv
same 3 sweep --guests 0..40 --disks 4
ends 3 65 "at guests 0" sweep --guests 0..40 --disks 4 --strict
ends 3 65 "no limit 'nothing'" sweep --guests 1..9 --set nothing=1
ends 2 64 "unrecognized option" sweep --guests 1..9 --nothing
ends 2 74 "/nowhere/rows.csv" sweep --guests 1..9 -o /nowhere/rows.csv
ends 2 0 "9 cells" sweep --guests 1..9 --dry-run
ends 2 2 "^does not fit" --guests 2000 --no-simulate

# SIGTERM to one rank, as batch systems send it, ends all of them and leaves the journal.
long="sweep --simulate --guests 2..400:2 --vcpus 1,2 --duration 2 --replications 3"
"${MPIRUN:-mpirun}" -n 2 "$SCALESIM_MPI" $long -o "$folder/rows" 2>"$folder/err" </dev/null &
mpirun=$!
waited=0
while [ ! -s "$folder/rows.journal" ] && [ $waited -lt 300 ]; do
    sleep 0.1
    waited=$((waited + 1))
done
kill $(cut -d ' ' -f 2 "/proc/$mpirun/task/$mpirun/children")
wait $mpirun
code=$?
if [ $code = 130 ] && grep -q "interrupted; --resume goes on" "$folder/err" &&
    [ -s "$folder/rows.journal" ] && [ ! -e "$folder/rows" ]; then
    echo "ok: SIGTERM to rank 1: exit 130, the journal stays"
else
    fail "SIGTERM to rank 1: exit $code"
fi
exit $failed
