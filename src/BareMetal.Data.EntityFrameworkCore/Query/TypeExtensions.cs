namespace BareMetal.Data.EntityFrameworkCore;

internal static class TypeExtensions
{
    internal static Type UnwrapNullable(this Type type)
        => Nullable.GetUnderlyingType(type) ?? type;

    internal static bool IsInteger(this Type type)
    {
        type = type.UnwrapNullable();
        return type == typeof(int) || type == typeof(long) || type == typeof(short) || type == typeof(byte)
            || type == typeof(uint) || type == typeof(ulong) || type == typeof(ushort) || type == typeof(sbyte);
    }

    internal static bool IsFractional(this Type type)
    {
        type = type.UnwrapNullable();
        return type == typeof(double) || type == typeof(float) || type == typeof(decimal);
    }

    internal static bool IsNumber(this Type type)
        => type.IsInteger() || type.IsFractional();
}
