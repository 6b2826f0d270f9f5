using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Custom;

/// <summary>An argument on its way to a function in C#.</summary>
internal readonly struct Argument(Value value, SqlType type)
{
    /// <summary>Whether a parameter's type has a null.</summary>
    public static bool TakesNull(Type type) => !type.IsValueType || Nullable.GetUnderlyingType(type) is not null;

    public static T Get<T>(in Argument argument) => argument.As<T>();

    private T As<T>()
    {
        if (value.IsNull)
            return default!;
        return ClrReader.TryGet(value, type, out T result)
            ? result
            : throw new InvalidCastException($"A value of type {DataTypeNames.Format(type)} is not read as {typeof(T)}.");
    }
}
