#!/usr/bin/env bash
# Runs every operator that can grow over many rows with little memory, in files: the rows must be those that it gives without a limit, the
# memory held must stay within the budget and the stated constant, and it must really have written temporary files and deleted them.
#
#   scripts/spill.sh [rows] [kibibytes]   default: 1000003 rows (a prime), 1024 KiB
#
# Prints for each case its rows, the peak of its memory, the bytes spilled and the time. Exits with 1 when one differs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export BAREMETAL_SPILL_ROWS="${1:-1000003}" BAREMETAL_SPILL_BUDGET=$((${2:-1024} * 1024)) BAREMETAL_SPILL_FOLDER="$folder"
dotnet test tests/BareMetal.Data.Tests -c Release -v q --nologo --filter "FullyQualifiedName~SpillTests" --logger "console;verbosity=detailed" \
    | grep -E 'rows, peak|Expected|Actual|Passed!|Failed|error' | sed 's/^ *//'
exit "${PIPESTATUS[0]}"
