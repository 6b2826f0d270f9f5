#!/usr/bin/env bash
# The whole storage suite over each substrate: local files, memory, a mirror of two, encrypted, and an encrypted mirror. The simulated disk is
# memory's stand-in for crashes; mirrored there means two disks that lose power together and each something else.
# usage: scripts/substrates.sh [seed] [factor] [substrate ...]
#   seed    decides what is random (default 1)
#   factor  how many times the default number of crash points of the substrate runs (default 5)
set -euo pipefail
cd "$(dirname "$0")/.."
export BAREMETAL_SEED="${1:-1}" BAREMETAL_FACTOR="${2:-5}"
shift $(( $# < 2 ? $# : 2 ))
substrates=("$@")
[ ${#substrates[@]} -gt 0 ] || substrates=(local memory mirrored encrypted encrypted-mirror)
dotnet build tests/BareMetal.Data.Storage.Tests -c Release -v q -nologo > /dev/null
status=0
for substrate in "${substrates[@]}"; do
    log="$(mktemp)"
    BAREMETAL_SUBSTRATE="$substrate" dotnet test tests/BareMetal.Data.Storage.Tests -c Release --no-build --nologo \
        --logger 'console;verbosity=detailed' > "$log" 2>&1 || status=1
    echo "== $substrate, seed $BAREMETAL_SEED"
    grep -E '^ +.*crash points' "$log" || true
    grep -E '^ *(Total tests|Passed: |Failed: |     Passed|     Failed)' "$log" || true
    grep -A12 -E '^ +Failed ' "$log" | head -60 || true
    rm -f "$log"
done
exit "$status"
