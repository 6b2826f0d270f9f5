using System.Collections;
using System.Globalization;
using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// Turns a definition into a parameterised statement over an entity's table. The same shape of definition gives the same text, so that
/// its plan is found in the cache; the planner sees what it would see from SQL or LINQ.
/// </summary>
internal sealed class QueryDefinitionCompiler
{
    private readonly EntitySchema _schema;
    private readonly StringBuilder _sql = new();
    private readonly List<ParameterDeclaration> _parameters = [];
    private readonly List<Value> _values = [];
    private readonly List<QueryProblem> _problems = [];

    private QueryDefinitionCompiler(EntitySchema schema) => _schema = schema;

    public IReadOnlyList<QueryProblem> Problems => _problems;

    /// <summary>What follows the select list: FROM, WHERE, ORDER BY, LIMIT.</summary>
    public string Tail => _sql.ToString();

    public ParameterDeclaration[] Parameters => _parameters.ToArray();

    public Value[] Values => _values.ToArray();

    public static QueryDefinitionCompiler Compile(EntitySchema schema, QueryDefinition definition, bool filterOnly = false)
    {
        QueryDefinitionCompiler compiler = new(schema);
        compiler.Run(definition, filterOnly);
        return compiler;
    }

    private void Run(QueryDefinition definition, bool filterOnly)
    {
        _sql.Append(" FROM ");
        EntitySql.AppendName(_sql, _schema.TableName);
        if (definition.Where is { } where)
        {
            _sql.Append(" WHERE ");
            Node(where, "where", 0);
        }

        Sorts(definition, filterOnly);
        if (definition.Take is < 0)
            Problem("take", "Must be 0 or more.");
        if (definition.Skip is < 0)
            Problem("skip", "Must be 0 or more.");
        if (filterOnly)
            return;
        if (definition.Take is { } take)
            _sql.Append(" LIMIT ").Append(Parameter(SqlType.BigInt, Value.From(SqlTypeKind.BigInt, take)));
        if (definition.Skip is { } skip)
            _sql.Append(" OFFSET ").Append(Parameter(SqlType.BigInt, Value.From(SqlTypeKind.BigInt, skip)));
    }

    private void Sorts(QueryDefinition definition, bool checkOnly)
    {
        bool first = true;
        for (int i = 0; i < definition.Sort.Count; i++)
        {
            string path = $"sort[{i}]";
            if (definition.Sort[i] is not { } sort)
            {
                Problem(path, "Is null.");
                continue;
            }

            if (!Find(sort.Field, $"{path}.field", out EntityField field))
                continue;
            if (field.Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb)
            {
                Problem($"{path}.field", $"'{sort.Field}' holds an object, which has no order. Name one of its members.");
                continue;
            }

            if (checkOnly)
                continue;
            _sql.Append(first ? " ORDER BY " : ", ");
            first = false;
            Append(field);
            if (sort.Descending)
                _sql.Append(" DESC");
        }

        if (checkOnly || !first || (definition.Skip is null && definition.Take is null))
            return;
        foreach (int key in _schema.Keys)
        {
            _sql.Append(first ? " ORDER BY " : ", ");
            first = false;
            EntitySql.AppendName(_sql, _schema.Columns[key].ColumnName);
        }
    }

    private void Node(QueryNode? node, string path, int depth)
    {
        if (depth > QueryGroup.MaxDepth)
            Problem(path, $"Groups are nested more than {QueryGroup.MaxDepth} deep.");
        else if (node is QueryGroup group)
            Group(group, path, depth);
        else if (node is QueryClause clause)
            Clause(clause, path);
        else
            Problem(path, "Is null.");
    }

    private void Group(QueryGroup group, string path, int depth)
    {
        if (group.IsNegated)
            _sql.Append("NOT ");
        if (group.Items.Count == 0)
        {
            _sql.Append(group.Kind == QueryGroupKind.And ? "TRUE" : "FALSE");
            return;
        }

        string name = group.Kind == QueryGroupKind.And ? "and" : "or";
        _sql.Append('(');
        for (int i = 0; i < group.Items.Count; i++)
        {
            if (i > 0)
                _sql.Append(group.Kind == QueryGroupKind.And ? " AND " : " OR ");
            Node(group.Items[i], $"{path}.{name}[{i}]", depth + 1);
        }

        _sql.Append(')');
    }

