using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Catalog;
using BareMetal.Data.Functions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;
using BareMetal.Data.Values;
using Ast = BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Binding;

/// <summary>
/// Turns a syntax tree into the logical algebra over one catalog: finds what names mean, gives every expression its type, chooses
/// functions, and checks what the grammar cannot. One binder binds one statement.
/// </summary>
internal sealed partial class Binder
{
    private const int MaxViewDepth = 50;

    private readonly CatalogSnapshot _catalog;
    private readonly BindingOptions _options;
    private readonly Dictionary<long, int> _objects = [];
    private readonly HashSet<ObjectDependency> _references = [];

    // One BoundColumn object is made for each place that names a column, so that a later check can say where it stands.
    private readonly Dictionary<object, SourcePosition> _positions = new(ReferenceEqualityComparer.Instance);
    private SqlType[] _parameterTypes;
    private CteScope? _ctes;
    private int _nextColumn;
    private int _viewDepth;

    /// <summary>Whether nothing has been bound yet: only the outermost WITH may write.</summary>
    private bool _isOutermost = true;

    /// <summary>Set while subqueries, aggregates and parameters are refused: what the expression is for.</summary>
    private string? _restricted;

    private Binder(CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes)
    {
        _catalog = catalog;
        _options = options;
        _variables = options.Variables;
        _parameterTypes = parameterTypes.ToArray();
    }

    /// <summary>Binds a query, INSERT, UPDATE, DELETE or MERGE.</summary>
    /// <param name="statement">The statement; of another kind it is an <see cref="ArgumentException"/>.</param>
    /// <param name="catalog">The catalog to find names in.</param>
    /// <param name="options">Search path and functions.</param>
    /// <param name="parameterTypes">The declared types of $1, $2, …; Unknown, or missing at the end, to be inferred.</param>
    /// <exception cref="BareMetalException">What is wrong, with its place in the text and a hint.</exception>
    public static BoundStatement Bind(Ast.Statement statement, CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes = default)
    {
        var binder = new Binder(catalog, options, parameterTypes);
        LogicalOperator plan = statement switch
        {
            Ast.QueryStatement query => binder.BindQuery(query.Query, null, QueryUse.Top),
            Ast.InsertStatement insert => binder.BindInsert(insert),
            Ast.UpdateStatement update => binder.BindUpdate(update),
            Ast.DeleteStatement delete => binder.BindDelete(delete),
            Ast.MergeStatement merge => binder.BindMerge(merge),
            _ => throw new ArgumentException($"{statement.GetType().Name} has no plan.", nameof(statement)),
        };
        return binder.Finish(plan);
    }

    /// <summary>Binds a query alone.</summary>
    public static BoundStatement Bind(Ast.Query query, CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes = default)
    {
        var binder = new Binder(catalog, options, parameterTypes) { _isOutermost = false };
        return binder.Finish(binder.BindQuery(query, null, QueryUse.Top));
    }

    /// <summary>Binds a condition without a FROM, as IF has it: a plan of one row with one boolean column.</summary>
    public static BoundStatement BindCondition(Ast.Expression condition, CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes = default)
    {
        var binder = new Binder(catalog, options, parameterTypes);
        BoundExpression bound = binder.BindCondition(condition, new Scope(null, FromScope.Empty) { Clause = "IF" });
        return binder.Finish(binder.SingleRow([("condition", bound)]));
    }

    /// <summary>Binds expressions without a FROM, as RAISE and SET have them: a plan of one row.</summary>
    public static BoundStatement BindValues(IReadOnlyList<Ast.Expression> expressions, CatalogSnapshot catalog, BindingOptions options, ReadOnlySpan<SqlType> parameterTypes = default)
    {
        var binder = new Binder(catalog, options, parameterTypes);
        var scope = new Scope(null, FromScope.Empty);
        var items = new (string, BoundExpression)[expressions.Count];
        for (int i = 0; i < items.Length; i++)
            items[i] = ($"column{i + 1}", binder.Known(binder.Bind(expressions[i], scope), expressions[i].Position));
        return binder.Finish(binder.SingleRow(items));
    }

