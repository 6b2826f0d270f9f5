using System.Text;
using BareMetal.Data.Sessions;

namespace BareMetal.Data;

/// <summary>The statements of an entity's table, made once per schema. Parameters are positional, in the order of the columns.</summary>
internal sealed class EntitySql
{
    public EntitySql(EntitySchema schema)
    {
        int count = schema.Columns.Count;
        ParameterDeclaration[] all = new ParameterDeclaration[count];
        for (int i = 0; i < count; i++)
            all[i] = new ParameterDeclaration(null, schema.Columns[i].Type);
        AllParameters = all;
        KeyParameters = schema.Keys.Select(k => all[k]).ToArray();

        StringBuilder sql = new("SELECT ");
        AppendColumns(sql, schema, skip: -1);
        SelectList = sql.ToString();

        sql.Append(" FROM ");
        AppendName(sql, schema.TableName);
        sql.Append(" WHERE ");
        AppendKey(sql, schema, i => i + 1);
        Find = sql.ToString();

        Insert = MakeInsert(schema, skip: -1);
        InsertIdentity = schema.Identity >= 0 ? MakeInsert(schema, schema.Identity) : null;

        // UPDATE: the columns beside the key, then the key; numbers stay those of the columns.
        sql.Clear().Append("UPDATE ");
        AppendName(sql, schema.TableName);
        sql.Append(" SET ");
        bool first = true;
        for (int i = 0; i < count; i++)
        {
            if (schema.Keys.Contains(i) || i == schema.Identity)
                continue;
            if (!first)
                sql.Append(", ");
            first = false;
            AppendName(sql, schema.Columns[i].ColumnName);
            sql.Append(" = $").Append(i + 1);
        }

        HasUpdate = !first;
        sql.Append(" WHERE ");
        AppendKey(sql, schema, i => schema.Keys[i] + 1);
        Update = sql.ToString();

        sql.Clear().Append("DELETE FROM ");
        AppendName(sql, schema.TableName);
        sql.Append(" WHERE ");
        AppendKey(sql, schema, i => i + 1);
        Delete = sql.ToString();
    }

    public ParameterDeclaration[] AllParameters { get; }

    public ParameterDeclaration[] KeyParameters { get; }

    /// <summary>SELECT and the columns, without FROM.</summary>
    public string SelectList { get; }

    public string Find { get; }

    public string Insert { get; }

    /// <summary>INSERT without the identity column, which is returned; null when there is none.</summary>
    public string? InsertIdentity { get; }

    /// <summary>Whether there is anything beside the key to update.</summary>
    public bool HasUpdate { get; }

    public string Update { get; }

    public string Delete { get; }

    public static void AppendName(StringBuilder sql, string name)
        => sql.Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');

    public static void AppendText(StringBuilder sql, string text)
        => sql.Append('\'').Append(text.Replace("'", "''", StringComparison.Ordinal)).Append('\'');

    private static void AppendColumns(StringBuilder sql, EntitySchema schema, int skip)
    {
        bool first = true;
        for (int i = 0; i < schema.Columns.Count; i++)
        {
            if (i == skip)
                continue;
            if (!first)
                sql.Append(", ");
            first = false;
            AppendName(sql, schema.Columns[i].ColumnName);
        }
    }

    private static void AppendKey(StringBuilder sql, EntitySchema schema, Func<int, int> number)
    {
        for (int i = 0; i < schema.Keys.Count; i++)
        {
            if (i > 0)
                sql.Append(" AND ");
            AppendName(sql, schema.Columns[schema.Keys[i]].ColumnName);
            sql.Append(" = $").Append(number(i));
        }
    }

    private static string MakeInsert(EntitySchema schema, int skip)
    {
        StringBuilder sql = new("INSERT INTO ");
        AppendName(sql, schema.TableName);
        if (schema.Columns.Count == 1 && skip == 0)
        {
            sql.Append(" DEFAULT VALUES");
        }
        else
        {
            sql.Append(" (");
            AppendColumns(sql, schema, skip);
            sql.Append(") VALUES (");
            bool first = true;
            for (int i = 0; i < schema.Columns.Count; i++)
            {
                if (i == skip)
                    continue;
                sql.Append(first ? "$" : ", $").Append(i + 1);
                first = false;
            }

            sql.Append(')');
        }

        if (skip >= 0)
        {
            sql.Append(" RETURNING ");
            AppendName(sql, schema.Columns[skip].ColumnName);
        }

        return sql.ToString();
    }
}
