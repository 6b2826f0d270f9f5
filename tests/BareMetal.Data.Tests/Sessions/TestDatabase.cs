using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Xunit;

namespace BareMetal.Data.Tests.Sessions;

/// <summary>A database in memory (or on a given substrate) with sessions that speak text: rows come back as values joined by '|'.</summary>
internal sealed class TestDatabase : IDisposable
{
    private readonly List<Session> _sessions = [];
    private Session? _main;

    private readonly bool _optimize;

    public TestDatabase(IStorageProvider? substrate = null, bool optimize = true)
    {
        _optimize = optimize;
        Substrate = substrate ?? new MemoryStorageProvider();
        Database = Acquire();
    }

    public IStorageProvider Substrate { get; }

    public Database Database { get; private set; }

    /// <summary>The session that the shorthands use.</summary>
    public Session Main => _main ??= Open();

    public Session Open(SessionOptions? options = null)
    {
        Session session = Database.CreateSession(options ?? new SessionOptions { LockTimeout = TimeSpan.FromSeconds(10) });
        _sessions.Add(session);
        return session;
    }

    public List<string> Rows(string sql, params object?[] parameters) => Main.Rows(sql, parameters);

    public string Scalar(string sql, params object?[] parameters) => Assert.Single(Rows(sql, parameters));

    public long Run(string sql, params object?[] parameters) => Main.Run(sql, parameters);

    public BareMetalException Fails(string state, string sql, params object?[] parameters) => Main.Fails(state, sql, parameters);

    /// <summary>Closes the engine and opens the same files again.</summary>
    /// <param name="whileClosed">What happens to the files meanwhile.</param>
    public void Reopen(Action? whileClosed = null)
    {
        CloseSessions();
        Database.Release();
        whileClosed?.Invoke();
        Database = Acquire();
    }

    public void Dispose()
    {
        CloseSessions();
        Database.Release();
    }

    private void CloseSessions()
    {
        foreach (Session session in _sessions)
            session.Dispose();
        _sessions.Clear();
        _main = null;
    }

    private Database Acquire() => Database.Acquire(new DatabaseOptions { Path = "test", Substrate = Substrate, CacheSize = 32 << 20, AnalyzeThreshold = 0, Optimize = _optimize });
}

internal static class SessionText
{
    /// <summary>Runs a command; the rows of its last result with rows.</summary>
    public static List<string> Rows(this Session session, string sql, params object?[] parameters)
    {
        List<string> rows = [];
        using CommandExecution execution = Begin(session, sql, parameters);
        while (execution.NextResult())
        {
            if (!execution.HasRows)
                continue;
            rows.Clear();
            while (execution.NextBatch())
            {
                for (int row = 0; row < execution.Current.Count; row++)
                    rows.Add(Row(execution.Current, row));
            }
        }

        return rows;
    }

    public static string Scalar(this Session session, string sql, params object?[] parameters) => Assert.Single(session.Rows(sql, parameters));

    /// <summary>Runs a command; the sum of rows affected, −1 when nothing was written.</summary>
    public static long Run(this Session session, string sql, params object?[] parameters)
    {
        long affected = -1;
        using CommandExecution execution = Begin(session, sql, parameters);
        while (execution.NextResult())
        {
            if (execution.RowsAffected >= 0)
                affected = Math.Max(affected, 0) + execution.RowsAffected;
            while (execution.NextBatch())
            {
            }
        }

        return affected;
    }

    /// <summary>Runs a command that must fail with a SQLSTATE.</summary>
    public static BareMetalException Fails(this Session session, string state, string sql, params object?[] parameters)
    {
        BareMetalException e = Assert.Throws<BareMetalException>(() => session.Run(sql, parameters));
        Assert.True(e.SqlState == state, $"Expected {state}, got: {e}");
        return e;
    }

    public static CommandExecution Begin(this Session session, string sql, params object?[] parameters)
    {
        ParameterDeclaration[] declared = new ParameterDeclaration[parameters.Length];
        Value[] values = new Value[parameters.Length];
        for (int i = 0; i < parameters.Length; i++)
        {
            (SqlType type, values[i]) = ToValue(parameters[i]);
            declared[i] = new ParameterDeclaration(null, type);
        }

        return session.Execute(session.Prepare(sql, declared), values);
    }

    public static string Row(Batch batch, int row)
    {
        StringBuilder text = new();
        for (int i = 0; i < batch.Columns.Length; i++)
        {
            if (i > 0)
                text.Append('|');
            Value value = batch.Columns[i].GetValue(row);
            text.Append(value.IsNull ? "null" : Encoding.UTF8.GetString(Casts.Convert(value, batch.Columns[i].Type, SqlType.Text).As<ByteSlice>().Span));
        }

        return text.ToString();
    }

    private static (SqlType, Value) ToValue(object? value) => value switch
    {
        null => (SqlType.Unknown, Value.Null()),
        int i => (SqlType.Integer, Value.From(SqlTypeKind.Integer, i)),
        long l => (SqlType.BigInt, Value.From(SqlTypeKind.BigInt, l)),
        bool b => (SqlType.Boolean, Value.From(SqlTypeKind.Boolean, b)),
        decimal d => (SqlType.Decimal, Value.From(SqlTypeKind.Decimal, d)),
        string s => (SqlType.Text, Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(s)))),
        _ => throw new ArgumentException($"Parameters of type {value.GetType()} are not used here."),
    };
}
