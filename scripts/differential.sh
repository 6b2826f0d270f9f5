#!/usr/bin/env bash
# Runs random statements here and on a PostgreSQL server, and compares what they give.
#
#   scripts/differential.sh [seed] [comparisons] [workers]   rounds of seeds from the first on (default: 1, 100000, 2)
#
# A comparison is the outcome of one statement on both sides: its rows with the columns' names and types, the number of rows written, or
# the class of its SQLSTATE. A statement that takes over a second, ends for want of memory or gives over 20,000 rows on a side is set aside
# and not counted.
# Each seed is a round: a schema with data, then some 150 queries, changes, transactions and errors over it.
# The server is the one that BAREMETAL_POSTGRES names by a connection string ("Host=/folder;Port=5432;Username=postgres;Database=differential",
# trust or a password in clear), else a private one of the installed binaries in a temporary folder.
#
# Every difference is made small and printed with its seed; "dotnet run --project tests/BareMetal.Data.Differential -c Release -- show SEED
# [STATEMENT]" prints a round, or the statements before one and its outcomes. Progress lines name the last seed that was begun: a run goes on
# with the seed after it. Exits with 1 when something differed or a production of the grammar was not used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build tests/BareMetal.Data.Differential -c Release -v q --nologo
# Databases that come and go leave much that is young and dead: a large youngest generation, collected without a thread beside, is a fifth of the time.
export DOTNET_GCgen0size=0x10000000 DOTNET_gcConcurrent=0
exec dotnet tests/BareMetal.Data.Differential/bin/Release/net10.0/BareMetal.Data.Differential.dll run "${1:-1}" "${2:-100000}" "${3:-2}"
