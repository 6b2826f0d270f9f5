using System.Text;
using BareMetal.Data.Catalog;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.BulkCopy;

/// <summary>
/// Writes batches of rows into a table by one statement whose plan is made once: the columns travel as arrays,
/// <c>INSERT INTO t (…) SELECT … FROM unnest($1, $2 …)</c>.
/// </summary>
internal sealed class BulkTarget
{
    private readonly SqlType[] _types;
    private readonly Value[] _parameters;
    private readonly ParameterDeclaration[] _declarations;
    private readonly Func<Session> _session;

    /// <param name="connection">An open connection.</param>
    /// <param name="tableName">The table, with or without its schema, quoted or not.</param>
    /// <param name="columns">The columns that are written; null for all that can be.</param>
    /// <param name="conflict">What happens to rows whose key is there.</param>
    /// <param name="keys">The columns of the unique key that decides; null for the primary key.</param>
    /// <param name="returning">Columns to be read back for each row, in the order of the rows.</param>
    /// <exception cref="BareMetalException">42P01: there is no such table; 42703: no such column.</exception>
    public BulkTarget(
        BareMetalConnection connection, string tableName, IReadOnlyList<string>? columns, BareMetalBulkConflict conflict, IReadOnlyList<string>? keys, IReadOnlyList<string>? returning = null)
        : this(() => connection.Session, Find(connection.Session, tableName), columns, conflict, keys, returning, null)
    {
    }

    /// <param name="session">Gives the session that writes.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">The columns that are written; null for all that can be.</param>
    /// <param name="conflict">What happens to rows whose key is there.</param>
    /// <param name="keys">The columns of the unique key that decides; null for the primary key.</param>
    /// <param name="returning">Columns to be read back for each row, in the order of the rows.</param>
    /// <param name="where">A condition over the columns that a row must meet to be written; null for none.</param>
    public BulkTarget(
        Func<Session> session, Table table, IReadOnlyList<string>? columns, BareMetalBulkConflict conflict, IReadOnlyList<string>? keys, IReadOnlyList<string>? returning, string? where)
    {
        _session = session;
        Table = table;
        Columns = columns is null ? [.. Table.Columns.Where(c => c.GeneratedSql is null)] : [.. columns.Select(Column)];
        if (Columns.Count == 0)
            throw new ArgumentException("A bulk copy needs at least one column.", nameof(columns));
        // Without length and precision, so that the assignment to the column checks them.
        _types = [.. Columns.Select(c => c.Type.Unmodified)];
        _parameters = new Value[Columns.Count];
        _declarations = [.. _types.Select(t => new ParameterDeclaration(null, ClrTypes.ArrayOf(t)))];
        Sql = Statement(conflict, keys, returning, where);
    }

    /// <summary>The statement; $1, $2 … are arrays of the columns' values.</summary>
    public string Sql { get; }

    public Table Table { get; }

    public IReadOnlyList<Column> Columns { get; }

    public SqlType TypeOf(int column) => _types[column];

    /// <summary>Takes the first <paramref name="count"/> values of each column as the parameters of the next execution.</summary>
    public CommandExecution Begin(Value[][] columns, int count, TimeSpan timeout, CancellationToken cancellationToken)
    {
        FillParameters(columns, count, _parameters);
        Session session = _session();
        return session.Execute(session.Prepare(Sql, _declarations), _parameters, new ExecutionOptions(timeout), cancellationToken);
    }

    /// <summary>The types of the statement's parameters.</summary>
    public SqlType[] ParameterTypes() => [.. _types.Select(SqlType.ArrayOf)];

    /// <summary>Makes parameters of the first <paramref name="count"/> values of each column.</summary>
    public void FillParameters(Value[][] columns, int count, Value[] parameters)
    {
        for (int i = 0; i < _types.Length; i++)
        {
            Value[] items = columns[i].Length == count ? columns[i] : columns[i][..count];
            parameters[i] = Value.From(SqlTypeKind.Array, new ArrayValue(_types[i], items));
        }
    }

