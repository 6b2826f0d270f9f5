using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Catalog.Ddl;
using BareMetal.Data.Catalog.Statistics;
using BareMetal.Data.Planning;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>A statement's syntax tree and the plan that was made of it last.</summary>
internal sealed class CachedStatement(string text, SqlType[] parameterTypes)
{
    /// <summary>Plans for different kinds of parameters' values that are kept at most.</summary>
    private const int MaxVariants = 16;

    private volatile Statement? _syntax;
    private readonly Lock _gate = new();
    private volatile PlannedStatement? _planned;
    private volatile PlannedStatement[] _variants = [];
    private volatile PlannedCall? _call;

    /// <summary>A statement of a routine or block, whose variables are its parameters.</summary>
    public CachedStatement(Statement syntax, SqlType[] types, VariableScope? variables)
        : this("", types)
    {
        _syntax = syntax;
        Variables = variables;
    }

    /// <summary>What names of variables mean; null outside of routines and blocks.</summary>
    public VariableScope? Variables { get; }

    /// <summary>The normalised text.</summary>
    public string Text { get; } = text;

    /// <summary>The parameters' declared types.</summary>
    public SqlType[] ParameterTypes { get; } = parameterTypes;

    /// <summary>When it was prepared last, in the cache's time.</summary>
    public long LastUse { get; set; }

    /// <summary>The syntax tree; parsed at first use.</summary>
    public Statement Syntax => _syntax ??= SqlParser.ParseStatement(Text);

    /// <summary>
    /// The plan for a catalog and the parameters' values: the last one while nothing that it names has changed and it was made for such values, then one of the
    /// others that are kept, otherwise a new one.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="transaction">The transaction, whose catalog counts.</param>
    /// <param name="values">The parameters' values; null when the plan is not going to run.</param>
    public PlannedStatement Plan(Session session, SessionTransaction transaction, Value[]? values)
    {
        CatalogSnapshot catalog = transaction.Catalog;
        PlannedStatement? planned = _planned;
        if (planned is not null && IsUsable(planned, catalog, session, transaction, out bool renew))
        {
            if (values is null || planned.Serves(values))
            {
                if (renew)
                    _planned = Replace(planned, planned.For(catalog));
                return planned;
            }

            foreach (PlannedStatement other in _variants)
            {
                if (other != planned && IsUsable(other, catalog, session, transaction, out renew) && other.Serves(values))
                    return _planned = renew ? Replace(other, other.For(catalog)) : other;
            }
        }

        planned = PlannedStatement.Make(Syntax, ParameterTypes, catalog, session, values, Variables);
        if (!transaction.HasOwnCatalog)
        {
            Add(planned, catalog, session, transaction);
            _planned = planned;
        }

        return planned;
    }

    /// <summary>Plans that are kept for several kinds of values.</summary>
    public int Variants => _variants.Length;

    private static bool IsUsable(PlannedStatement planned, CatalogSnapshot catalog, Session session, SessionTransaction transaction, out bool renew) =>
        planned.IsValid(catalog, session.Settings, transaction.HasOwnCatalog, out renew) && planned.IsUpToDate(session.Database);

    private PlannedStatement Replace(PlannedStatement old, PlannedStatement renewed)
    {
        lock (_gate)
        {
            int at = Array.IndexOf(_variants, old);
            if (at >= 0)
                _variants = [.. _variants[..at], renewed, .. _variants[(at + 1)..]];
        }

        return renewed;
    }

    /// <summary>Keeps a plan beside those for other values; those that no longer hold go, then the oldest.</summary>
    private void Add(PlannedStatement made, CatalogSnapshot catalog, Session session, SessionTransaction transaction)
    {
        lock (_gate)
        {
            List<PlannedStatement> kept = [];
            if (made.HasGuards)
            {
                foreach (PlannedStatement old in _variants)
                {
                    if (old.HasGuards && IsUsable(old, catalog, session, transaction, out _))
                        kept.Add(old);
                }

                if (kept.Count >= MaxVariants)
                    kept.RemoveAt(0);
            }

            kept.Add(made);
            _variants = [.. kept];
        }
    }

    /// <summary>For a CALL: the procedure, and the plan that gives its arguments.</summary>
    public (BoundRoutineCall Call, PlannedStatement Inputs) PlanCall(Session session, SessionTransaction transaction, bool functions)
    {
        CatalogSnapshot catalog = transaction.Catalog;
        if (_call is { } known && known.Functions == functions && known.Inputs.IsValid(catalog, session.Settings, transaction.HasOwnCatalog, out _))
            return (known.Bound, known.Inputs);
        BindingOptions options = new() { SearchPath = session.Settings.SearchPath, Functions = session.Options.Functions, Variables = Variables, CallFunctions = functions };
        BoundRoutineCall bound = Binder.BindCall((CallStatement)Syntax, catalog, options, ParameterTypes);
        PlannedStatement inputs = PlannedStatement.Make(bound.Inputs, catalog, session, null);
        if (!transaction.HasOwnCatalog)
            _call = new PlannedCall(bound, inputs, functions);
        return (bound, inputs);
    }