    /// <summary>A binder for the expressions of tables.</summary>
    internal static Binder ForDefinitions(CatalogSnapshot catalog, IReadOnlyList<string> searchPath) =>
        new(catalog, new BindingOptions { SearchPath = searchPath }, []);

    /// <summary>The objects that were needed so far.</summary>
    internal IReadOnlyCollection<long> ObjectIds => _objects.Keys;

    /// <summary>Binds the default of a routine's parameter.</summary>
    internal static BoundExpression BindDefaultValue(string sql, SqlType type, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        Binder binder = ForDefinitions(catalog, searchPath);
        return binder.Coerce(binder.Bind(SqlParser.ParseExpression(sql), new Scope(null, FromScope.Empty) { Clause = "a default" }), type, CastContext.Assignment, default, "The parameter");
    }

    internal TableRowBinding Row(Table table) => BindRow(table);

    internal BoundExpression Over(TableRowBinding row, Ast.Expression expression, SqlType? type)
    {
        var scope = new Scope(null, TableRange(row, row.Table.Name, row.Table.Schema)) { Clause = "a definition" };
        return Restricted("a definition", () =>
        {
            BoundExpression bound = Bind(expression, scope);
            return type is null ? Known(bound, expression.Position) : Coerce(bound, type, CastContext.Assignment, expression.Position);
        });
    }

    internal BoundExpression Default(Table table, Column column) => BindDefault(table, column, true) ?? Null(column.Type);

    private LogicalProject SingleRow(IReadOnlyList<(string Name, BoundExpression Expression)> items)
    {
        var projected = new ProjectItem[items.Count];
        for (int i = 0; i < projected.Length; i++)
            projected[i] = new ProjectItem(NewColumn(items[i].Name, items[i].Expression), items[i].Expression);
        return new LogicalProject(new LogicalValues([[]], []), projected);
    }

    private BoundStatement Finish(LogicalOperator plan)
    {
        for (int i = 0; i < _parameterTypes.Length; i++)
        {
            if (_parameterTypes[i].Kind == SqlTypeKind.Unknown)
                _parameterTypes[i] = SqlType.Text;
        }

        var objects = new (long, int)[_objects.Count];
        int at = 0;
        foreach (var (id, version) in _objects)
            objects[at++] = (id, version);
        return new BoundStatement { Plan = plan, ParameterTypes = _parameterTypes, Objects = objects, References = [.. _references] };
    }

    // ---- columns and constants

    private PlanColumn NewColumn(string name, SqlType type, bool isNullable) => new(_nextColumn++, name, type, isNullable);

    private PlanColumn NewColumn(string name, BoundExpression expression) => expression is BoundColumn { Column: { Origin: not null } source }
        ? new PlanColumn(_nextColumn++, name, source.Type, source.IsNullable) { Origin = source.Origin, OriginTable = source.OriginTable }
        : new PlanColumn(_nextColumn++, name, expression.Type, BoundTree.IsNullable(expression));

    private static BoundConstant Null(SqlType type) => new(Value.Null(type.Kind), type);

    private static BoundConstant Boolean(bool value) => new(Value.From(SqlTypeKind.Boolean, value), SqlType.Boolean);

