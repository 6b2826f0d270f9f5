#!/usr/bin/env bash
# The fault suites at full size: every operation of the disk failing, every number (not a sample), and many more damaged bits.
# usage: scripts/faults.sh [seed] [factor]
#   seed    decides random bytes, the order of background work, what a power loss keeps, and which bits are damaged (default 1)
#   factor  how many times the default number of bits in bodies of pages, records and files (default 10)
# Prints what was covered. Ends with an error when anything was lost, wrong or untyped.
set -euo pipefail
cd "$(dirname "$0")/.."
export BAREMETAL_SEED="${1:-1}" BAREMETAL_FLIPS="${2:-10}" BAREMETAL_FAULT_STRIDE="${BAREMETAL_FAULT_STRIDE:-1}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
echo "seed $BAREMETAL_SEED, $BAREMETAL_FLIPS times the bits, every operation"
status=0
for project in tests/BareMetal.Data.Storage.Tests tests/BareMetal.Data.Tests; do
    dotnet test "$project" -c Release --logger 'console;verbosity=detailed' --filter 'FullyQualifiedName~.Faults.' >> "$log" 2>&1 || status=1
done
grep -E '^ +[A-Za-z0-9].*(faults|damages|bits|allocations|refused|noticed in run)' "$log" || true
grep -E '^ *(Failed|Total tests|     Passed|     Failed)' "$log" || true
[ "$status" = 0 ] || { echo "FAILED:"; grep -A12 -E '^ +Failed ' "$log" | head -80; }
exit "$status"
