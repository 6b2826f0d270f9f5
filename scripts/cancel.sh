#!/usr/bin/env bash
# Cancels statements in the middle of each operator, at five moments each, and times how soon they are back: writes also in a transaction
# with earlier changes. BAREMETAL_CANCEL_ONLY takes parts of names, with commas between, to run only those;
# BAREMETAL_CANCEL_AFTER other moments, in milliseconds.
#
#   scripts/cancel.sh [rows] [milliseconds]   default: 10000000 rows, 1000 ms
#
# Prints the worst delay of each operator. Exits with 1 when one is above the limit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export BAREMETAL_CANCEL_ROWS="${1:-10000000}" BAREMETAL_CANCEL_LIMIT="${2:-1000}"
dotnet test tests/BareMetal.Data.Tests -c Release -v q --nologo --filter "FullyQualifiedName~CancelTimeTests" --logger "console;verbosity=detailed" \
    | grep -E 'worst delay|slower than|Passed!|Failed|error' | sed 's/^ *//'
exit "${PIPESTATUS[0]}"