    private void Clause(QueryClause clause, string path)
    {
        if (!Find(clause.Field, $"{path}.field", out EntityField field))
            return;
        SqlType type = field.Type;
        QueryOperator op = clause.Operator;
        bool isObject = type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb;
        if (isObject && op is not (QueryOperator.IsNull or QueryOperator.IsNotNull))
        {
            Problem($"{path}.field", $"'{clause.Field}' holds an object; only isNull and isNotNull apply to it. Name one of its members.");
            return;
        }

        switch (op)
        {
            case QueryOperator.IsNull or QueryOperator.IsNotNull:
                if (clause.Value is not null)
                    Problem($"{path}.value", $"{QueryDefinitionJson.NameOf(op)} takes no value.");
                NullTest(field, op == QueryOperator.IsNull);
                break;
            case QueryOperator.Equal or QueryOperator.NotEqual when clause.Value is null:
                NullTest(field, op == QueryOperator.Equal);
                break;
            case QueryOperator.Equal:
                Binary(field, "=", clause.Value, path);
                break;
            case QueryOperator.NotEqual:
                Binary(field, field.IsNullable ? "IS DISTINCT FROM" : "<>", clause.Value, path);
                break;
            case QueryOperator.Less or QueryOperator.LessOrEqual or QueryOperator.Greater or QueryOperator.GreaterOrEqual:
                Guarded(field, () => Binary(field, op switch
                {
                    QueryOperator.Less => "<",
                    QueryOperator.LessOrEqual => "<=",
                    QueryOperator.Greater => ">",
                    _ => ">=",
                }, clause.Value, path));
                break;
            case QueryOperator.In or QueryOperator.NotIn:
                List(field, clause, path);
                break;
            case QueryOperator.Between:
                Between(field, clause, path);
                break;
            case QueryOperator.StartsWith or QueryOperator.EndsWith or QueryOperator.Contains:
                if (type.Kind != SqlTypeKind.Text)
                {
                    Problem($"{path}.op", $"{QueryDefinitionJson.NameOf(op)} applies to texts; '{clause.Field}' is {DataTypeNames.Format(type)}.");
                    break;
                }

                Guarded(field, () =>
                {
                    string? parameter = Convert(field, clause.Value, $"{path}.value");
                    _sql.Append(op switch
                    {
                        QueryOperator.StartsWith => "starts_with(",
                        QueryOperator.EndsWith => "ends_with(",
                        _ => "contains(",
                    });
                    Append(field);
                    _sql.Append(", ").Append(parameter).Append(')');
                });
                break;
            default:
                Problem($"{path}.op", $"{op} is not an operator.");
                break;
        }
    }

    private void NullTest(EntityField field, bool isNull)
    {
        _sql.Append('(');
        Append(field);
        _sql.Append(isNull ? " IS NULL)" : " IS NOT NULL)");
    }

    // A comparison with null is false in .NET; where it may stand under a NOT it must not become unknown.
    private void Guarded(EntityField field, Action comparison)
    {
        if (!field.IsNullable)
        {
            comparison();
            return;
        }

        _sql.Append('(');
        NullTest(field, isNull: false);
        _sql.Append(" AND ");
        comparison();
        _sql.Append(')');
    }

    private void Binary(EntityField field, string symbol, object? value, string path)
    {
        string? parameter = Convert(field, value, $"{path}.value");
        bool guard = field.IsNullable && symbol == "=";
        _sql.Append('(');
        Append(field);
        _sql.Append(' ').Append(symbol).Append(' ').Append(parameter);
        if (guard)
        {
            _sql.Append(" AND ");
            NullTest(field, isNull: false);
        }

        _sql.Append(')');
    }

