using BareMetal.Data.Catalog;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.EntityFrameworkCore.Scaffolding;

/// <summary>Tells defaults that are plain values, which a model has as values, from those that are expressions.</summary>
internal sealed class ConstantDefaults(BareMetalConnection connection)
{
    /// <summary>The value of a column's default, or null when there is none or it is an expression.</summary>
    internal object? Find(Column column, string storeType)
    {
        if (column.DefaultSql is not { } sql || !IsLiteral(SqlParser.ParseExpression(sql)))
            return null;
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT CAST({sql} AS {storeType})";
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    private static bool IsLiteral(Expression expression) => expression switch
    {
        LiteralExpression or TypedLiteralExpression => true,
        CastExpression cast => IsLiteral(cast.Operand),
        UnaryExpression { Operator: UnaryOperator.Minus, Operand: LiteralExpression } => true,
        _ => false,
    };
}