    private static Table Find(Session session, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (string? schema, string table) = ParseName(name);
        CatalogSnapshot catalog = session.Catalog;
        return catalog.Resolve(schema, table, session.Settings.SearchPath) as Table
            ?? throw new BareMetalException(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist.");
    }

    /// <summary>The parts of a name as SQL writes it: with a schema or without, quoted or not.</summary>
    private static (string? Schema, string Name) ParseName(string text)
    {
        List<string> parts = [];
        int at = 0;
        while (at <= text.Length)
        {
            if (at < text.Length && text[at] == '"')
            {
                StringBuilder part = new();
                for (at++; ; at++)
                {
                    if (at >= text.Length)
                        throw new ArgumentException($"The quoted name in '{text}' does not end.", nameof(text));
                    if (text[at] != '"')
                        part.Append(text[at]);
                    else if (at + 1 < text.Length && text[at + 1] == '"')
                        part.Append(text[at++]);
                    else
                        break;
                }

                parts.Add(part.ToString());
                at++;
                if (at < text.Length && text[at] != '.')
                    throw new ArgumentException($"'{text}' is not the name of a table.", nameof(text));
            }
            else
            {
                int end = text.IndexOf('.', at);
                end = end < 0 ? text.Length : end;
                parts.Add(text[at..end].Trim());
                at = end;
            }

            at++;
        }

        if (parts.Count is 0 or > 2 || parts.Exists(p => p.Length == 0))
            throw new ArgumentException($"'{text}' is not the name of a table.", nameof(text));
        return parts.Count == 2 ? (parts[0], parts[1]) : (null, parts[0]);
    }

    private Column Column(string name)
    {
        if (Table.FindColumn(name) is not { } column)
        {
            string? near = NameSuggestion.Nearest(name, Table.Columns.Select(c => c.Name));
            throw new BareMetalException(SqlStates.UndefinedColumn, $"The table \"{Table.Name}\" has no column \"{name}\"." + (near is null ? "" : $" Did you mean \"{near}\"?"));
        }

        return column.GeneratedSql is null
            ? column
            : throw new BareMetalException(SqlStates.GeneratedAlways, $"The column \"{column.Name}\" is computed and can't be written.");
    }

    private string Statement(BareMetalBulkConflict conflict, IReadOnlyList<string>? keys, IReadOnlyList<string>? returning, string? where)
    {
        StringBuilder sql = new("INSERT INTO ");
        if (Table.Schema is { } schema)
            sql.Append(Quote(schema)).Append('.');
        sql.Append(Quote(Table.Name)).Append(" (").AppendJoin(", ", Columns.Select(c => Quote(c.Name))).Append(')');
        if (Columns.Any(c => c.Identity is { IsAlways: true }))
            sql.Append(" OVERRIDING SYSTEM VALUE");
        sql.Append(" SELECT * FROM unnest(").AppendJoin(", ", Columns.Select((_, i) => $"${i + 1}")).Append(')');
        if (where is not null)
            sql.Append(" AS ").Append(Quote(Table.Name)).Append(" (").AppendJoin(", ", Columns.Select(c => Quote(c.Name))).Append(") WHERE (").Append(where).Append(')');
        if (conflict != BareMetalBulkConflict.Fail)
        {
            Column[] key = keys is not null ? [.. keys.Select(k => Column(k))] : [.. (Table.PrimaryKey?.ColumnIds ?? []).Select(id => Table.FindColumn(id)!)];
            Column[] rest = [.. Columns.Where(c => !key.Contains(c))];
            if (key.Length == 0 && conflict == BareMetalBulkConflict.Update)
                throw new InvalidOperationException($"The table \"{Table.Name}\" has no primary key; name the columns of the unique key that decides which rows are updated.");
            sql.Append(" ON CONFLICT ");
            if (key.Length > 0)
                sql.Append('(').AppendJoin(", ", key.Select(c => Quote(c.Name))).Append(") ");
            if (conflict == BareMetalBulkConflict.Update && rest.Length > 0)
                sql.Append("DO UPDATE SET ").AppendJoin(", ", rest.Select(c => $"{Quote(c.Name)} = excluded.{Quote(c.Name)}"));
            else
                sql.Append("DO NOTHING");
        }

        if (returning is { Count: > 0 })
            sql.Append(" RETURNING ").AppendJoin(", ", returning.Select(Quote));
        return sql.ToString();
    }

    private static string Quote(string name) => "\"" + name.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
}
