using BareMetal.Data.Differential.Grammar;

namespace BareMetal.Data.Differential.Compare;

/// <summary>Both sides with the same schema: an own database in memory here, an own schema in PostgreSQL.</summary>
internal sealed class Arena : IDisposable
{
    /// <summary>Rounds after which the other side gets a new connection: one that has seen many schemas come and go is slow.</summary>
    private const int RoundsPerConnection = 40;

    private readonly string _connectionString;
    private readonly string _schema;
    private PostgresLink _theirs;
    private EngineLink _ours = new();
    private int _rounds;

    public Arena(string connectionString, string schema)
    {
        _connectionString = connectionString;
        _theirs = new PostgresLink(connectionString);
        _schema = schema;
        Clear();
    }

    /// <summary>Empties both sides.</summary>
    public void Clear()
    {
        _ours.Dispose();
        _ours = new EngineLink();
        _theirs.Reset();
        if (++_rounds % RoundsPerConnection == 0)
        {
            _theirs.Dispose();
            _theirs = new PostgresLink(_connectionString);
        }

        _theirs.Must($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        _theirs.Must($"CREATE SCHEMA {_schema}");
        _theirs.Must($"SET search_path = {_schema}");
    }

    public static bool IsTransactionControl(Node root) => root.Production is "begin" or "isolation level" or "commit" or "rollback" or "savepoint" or "rollback to" or "release";

    public Outcome RunOurs(Node root) => _ours.Run(root.Ours());

    /// <summary>As <see cref="RunOurs"/>, with parameters instead of literals, and run again with the plan that is then kept.</summary>
    public Outcome RunOursAgain(Node root)
    {
        List<(Node Part, object Value)> parameters = [];
        string sql = root.Ours(parameters);
        _ours.Run(sql, parameters);
        return _ours.Run(sql, parameters);
    }

    public Outcome RunTheirs(Node root) => _theirs.Run(root.Theirs(), IsTransactionControl(root));

    /// <summary>What differs for the statement now; null when nothing does.</summary>
    public string? Try(Statement statement, out Outcome ours, out Outcome theirs)
    {
        ours = RunOurs(statement.Root);
        theirs = RunTheirs(statement.Root);
        return ours.IsSetAside || theirs.IsSetAside ? null : Comparer.Difference(statement, ours, theirs);
    }

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Reset();
        _theirs.Must($"DROP SCHEMA IF EXISTS {_schema} CASCADE");
        _theirs.Dispose();
    }
}
