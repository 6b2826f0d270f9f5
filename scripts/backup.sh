#!/usr/bin/env bash
# The backup suites at full size: random moments restored and compared, crashes of backups and restores, flipped bits.
# usage: scripts/backup.sh [seed] [moments]
#   seed     decides the workloads, what is restored and where the machine crashes (default 1)
#   moments  how many random LSNs and times are restored; ten times as many crash points are tried (default 10000)
# Prints what was covered. Ends with an error when anything was lost, wrong or not noticed.
set -euo pipefail
cd "$(dirname "$0")/.."
export BAREMETAL_SEED="${1:-1}" BAREMETAL_BACKUP_POINTS="${2:-10000}"
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
echo "seed $BAREMETAL_SEED, $BAREMETAL_BACKUP_POINTS moments"
status=0
dotnet test tests/BareMetal.Data.Storage.Tests -c Release --logger 'console;verbosity=detailed' --filter 'FullyQualifiedName~.Tests.Backup' > "$log" 2>&1 || status=1
grep -E '^ *[0-9]+ (moments|crash points|bits|operations|sizes)' "$log" || true
grep -E '^ *(Total tests|Passed:|Failed:)' "$log" || true
[ "$status" = 0 ] || { echo "FAILED:"; grep -A12 -E '^ +Failed |error' "$log" | head -80; }
exit "$status"
