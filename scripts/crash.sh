#!/usr/bin/env bash
# Crashes databases on the simulated disk, millions of times, and compares what comes back with a model.
#
#   scripts/crash.sh [seed] [points] [storage|sql|all]   crash points from a seed on (default: 1, 1000000, all)
#   scripts/crash.sh --draw storage|sql seed             prints the script of a seed
#   scripts/crash.sh --script file                       runs a script again
#
# Prints how many points of each kind were covered. Exits with 1 when a database was found in a wrong state, after printing the
# shortest script that shows it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
project=tests/BareMetal.Data.Simulation.Tests
dotnet build "$project" -c Release -v q -nologo 1>&2
exec "$project"/bin/Release/net10.0/BareMetal.Data.Simulation.Tests "$@"