    private static BoundConstant Text(string value, SqlType type) =>
        new(Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(value))), type);

    // ---- conversions

    /// <summary>The expression as another type.</summary>
    /// <exception cref="BareMetalException">42804 when the types do not go together in the context; 22P02 and its kin for a literal that does not convert.</exception>
    private BoundExpression Coerce(BoundExpression expression, SqlType type, CastContext context, SourcePosition position, string? what = null)
    {
        if (expression.Type == type)
            return expression;
        if (expression.Type.Kind == SqlTypeKind.Unknown)
            return CoerceUnknown(expression, type, position);
        if (type.Kind == SqlTypeKind.Unknown)
            return expression;
        if (expression.Type is { Kind: SqlTypeKind.Record, Fields: not null } && type is { Kind: SqlTypeKind.Record, Fields: not null })
            return CoerceRecord(expression, type, context, position, what);
        if (Casts.Find(expression.Type, type) is not { } cast || cast.Context > context)
            throw CannotConvert(expression.Type, type, context, position, what);
        if (cast.IsNoOp && expression.Type.Kind == type.Kind)
            return expression;
        if (expression is BoundConstant constant && cast.Volatility == Volatility.Immutable)
        {
            if (constant.Value.IsNull)
                return Null(type);
            try
            {
                return new BoundConstant(Casts.Convert(constant.Value, constant.Type, type), type);
            }
            catch (BareMetalException)
            {
                // The same error comes when the row that needs the value is computed, and not when no row does.
            }
            catch (OverflowException)
            {
                // As above: the executor tells 22003.
            }
        }

        return new BoundCast(expression, type, context == CastContext.Explicit);
    }

    private BoundExpression CoerceUnknown(BoundExpression expression, SqlType type, SourcePosition position)
    {
        switch (expression)
        {
            case BoundConstant { Value.IsNull: true }:
                return Null(type);
            case BoundConstant constant when type.Kind == SqlTypeKind.Unknown:
                return constant;
            case BoundConstant constant when type.Kind == SqlTypeKind.TimestampTz:
                // The session's time zone is not known here.
                return new BoundCast(new BoundConstant(constant.Value, SqlType.Text), type, true);
            case BoundConstant constant:
                try
                {
                    return new BoundConstant(Casts.Convert(constant.Value, SqlType.Text, type), type);
                }
                catch (BareMetalException e) when (e.Position == 0)
                {
                    throw e.WithPosition(position.Offset + 1, position.Line, position.Column);
                }

            case BoundParameter parameter:
            {
                SqlType declared = _parameterTypes[parameter.Index];
                if (declared.Kind == SqlTypeKind.Unknown)
                {
                    declared = Plain(type);
                    _parameterTypes[parameter.Index] = declared;
                }

                return declared == type ? new BoundParameter(parameter.Index, declared)
                    : Coerce(new BoundParameter(parameter.Index, declared), type, CastContext.Assignment, position);
            }

            default:
                return new BoundCast(expression, type, true);
        }
    }

    /// <summary>The type without length, precision and collation.</summary>
    private static SqlType Plain(SqlType type) => type.Kind == SqlTypeKind.Array ? SqlType.ArrayOf(Plain(type.Element!)) : new SqlType(type.Kind);

    private static BareMetalException CannotConvert(SqlType from, SqlType to, CastContext context, SourcePosition position, string? what)
    {
        if (context == CastContext.Explicit)
            return SqlErrors.At(position, SqlStates.CannotCoerce, $"A value of type {TypeNames.Format(from)} cannot be converted to {TypeNames.Format(to)}.");
        string message = what is null
            ? $"A value of type {TypeNames.Format(to)} is needed here, but this is of type {TypeNames.Format(from)}."
            : $"{what} is of type {TypeNames.Format(to)}, but the value is of type {TypeNames.Format(from)}.";
        string? hint = Casts.Find(from, to) is null ? null : $"Convert it with CAST(… AS {TypeNames.Format(to)}).";
        return SqlErrors.At(position, SqlStates.DatatypeMismatch, message, hint);
    }

    /// <summary>An expression whose type is still open becomes text.</summary>
    private BoundExpression Known(BoundExpression expression, SourcePosition position) =>
        expression.Type.Kind == SqlTypeKind.Unknown ? CoerceUnknown(expression, SqlType.Text, position)
        : expression.Type is { Kind: SqlTypeKind.Array, Element.Kind: SqlTypeKind.Unknown } ? Coerce(expression, SqlType.ArrayOf(SqlType.Text), CastContext.Explicit, position)
        : expression;

    /// <summary>Brings expressions to one type: the arms of CASE, COALESCE, ARRAY, IN lists.</summary>
    private SqlType Unify(BoundExpression[] expressions, ReadOnlySpan<SourcePosition> positions, string what)
    {
        SqlType common = SqlType.Unknown;
        bool anyOpen = false;
        for (int i = 0; i < expressions.Length; i++)
        {
            anyOpen |= expressions[i].Type.Kind == SqlTypeKind.Unknown;
            common = TypeRules.Common(common, expressions[i].Type)
                ?? throw SqlErrors.At(
                    positions[i], SqlStates.DatatypeMismatch,
                    $"The types {TypeNames.Format(common)} and {TypeNames.Format(expressions[i].Type)} in {what} have nothing in common.",
                    "Convert one of them with CAST.");
        }

        if (common.Kind == SqlTypeKind.Unknown)
            common = SqlType.Text;

        // A literal takes the kind of its neighbours, not a column's length or digits.
        if (anyOpen)
            common = common with { Length = null, IsFixedLength = false, Precision = null, Scale = null };
        for (int i = 0; i < expressions.Length; i++)
            expressions[i] = Coerce(expressions[i], common, CastContext.Implicit, positions[i]);
        return common;
    }

    // ---- catalog

    private void Depend(CatalogObject o)
    {
        _objects[o.Id] = o.Version;
        if (_viewDepth == 0)
            _references.Add(new ObjectDependency(o.Id, 0));
    }

    private void Depend(Table table, Column column)
    {
        if (_viewDepth == 0)
            _references.Add(new ObjectDependency(table.Id, column.Id));
    }

    private CatalogObject ResolveRelation(Ast.ObjectName name)
    {
        if (_catalog.Resolve(name.Schema, name.Name, _options.SearchPath) is { } found)
            return found;
        if (name.Schema is not null && _catalog.FindSchema(name.Schema) is null)
        {
            string? schema = NameSuggestion.Nearest(name.Schema, _catalog.Schemas.Select(s => s.Name));
            throw new BareMetalException(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist: there is no schema \"{name.Schema}\".")
            {
                Position = name.Position.Offset + 1,
                Line = name.Position.Line,
                Column = name.Position.Column,
                Hint = schema is null ? null : $"Did you mean \"{schema}.{name.Name}\"?",
                TableName = name.Name,
                SchemaName = name.Schema,
            };
        }

        var candidates = new List<string>();
        foreach (CatalogObject o in _catalog.Objects)
        {
            if (o is Table or View && o.Id > 0)
                candidates.Add(name.Schema is not null || IsInSearchPath(o.Schema) ? o.Name : o.Schema + "." + o.Name);
        }

        for (CteScope? cte = _ctes; cte is not null; cte = cte.Parent)
            candidates.Add(cte.Name);
        string? near = NameSuggestion.Nearest(name.Name, candidates);
        near ??= candidates.Find(c => c.EndsWith("." + name.Name, StringComparison.OrdinalIgnoreCase));
        throw new BareMetalException(SqlStates.UndefinedTable, $"The table \"{name}\" does not exist.")
        {
            Position = name.Position.IsNone ? 0 : name.Position.Offset + 1,
            Line = name.Position.Line,
            Column = name.Position.Column,
            Hint = near is null ? null : $"Did you mean \"{near}\"?",
            TableName = name.Name,
            SchemaName = name.Schema,
        };
    }

    private bool IsInSearchPath(string? schema)
    {
        foreach (string s in _options.SearchPath)
        {
            if (string.Equals(s, schema, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    private Table ResolveTarget(Ast.ObjectName name, string verb)
    {
        CatalogObject found = ResolveRelation(name);
        _targetView = null;
        if (found is Table table)
        {
            Depend(table);
            return table;
        }

        if (found is View view)
            return ResolveTargetView(view, name, verb);
        throw SqlErrors.At(name.Position, SqlStates.WrongObjectType, $"\"{name}\" is a sequence; {verb} needs a table.");
    }

    private static void EnsureStack(SourcePosition position)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw SqlErrors.At(position, SqlStates.StatementTooComplex, "The statement is too complex here.", "Split it, or put parts of it into WITH or a view.");
    }

    /// <summary>A common table expression that is visible to what follows.</summary>
    private sealed class CteScope(CteScope? parent, string name, CteDefinition? definition, IReadOnlyList<PlanColumn> columns)
    {
        public CteScope? Parent { get; } = parent;

        public string Name { get; } = name;

        /// <summary>Null while a recursive one's first term is bound.</summary>
        public CteDefinition? Definition { get; set; } = definition;

        public IReadOnlyList<PlanColumn> Columns { get; set; } = columns;

        /// <summary>Whether something read it.</summary>
        public bool Referenced { get; set; }
    }
}
