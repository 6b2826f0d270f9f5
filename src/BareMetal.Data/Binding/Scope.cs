using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;

namespace BareMetal.Data.Binding;

/// <summary>A column as names find it: the expression is the column itself, or that of a virtual generated or a merged column.</summary>
internal sealed record ScopeColumn(string Name, BoundExpression Expression)
{
    /// <summary>The table column behind it, for dependencies.</summary>
    public Column? Origin { get; init; }
}

/// <summary>An item of FROM under its alias.</summary>
internal sealed class RangeTable(string alias, string? schema, IReadOnlyList<ScopeColumn> columns)
{
    public string Alias { get; } = alias;

    /// <summary>The schema, when the item is a table without an alias.</summary>
    public string? Schema { get; } = schema;

    public IReadOnlyList<ScopeColumn> Columns { get; } = columns;

    public Table? Table { get; init; }
}

/// <summary>What a FROM list offers to names: tables for qualified ones, columns for the others and for the star.</summary>
internal sealed class FromScope
{
    public static readonly FromScope Empty = new([], []);

    private HashSet<PlanColumn>? _produced;

    public FromScope(IReadOnlyList<RangeTable> tables, IReadOnlyList<ScopeColumn> columns)
    {
        Tables = tables;
        Columns = columns;
    }

    public FromScope(RangeTable table)
        : this([table], table.Columns)
    {
    }

    public IReadOnlyList<RangeTable> Tables { get; }

    /// <summary>The columns that an unqualified name may mean; those merged by USING come once.</summary>
    public IReadOnlyList<ScopeColumn> Columns { get; }

    public static FromScope Combine(FromScope left, FromScope right) =>
        left.Columns.Count == 0 && left.Tables.Count == 0 ? right : right.Columns.Count == 0 && right.Tables.Count == 0 ? left : new FromScope([.. left.Tables, .. right.Tables], [.. left.Columns, .. right.Columns]);

    /// <summary>Whether the column comes from this FROM list.</summary>
    public bool Produces(PlanColumn column)
    {
        if (_produced is null)
        {
            _produced = [];
            foreach (RangeTable table in Tables)
            {
                foreach (ScopeColumn c in table.Columns)
                    BoundTree.CollectColumns(c.Expression, _produced);
            }

            foreach (ScopeColumn c in Columns)
                BoundTree.CollectColumns(c.Expression, _produced);
        }

        return _produced.Contains(column);
    }
}

/// <summary>A level of name resolution; names not found here are looked up in the parent, which makes them outer references.</summary>
internal sealed class Scope(Scope? parent, FromScope from)
{
    public Scope? Parent { get; } = parent;

    public FromScope From { get; } = from;

    /// <summary>What collects aggregates and window functions; null where neither may stand.</summary>
    public SelectContext? Select { get; init; }

    /// <summary>Which clause is being bound, for errors and to tell where aggregates may stand.</summary>
    public string Clause { get; set; } = "this expression";

    /// <summary>Whether a name was found at this level.</summary>
    public bool Referenced { get; set; }

    public bool AllowsAggregates => Select is not null && Clause is "SELECT" or "HAVING" or "ORDER BY" or "DISTINCT ON" or "window";

    /// <summary>Whether functions of rows may stand here.</summary>
    public bool AllowsSets => Select is not null && Clause is "SELECT" or "ORDER BY" or "DISTINCT ON" or "GROUP BY";

    public bool AllowsWindows => Select is not null && Clause is "SELECT" or "ORDER BY" or "DISTINCT ON";
}

/// <summary>What a SELECT gathers while its expressions are bound.</summary>
internal sealed class SelectContext
{
    public List<AggregateItem> Aggregates { get; } = [];

    /// <summary>Arguments of aggregates with WITHIN GROUP that have one value for a group: what they read must be grouped.</summary>
    public List<BoundExpression> DirectArguments { get; } = [];

    public List<WindowCall> Windows { get; } = [];

    public Dictionary<string, Sql.Syntax.WindowSpecification> NamedWindows { get; } = new(Sql.Syntax.Identifier.Comparer);

    public bool IsGrouped { get; set; }

    /// <summary>ROLLUP, CUBE or GROUPING SETS: its keys may become null.</summary>
    public bool HasGroupingSets { get; init; }

    /// <summary>Functions of rows in the select list.</summary>
    public List<SetCall> SetCalls { get; } = [];

    /// <summary>How many places named a function of rows: to find those that stand where none may.</summary>
    public int SetUses { get; set; }
}

/// <summary>A function of rows in a select list, kept until the rows that it runs for are known.</summary>
internal sealed class SetCall
{
    public required PlanColumn[] Columns { get; init; }

    public required Functions.TableCall Call { get; init; }

    public required IReadOnlyList<BoundExpression> Arguments { get; set; }

    /// <summary>1, and for a function over the rows of others one more than those: functions of one level run side by side.</summary>
    public required int Level { get; init; }
}

/// <summary>A window function, kept until the query's groups are known.</summary>
internal sealed class WindowCall
{
    public required PlanColumn Column { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<BoundExpression> Arguments { get; set; }

    public required BoundAggregate? Aggregate { get; set; }

    public required IReadOnlyList<BoundExpression> PartitionBy { get; set; }

    public required IReadOnlyList<SortKey> OrderBy { get; set; }

    public required WindowFrame Frame { get; init; }
}
