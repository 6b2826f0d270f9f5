using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Columns;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution;

/// <summary>Small helpers for constants.</summary>
internal static class ConstantTools
{
    public static bool AreSame(BoundConstant a, BoundConstant b)
    {
        if (a.Value.IsNull || b.Value.IsNull)
            return a.Value.IsNull && b.Value.IsNull;
        if (!a.Type.Equals(b.Type))
            return false;
        Vector x = ToVector(a);
        Vector y = ToVector(b);
        return ColumnOperations.For(a.Type).Identical(x, 0, y, 0);
    }

    /// <summary>A constant vector of the value.</summary>
    public static Vector ToVector(BoundConstant constant)
    {
        Vector vector = Vector.Create(constant.Type, 1);
        vector.SetValue(0, constant.Value);
        vector.IsConstant = true;
        return vector;
    }

    public static bool IsTrue(BoundExpression e) => e is BoundConstant { Value.IsNull: false } c && c.Type.Kind == Types.SqlTypeKind.Boolean && c.Value.As<bool>();

    /// <summary>False or null: as a condition, no row.</summary>
    public static bool IsNeverTrue(BoundExpression e) => e is BoundConstant c && (c.Value.IsNull || (c.Type.Kind == Types.SqlTypeKind.Boolean && !c.Value.As<bool>()));
}
