using System.Data;
using BareMetal.Data.Tests.Ado;
using Xunit;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>The table of docs/transactions.md, cell by cell, through ADO.NET.</summary>
public sealed class AnomalyTests : AdoTestBase
{
    // The weakest level that excludes each; those that even it lets happen are tried there, too, and must occur.
    private static readonly Dictionary<Anomaly, IsolationLevel> s_excludedBy = new()
    {
        [Anomaly.G0_dirty_write] = IsolationLevel.ReadCommitted,
        [Anomaly.G1a_aborted_read] = IsolationLevel.ReadCommitted,
        [Anomaly.G1b_intermediate_read] = IsolationLevel.ReadCommitted,
        [Anomaly.G1c_circular_information_flow] = IsolationLevel.ReadCommitted,
        [Anomaly.Dirty_read] = IsolationLevel.ReadCommitted,
        [Anomaly.OTV_observed_transaction_vanishes] = IsolationLevel.ReadCommitted,
        [Anomaly.PMP_predicate_many_preceders] = IsolationLevel.Snapshot,
        [Anomaly.Phantom_read] = IsolationLevel.Snapshot,
        [Anomaly.P4_lost_update] = IsolationLevel.Snapshot,
        [Anomaly.G_single_read_skew] = IsolationLevel.Snapshot,
        [Anomaly.G2_item_write_skew] = IsolationLevel.Serializable,
        [Anomaly.G2_anti_dependency_cycle] = IsolationLevel.Serializable,
        [Anomaly.Read_only_transaction_anomaly] = IsolationLevel.Serializable,
    };

    public AnomalyTests()
    {
        Run("CREATE TABLE register (id integer PRIMARY KEY, value integer NOT NULL)");
        Run("INSERT INTO register VALUES (1, 10), (2, 20)");
    }

    /// <summary>Every anomaly under every level, and whether it occurs.</summary>
    public static TheoryData<Anomaly, IsolationLevel, bool> Cells()
    {
        TheoryData<Anomaly, IsolationLevel, bool> cells = [];
        IsolationLevel[] levels = [IsolationLevel.ReadCommitted, IsolationLevel.Snapshot, IsolationLevel.Serializable];
        foreach (Anomaly anomaly in Enum.GetValues<Anomaly>())
        {
            foreach (IsolationLevel level in levels)
                cells.Add(anomaly, level, Array.IndexOf(levels, level) < Array.IndexOf(levels, s_excludedBy[anomaly]));
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Anomaly_by_level(Anomaly anomaly, IsolationLevel level, bool occurs) =>
        Assert.Equal(occurs, await AnomalyScenarios.OccursAsync(anomaly, level, () => new SqlRegisterSession(Source)));

    [Fact]
    public void The_table_of_the_documentation_is_the_one_that_is_tested()
    {
        string text = File.ReadAllText(Path.Combine(FindRoot(), "docs", "transactions.md"));
        foreach (Anomaly anomaly in Enum.GetValues<Anomaly>())
        {
            string row = text.Split('\n').Single(line => line.Contains($"`{anomaly}`", StringComparison.Ordinal));
            string[] cells = [.. row.Split('|').Select(c => c.Trim())];
            int first = Array.FindIndex(cells, c => c is "no" or "occurs");
            foreach ((IsolationLevel level, int offset) in (ReadOnlySpan<(IsolationLevel, int)>)[(IsolationLevel.ReadCommitted, 0), (IsolationLevel.Snapshot, 1), (IsolationLevel.Serializable, 2)])
            {
                bool occurs = (bool)Cells().Single(c => c[0].Equals(anomaly) && c[1].Equals(level))[2];
                Assert.Equal(occurs ? "occurs" : "no", cells[first + offset]);
            }
        }
    }

    [Fact]
    public async Task A_write_by_condition_under_Read_Committed_decides_on_one_state()
    {
        // PostgreSQL looks again at the rows that its old snapshot had chosen, and deletes none here.
        await using BareMetalConnection other = Source.OpenConnection();
        await using BareMetalTransaction mine = Connection.BeginTransaction();
        Run("UPDATE register SET value = value + 10");
        Task<int> deleting = Command(other, "DELETE FROM register WHERE value = 20").ExecuteNonQueryAsync();
        await mine.CommitAsync();
        Assert.Equal(1, await deleting);
        Assert.Equal("2=30", Scalar("SELECT string_agg(id || '=' || value, ',' ORDER BY id) FROM register"));
    }

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "BareMetal.Data.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("The tests do not lie in the repository.");
    }

    private sealed class SqlRegisterSession(BareMetalDataSource source) : IRegisterSession
    {
        private readonly BareMetalConnection _connection = source.OpenConnection();
        private BareMetalTransaction? _transaction;

        public async Task BeginAsync(IsolationLevel level) => _transaction = await _connection.BeginTransactionAsync(level);

        public async Task<int?> ReadAsync(int id) => (int?)await Command(_connection, "SELECT value FROM register WHERE id = $1", id).ExecuteScalarAsync();

        public async Task<List<int>> FindMultiplesAsync(int of)
        {
            await using BareMetalDataReader reader = await Command(_connection, "SELECT id FROM register WHERE value % $1 = 0 ORDER BY id", of).ExecuteReaderAsync();
            return [.. Rows(reader).Select(r => (int)r[0]!)];
        }

        public Task WriteAsync(int id, int value) => Command(_connection, "UPDATE register SET value = $2 WHERE id = $1", id, value).ExecuteNonQueryAsync();

        public Task InsertAsync(int id, int value) => Command(_connection, "INSERT INTO register VALUES ($1, $2)", id, value).ExecuteNonQueryAsync();

        public Task CommitAsync() => _transaction!.CommitAsync();

        public Task RollbackAsync() => _transaction!.Connection is null ? Task.CompletedTask : _transaction.RollbackAsync();

        public ValueTask DisposeAsync() => _connection.DisposeAsync();
    }
}
