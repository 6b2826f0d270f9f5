#!/usr/bin/env bash
# The planner's suite over a million rows: for each query the rows that its plan read, and the bound; over one table also the rows foreseen.
# usage: scripts/planner.sh [text]
#   text  only queries that hold it
# Prints the ledger and how many held. Ends with an error when a query read more than allowed, or was foreseen worse than to a factor of four.
set -euo pipefail
cd "$(dirname "$0")/.."
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
status=0
dotnet test tests/BareMetal.Data.Planning.Tests -c Release --logger 'console;verbosity=detailed' > "$log" 2>&1 || status=1
grep -E '^ *LEDGER ' "$log" | sed -E 's/^ *LEDGER //' | grep -F -- "${1:-}" || true
grep -E '^ *(Failed |Total tests|     Passed|     Failed)' "$log" || true
[ "$status" = 0 ] || { echo "FAILED:"; grep -A20 -E '^ +Failed ' "$log" | head -100; }
exit "$status"