    private void Between(EntityField field, QueryClause clause, string path)
    {
        object?[]? bounds = Items(clause.Value);
        if (bounds is not { Length: 2 })
        {
            Problem($"{path}.value", $"between takes a list of two values, found {QueryValues.Describe(clause.Value)}.");
            return;
        }

        Guarded(field, () =>
        {
            _sql.Append('(');
            Append(field);
            _sql.Append(" >= ").Append(Convert(field, bounds[0], $"{path}.value[0]")).Append(" AND ");
            Append(field);
            _sql.Append(" <= ").Append(Convert(field, bounds[1], $"{path}.value[1]")).Append(')');
        });
    }

    private void List(EntityField field, QueryClause clause, string path)
    {
        if (Items(clause.Value) is not { } items)
        {
            Problem($"{path}.value", $"{QueryDefinitionJson.NameOf(clause.Operator)} takes a list, found {QueryValues.Describe(clause.Value)}.");
            return;
        }

        List<Value> values = new(items.Length);
        bool hasNull = false;
        for (int i = 0; i < items.Length; i++)
        {
            if (items[i] is null)
                hasNull = true;
            else if (QueryValues.TryConvert(items[i], field.Type, field.EnumMembers, out Value value, out string expected))
                values.Add(value);
            else
                Problem($"{path}.value[{i}]", $"Expected {expected}, found {QueryValues.Describe(items[i])}.");
        }

        SqlType array = ClrTypes.ArrayOf(field.Type);
        string parameter = Parameter(array, Value.From(SqlTypeKind.Array, new ArrayValue(field.Type, values.ToArray())));
        if (clause.Operator == QueryOperator.NotIn)
            _sql.Append("NOT ");
        _sql.Append('(');
        if (field.IsNullable)
        {
            if (!hasNull)
            {
                NullTest(field, isNull: false);
                _sql.Append(" AND ");
            }
            else
            {
                NullTest(field, isNull: true);
                _sql.Append(" OR ");
            }
        }

        Append(field);
        _sql.Append(" = ANY (").Append(parameter).Append("))");
    }

    private static object?[]? Items(object? value)
        => value is IEnumerable items and not string and not byte[] ? items.Cast<object?>().ToArray() : null;

    private string? Convert(EntityField field, object? value, string path)
    {
        if (QueryValues.TryConvert(value, field.Type, field.EnumMembers, out Value converted, out string expected))
            return Parameter(field.Type, converted);
        Problem(path, $"Expected {expected}, found {QueryValues.Describe(value)}.");
        return null;
    }

    private string Parameter(SqlType type, Value value)
    {
        _parameters.Add(new ParameterDeclaration(null, type));
        _values.Add(value);
        return "$" + _parameters.Count.ToString(CultureInfo.InvariantCulture);
    }

    private bool Find(string? name, string path, out EntityField field)
    {
        field = default;
        if (name is not null && _schema.TryFindField(name, out field))
            return true;
        IEnumerable<string> known = _schema.Columns.SelectMany(c => c.JsonMembers.Select(m => $"{c.MemberName}.{m.Name}").Prepend(c.MemberName));
        Problem(path, $"'{name}' is not a field of {_schema.EntityName}. Fields are {string.Join(", ", known)}.");
        return false;
    }

    private void Append(EntityField field)
    {
        if (field.Member is not { } member)
        {
            EntitySql.AppendName(_sql, field.Column.ColumnName);
            return;
        }

        bool cast = member.Type.Kind != SqlTypeKind.Text;
        _sql.Append(cast ? "CAST((" : "(");
        EntitySql.AppendName(_sql, field.Column.ColumnName);
        _sql.Append(" ->> ");
        EntitySql.AppendText(_sql, member.Name);
        _sql.Append(')');
        if (cast)
            _sql.Append(" AS ").Append(DataTypeNames.Format(member.Type)).Append(')');
    }

    private void Problem(string path, string message) => _problems.Add(new QueryProblem(path, message));
}
