using BareMetal.Data.Simulation;
using BareMetal.Data.Storage.Tests.Recovery;
using BareMetal.Data.Storage.Tests.Transactions;

namespace BareMetal.Data.Storage.Tests.Substrate;

// The rest of the suite runs over any one of them by BAREMETAL_SUBSTRATE: scripts/substrates.sh.

public sealed class TransactionsOverMirrorTests() : TransactionTests(TestSubstrate.Mirrored);

public sealed class TransactionsOverEncryptionTests() : TransactionTests(TestSubstrate.Encrypted);

public sealed class ConcurrencyOverMirrorTests : ConcurrencyTests
{
    protected override TestSubstrate Substrate => TestSubstrate.Mirrored;
}

public sealed class ConcurrencyOverEncryptionTests : ConcurrencyTests
{
    protected override TestSubstrate Substrate => TestSubstrate.EncryptedMirror;
}
