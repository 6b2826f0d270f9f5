using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace BareMetal.Data.Simulation.Tests.Sql;

/// <summary>What the tables hold, as immutable values: a transaction, a savepoint and a crash point each keep one for nothing.</summary>
internal sealed record SqlModel(ImmutableSortedDictionary<string, TableModel> Tables, ImmutableSortedDictionary<string, long> Sequences)
{
    public static readonly SqlModel Empty = new(
        ImmutableSortedDictionary.Create<string, TableModel>(StringComparer.Ordinal), ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal));

    private string? _text;

    /// <summary>Functions without parameters: the expression that each gives.</summary>
    public ImmutableSortedDictionary<string, string> Functions { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Everything in a fixed order and spelling, to compare with what a database says of itself.</summary>
    public string Text => _text ??= Write();

    public SqlModel With(string name, TableModel table) => this with { Tables = Tables.SetItem(name, table), _text = null };

    public SqlModel WithTables(ImmutableSortedDictionary<string, TableModel> tables) => this with { Tables = tables, _text = null };

    public SqlModel WithSequences(ImmutableSortedDictionary<string, long> sequences) => this with { Sequences = sequences, _text = null };

    public SqlModel WithFunctions(ImmutableSortedDictionary<string, string> functions) => this with { Functions = functions, _text = null };

    /// <summary>Whether unique indexes and foreign keys hold.</summary>
    public bool IsValid()
    {
        foreach (TableModel table in Tables.Values)
        {
            foreach (IndexModel index in table.Indexes.Values.Where(i => i.IsUnique))
            {
                int column = table.Find(index.Column);
                List<string> values = [.. table.Rows.Values.Select(r => r[column]).OfType<string>()];
                if (values.Distinct(StringComparer.Ordinal).Count() != values.Count)
                    return false;
            }

            if (table.Parent is null)
                continue;
            int p = table.Find("p");
            if (table.Rows.Values.Any(r => r[p] is { } key && !Tables[table.Parent].Rows.ContainsKey(long.Parse(key, CultureInfo.InvariantCulture))))
                return false;
        }

        return true;
    }

    /// <summary>Without some rows, and without those that go with them.</summary>
    public SqlModel Delete(string name, Func<long, bool> condition)
    {
        TableModel table = Tables[name];
        HashSet<long> gone = [.. table.Rows.Keys.Where(condition)];
        if (gone.Count == 0)
            return this;
        SqlModel next = With(name, table with { Rows = table.Rows.RemoveRange(gone) });
        foreach ((string child, TableModel model) in next.Tables)
        {
            if (model.Parent != name)
                continue;
            int p = model.Find("p");
            next = next.Delete(child, id => next.Tables[child].Rows[id][p] is { } key && gone.Contains(long.Parse(key, CultureInfo.InvariantCulture)));
        }

        return next;
    }

    /// <summary>A long value as its length and hash.</summary>
    public static string Shorten(string? value) => value switch
    {
        null => "null",
        { Length: > 40 } => $"{value.Length}#{value.GetHashCode(StringComparison.Ordinal)}",
        _ => value,
    };

    private string Write()
    {
        StringBuilder text = new();
        foreach ((string name, TableModel table) in Tables)
        {
            text.Append("table ").Append(name).Append('\n');
            foreach (ColumnModel column in table.Columns)
                text.Append(CultureInfo.InvariantCulture, $" column {column.Name} {column.Type}{(column.IsRequired ? " required" : "")} default {column.DefaultSql ?? "none"}\n");
            foreach ((string index, IndexModel model) in table.Indexes)
                text.Append(CultureInfo.InvariantCulture, $" index {index} on {model.Column}{(model.IsUnique ? " unique" : "")}\n");
            if (table.Parent is not null)
                text.Append(CultureInfo.InvariantCulture, $" references {table.Parent}\n");
            foreach (ImmutableList<string?> row in table.Rows.Values)
                text.Append(" row ").AppendJoin('|', row.Select(Shorten)).Append('\n');
        }

        foreach (string sequence in Sequences.Keys)
            text.Append("sequence ").Append(sequence).Append('\n');
        foreach ((string function, string body) in Functions)
            text.Append(CultureInfo.InvariantCulture, $"function {function} gives {body}\n");
        return text.ToString();
    }
}

/// <summary>A table of the model. Column 0 is the identity.</summary>
internal sealed record TableModel(
    ImmutableList<ColumnModel> Columns,
    ImmutableSortedDictionary<long, ImmutableList<string?>> Rows,
    ImmutableSortedDictionary<string, IndexModel> Indexes,
    string? Parent,
    long LargestId)
{
    public int Find(string column) => Columns.FindIndex(c => c.Name == column);
}

internal sealed record ColumnModel(string Name, string Type, bool IsRequired, string? DefaultSql)
{
    /// <summary>The default as a value.</summary>
    public string? Default => DefaultSql?.Trim('\'');
}

internal sealed record IndexModel(string Column, bool IsUnique);