    private sealed record PlannedCall(BoundRoutineCall Bound, PlannedStatement Inputs, bool Functions);
}

/// <summary>A plan, what it depends on, and what a session needs to run it.</summary>
internal sealed class PlannedStatement
{
    private CatalogSnapshot _catalog = null!;
    private string _searchPathKey = "";
    private (Table Table, long Rows)[] _sizes = [];
    private (Table Table, TableStatistics? Statistics)[] _statistics = [];
    private int _epoch;
    private PlanGuard[] _guards = [];
    private int _uses;

    public PhysicalPlan Plan { get; private init; } = null!;

    public SqlType[] ParameterTypes { get; private init; } = [];

    public IReadOnlyList<(long Id, int Version)> Objects { get; private init; } = [];

    public ResultColumn[] Columns { get; private init; } = [];

    /// <summary>The tables in which it locks rows without writing them (FOR UPDATE): its rows are kept until it is complete, since it may start anew.</summary>
    public IReadOnlyList<Table> LockedTables { get; private init; } = [];

    public bool IsModification => Plan.IsModification;

    /// <summary>The tables that a modification writes, those of WITH included.</summary>
    public IReadOnlyList<Table> Targets { get; private init; } = [];

    /// <summary>Whether it calls functions that may change rows: then it runs whole before it gives a row, as changes do.</summary>
    public bool MayWrite { get; private init; }

    /// <summary>Whether the plan holds for a catalog; <paramref name="renew"/> says that it was made for another one, which agrees in all that it names.</summary>
    public bool IsValid(CatalogSnapshot catalog, SessionSettings settings, bool isOwnCatalog, out bool renew)
    {
        renew = false;
        if (_searchPathKey != settings.SearchPathKey)
            return false;
        if (ReferenceEquals(_catalog, catalog))
            return true;
        // Versions of a transaction's own changes mean something to it alone; with several schemas a new object may hide another.
        if (isOwnCatalog || settings.SearchPath.Count > 1)
            return false;
        foreach ((long id, int version) in Objects)
        {
            if (!catalog.TryGet(id, out CatalogObject? o) || o.Version != version)
                return false;
        }

        renew = true;
        return true;
    }

    /// <summary>Whether what is known of the tables' rows is what the plan was made with, and no table has outgrown it.</summary>
    public bool IsUpToDate(Database database)
    {
        int epoch = database.Statistics.Epoch;
        if (epoch != _epoch)
        {
            foreach ((Table table, TableStatistics? statistics) in _statistics)
            {
                if (!ReferenceEquals(database.Statistics.Find(table), statistics))
                    return false;
            }

            _epoch = epoch;
        }

        return !IsOutgrown(database);
    }

    /// <summary>Whether a table has grown so much since that another plan may be better. Looked at ever more rarely: at uses 2, 4, 8 … and each 1024th.</summary>
    private bool IsOutgrown(Database database)
    {
        int uses = ++_uses;
        if ((uses & (uses - 1)) != 0 && (uses & 1023) != 0)
            return false;
        foreach ((Table table, long rows) in _sizes)
        {
            if (!table.IsTemporary() && database.Engine.EstimateEntries(table.Tree) > (rows * 8) + 1000)
                return true;
        }

        return false;
    }

    /// <summary>The same plan, known to hold for another catalog.</summary>
    public PlannedStatement For(CatalogSnapshot catalog) => new()
    {
        _catalog = catalog,
        _searchPathKey = _searchPathKey,
        Plan = Plan,
        ParameterTypes = ParameterTypes,
        Objects = Objects,
        Columns = Columns,
        LockedTables = LockedTables,
        Targets = Targets,
        MayWrite = MayWrite,
        _sizes = _sizes,
        _statistics = _statistics,
        _epoch = _epoch,
        _guards = _guards,
    };

    /// <summary>Whether what the plan relies on of its parameters' values depends on them at all.</summary>
    public bool HasGuards => _guards.Length > 0;

    /// <summary>Whether the plan was made for values like these.</summary>
    public bool Serves(Value[] values)
    {
        foreach (PlanGuard guard in _guards)
        {
            if (guard.Parameter >= values.Length || !TryConvert(values[guard.Parameter], ParameterTypes[guard.Parameter], out Value value))
                return true; // What is wrong with it is said when it is used.
            if (guard.Classify(value) != guard.Class)
                return false;
        }

        return true;
    }

