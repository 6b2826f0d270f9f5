using BareMetal.Data.Sql;
using BareMetal.Data.Types;

namespace BareMetal.Data.Sessions;

/// <summary>The statements of a database that were run lately, by normalised text and parameter types. Bounded: the less used half goes.</summary>
internal sealed class StatementCache
{
    private const int MaxStatements = 4096;

    private readonly Dictionary<StatementKey, CachedStatement> _statements = [];
    private long _clock;

    public int Count
    {
        get
        {
            lock (_statements)
                return _statements.Count;
        }
    }

    public CachedStatement Get(StatementText text, SqlType[] parameterTypes)
    {
        StatementKey key = new(text.Text, parameterTypes);
        lock (_statements)
        {
            if (!_statements.TryGetValue(key, out CachedStatement? statement))
            {
                if (_statements.Count >= MaxStatements)
                    Shrink();
                statement = new CachedStatement(text.Text, parameterTypes);
                _statements.Add(key, statement);
            }

            statement.LastUse = ++_clock;
            return statement;
        }
    }

    private void Shrink()
    {
        long[] uses = new long[_statements.Count];
        int i = 0;
        foreach (CachedStatement statement in _statements.Values)
            uses[i++] = statement.LastUse;
        Array.Sort(uses);
        long limit = uses[uses.Length / 2];
        foreach ((StatementKey key, CachedStatement statement) in _statements)
        {
            if (statement.LastUse < limit)
                _statements.Remove(key);
        }
    }

    private readonly record struct StatementKey(string Text, SqlType[] Types)
    {
        public bool Equals(StatementKey other)
        {
            if (Types.Length != other.Types.Length || !string.Equals(Text, other.Text, StringComparison.Ordinal))
                return false;
            for (int i = 0; i < Types.Length; i++)
            {
                if (Types[i] != other.Types[i])
                    return false;
            }

            return true;
        }

        public override int GetHashCode()
        {
            HashCode hash = default;
            hash.Add(Text, StringComparer.Ordinal);
            foreach (SqlType type in Types)
                hash.Add(type.Kind);
            return hash.ToHashCode();
        }
    }
}
