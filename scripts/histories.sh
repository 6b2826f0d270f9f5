#!/usr/bin/env bash
# Records histories of real threads under every isolation level, with and without crashes, and checks them.
#
#   scripts/histories.sh [seed] [count]   histories for each level and kind from a seed on (default: 1, 100), of 1,000 transactions each
#
# Prints how many transactions, operations and crashes were covered. Exits with 1 when a history is not what its level allows, after
# printing the anomaly and the seed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export BAREMETAL_SEED="${1:-1}" BAREMETAL_HISTORIES="${2:-100}"
dotnet test tests/BareMetal.Data.Tests -c Release -v q --nologo --filter "FullyQualifiedName~HistoryTests" --logger "console;verbosity=detailed" \
    | grep -E 'histories from seed|seed [0-9]+:|BAREMETAL_SEED|Passed!|Failed|error|→|T[0-9]+ of process'