    /// <summary>A value in the type that a plan has for the parameter.</summary>
    private static bool TryConvert(in Value value, SqlType type, out Value converted)
    {
        converted = value;
        if (value.Kind == type.Kind)
            return true;
        if (value.IsNull)
        {
            converted = Value.Null(type.Kind);
            return true;
        }

        if (type.Kind == SqlTypeKind.Unknown)
            return false;
        try
        {
            converted = Casts.Convert(value, new SqlType(value.Kind), type);
            return true;
        }
        catch (BareMetalException)
        {
            // The statement itself will tell.
            return false;
        }
    }

    /// <summary>The values in the plan's types; null when one of them can't have its type.</summary>
    private static Value[]? Converted(Value[]? values, SqlType[] types)
    {
        if (values is null || values.Length < types.Length)
            return null;
        Value[] converted = new Value[types.Length];
        for (int i = 0; i < converted.Length; i++)
        {
            if (!TryConvert(values[i], types[i], out converted[i]))
                return null;
        }

        return converted;
    }

    public static PlannedStatement Make(Statement syntax, SqlType[] parameterTypes, CatalogSnapshot catalog, Session session, Value[]? values, VariableScope? variables = null)
    {
        ExplainStatement? explain = syntax as ExplainStatement;
        BindingOptions binding = new() { SearchPath = session.Settings.SearchPath, Functions = session.Options.Functions, Variables = variables };
        return Make(Binder.Bind(explain?.Statement ?? syntax, catalog, binding, parameterTypes), catalog, session, values, explain);
    }

    public static PlannedStatement Make(BoundStatement bound, CatalogSnapshot catalog, Session session, Value[]? values, ExplainStatement? explain = null)
    {
        Database database = session.Database;
        int epoch = database.Statistics.Epoch;
        PlannerOptions options = database.PlannerOptions(catalog, session.Settings.SearchPath, Converted(values, bound.ParameterTypes), session);
        PhysicalPlan plan = explain is null
            ? Planner.Plan(bound.Plan, options)
            : Planner.Explain(bound.Plan, options, explain.Analyze, explain.Format == ExplainFormat.Json);
        List<(Table, long)> sizes = [];
        List<(Table, TableStatistics?)> statistics = [];
        bool mayWrite = false;
        foreach ((long id, _) in bound.Objects)
        {
            mayWrite |= catalog.Find<Routine>(id) is { Volatility: Functions.Volatility.Volatile };
            if (catalog.Find<Table>(id) is not { } table)
                continue;
            sizes.Add((table, session.EstimateEntries(table.Tree)));
            statistics.Add((table, database.Statistics.Find(table)));
        }

        return new PlannedStatement
        {
            MayWrite = mayWrite && !(explain is not null && !explain.Analyze),
            _sizes = [.. sizes],
            _statistics = [.. statistics],
            _epoch = epoch,
            _guards = [.. options.Guards],
            Targets = TargetsOf(bound.Plan),
            _catalog = catalog,
            _searchPathKey = session.Settings.SearchPathKey,
            Plan = plan,
            ParameterTypes = bound.ParameterTypes,
            Objects = bound.Objects,
            Columns = ResultColumns(plan),
            LockedTables = plan.IsModification ? [] : LockedIn(bound.Plan),
        };
    }

    /// <summary>The tables that a statement writes, each once: of MERGE too, and of what WITH writes.</summary>
    private static List<Table> TargetsOf(LogicalOperator plan)
    {
        List<Table> targets = [];
        Collect(plan);
        return targets;

        void Collect(LogicalOperator part)
        {
            Table? table = part switch
            {
                LogicalInsert i => i.Table,
                LogicalUpdate u => u.Table,
                LogicalDelete d => d.Table,
                LogicalMerge m => m.Table,
                _ => null,
            };
            if (table is not null && !targets.Contains(table))
                targets.Add(table);
            if (part is not LogicalWith with)
                return;
            foreach (CteDefinition definition in with.Definitions)
                Collect(definition.Plan);
            Collect(with.Body);
        }
    }

    private static List<Table> LockedIn(LogicalOperator plan)
    {
        List<Table> tables = [];
        Collect(plan);
        return tables;

        void Collect(LogicalOperator part)
        {
            LogicalTools.Any(part, op =>
            {
                if (op is LogicalScan { Lock: not RowLockMode.None } scan && !tables.Contains(scan.Table))
                    tables.Add(scan.Table);
                LogicalTools.VisitExpressions(op, root => ExpressionTools.Any(root, e =>
                {
                    if (e is BoundSubquery subquery)
                        Collect(subquery.Plan);
                    return false;
                }));
                return false;
            });
        }
    }

    private static ResultColumn[] ResultColumns(PhysicalPlan plan)
    {
        ResultColumn[] columns = new ResultColumn[plan.Columns.Count];
        for (int i = 0; i < columns.Length; i++)
        {
            PlanResultColumn c = plan.Columns[i];
            columns[i] = new ResultColumn(c.Name, c.Type, c.IsNullable) { OriginTable = c.OriginTable, OriginColumn = c.Origin };
        }

        return columns;
    }
}
