using System.Text;
using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Values;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Planning;

/// <summary>A database in memory; statements through sessions, and queries planned and run by hand under chosen settings.</summary>
internal sealed class SqlHarness : IDisposable
{
    private static int _number;

    private readonly Database _database;
    private readonly Session _session;
    private PhysicalPlan? _lastPlan;

    public SqlHarness()
    {
        _database = Database.Acquire(new DatabaseOptions { Path = "planning" + Interlocked.Increment(ref _number), InMemory = true });
        _session = _database.CreateSession();
    }

    /// <summary>Threads that <see cref="Run"/> lets a statement use.</summary>
    public int MaxParallelism { get; set; } = 1;

    /// <summary>Rows that <see cref="Run"/> takes as worth a thread.</summary>
    public long PartRows { get; set; } = long.MaxValue;

    /// <summary>Parts that the last <see cref="Run"/> has read in parallel.</summary>
    public int PartsRead { get; private set; }

    /// <summary>Stops what <see cref="Run"/> runs.</summary>
    public CancellationToken Cancellation { get; set; }

    /// <summary>The plan of the last <see cref="Run"/>.</summary>
    public string LastPlan => string.Join('\n', ExplainText.Lines(_lastPlan!, null));

    public void Execute(string sql)
    {
        using CommandExecution execution = _session.Execute(_session.Prepare(sql, []), []);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
            {
            }
        }
    }

    /// <summary>The rows of a query through a session, as text.</summary>
    public List<string> Query(string sql)
    {
        List<string> rows = [];
        using CommandExecution execution = _session.Execute(_session.Prepare(sql, []), []);
        while (execution.NextResult())
        {
            while (execution.NextBatch())
                Add(execution.Current, rows);
        }

        return rows;
    }

    /// <summary>The plan as EXPLAIN shows it.</summary>
    public string Explain(string sql) => string.Join('\n', Query("EXPLAIN " + sql));

    /// <summary>Plans and runs a query without a session.</summary>
    public List<string> Run(string sql, bool optimize, int batchSize = Batch.DefaultSize, long memory = MemoryBudget.DefaultLimit, params (SqlType Type, Value Value)[] parameters)
    {
        CatalogSnapshot catalog = _database.Catalog.Newest;
        PlannerOptions options = new()
        {
            RowCount = t => _database.Engine.EstimateEntries(t.Tree),
            FindTable = id => catalog.TryGet(id, out CatalogObject? found) ? found as Table : null,
            BindTable = t => TableBinder.Bind(t, catalog, [CatalogSnapshot.DefaultSchema]),
            Optimize = optimize,
            PartRows = PartRows,
        };
        BoundStatement bound = TableBinder.BindStatement(SqlParser.ParseStatement(StatementSplitter.Split(sql)[0]), [.. parameters.Select(p => p.Type)], catalog, [CatalogSnapshot.DefaultSchema]);
        PhysicalPlan plan = Planner.Plan(bound.Plan, options);
        _lastPlan = plan;
        using StorageTransaction transaction = _database.Engine.Begin();
        transaction.BeginStatement();
        MemoryStorageProvider temporary = new();
        QueryContext context = new()
        {
            Transaction = transaction,
            Parameters = [.. parameters.Select(p => p.Value)],
            BatchSize = batchSize,
            Memory = new MemoryBudget(memory),
            Temporary = temporary,
            MaxParallelism = MaxParallelism,
            Cancellation = Cancellation,
            Functions = new PlainFunctions(),
        };
        List<string> rows = [];
        PlanInstance instance = plan.Rent();
        for (int pass = 0; pass < 2; pass++)
        {
            List<string> again = [];
            instance.Open(context);
            while (instance.Next(context) is { } batch)
                Add(batch, again);
            instance.Close();
            Assert.Equal(0, context.Memory.Used);
            Assert.Empty(temporary.List());
            if (pass == 0)
                rows = again;
            else
                Assert.Equal(rows.Order(StringComparer.Ordinal), again.Order(StringComparer.Ordinal));
        }

        plan.Return(instance);
        PartsRead = context.PartsRead;
        return rows;
    }

    private static void Add(Batch batch, List<string> rows)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            StringBuilder row = new();
            foreach (Vector column in batch.Columns)
            {
                if (row.Length > 0)
                    row.Append('|');
                row.Append(Show(column.GetValue(i)));
            }

            rows.Add(row.ToString());
        }
    }

    private static string Show(Value value) => value.IsNull ? "null" : value.Kind switch
    {
        SqlTypeKind.Boolean => value.As<bool>() ? "true" : "false",
        SqlTypeKind.SmallInt => value.As<short>().ToString(),
        SqlTypeKind.Integer => value.As<int>().ToString(),
        SqlTypeKind.BigInt => value.As<long>().ToString(),
        SqlTypeKind.Double => value.As<double>().ToString("R"),
        SqlTypeKind.Decimal => value.As<decimal>().ToString(),
        SqlTypeKind.Text or SqlTypeKind.Json or SqlTypeKind.Jsonb => RandomValues.TextOf(value),
        SqlTypeKind.Array => "{" + string.Join(',', value.As<ArrayValue>().Items.Select(v => Show(v))) + "}",
        _ => value.Kind.ToString(),
    };

    public void Dispose()
    {
        _session.Dispose();
        _database.Release();
    }

    /// <summary>Functions without a session.</summary>
    private sealed class PlainFunctions : FunctionContext
    {
        public override DateTimeOffset StatementTime { get; } = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero);

        public override TimeZoneInfo TimeZone => TimeZoneInfo.Utc;

        public override CancellationToken Cancellation => CancellationToken.None;

        public override Random Random { get; } = new(1);

        public override long NextSequenceValue(string name) => throw new InvalidOperationException();

        public override long CurrentSequenceValue(string name) => throw new InvalidOperationException();

        public override void SetSequenceValue(string name, long value, bool isCalled) => throw new InvalidOperationException();

        public override void AcquireAdvisoryLock(string name, bool wait, out bool acquired) => throw new InvalidOperationException();

        public override bool ReleaseAdvisoryLock(string name) => throw new InvalidOperationException();

        public override string GetSetting(string name) => throw new InvalidOperationException();
    }
}
