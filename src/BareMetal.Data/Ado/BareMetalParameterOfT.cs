using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>A parameter whose value is kept and sent without boxing.</summary>
/// <typeparam name="T">The type of the value; a nullable one may be null.</typeparam>
public sealed class BareMetalParameter<T> : BareMetalParameter
{
    /// <summary>Makes a parameter without name and value.</summary>
    public BareMetalParameter()
    {
    }

    /// <summary>Makes a parameter.</summary>
    /// <param name="name">The name, with or without <c>@</c>; null or empty for a positional one.</param>
    /// <param name="value">The value.</param>
    public BareMetalParameter(string? name, T value)
    {
        ParameterName = name;
        TypedValue = value;
    }

    /// <summary>The value.</summary>
    public T? TypedValue { get; set; }

    /// <summary>The value, boxed. Setting takes <typeparamref name="T"/>, null or <see cref="DBNull"/>.</summary>
    public override object? Value
    {
        get => TypedValue;
        set => TypedValue = value is null or DBNull ? default : (T)value;
    }

    internal override Value Bind(out SqlType type)
    {
        if (DeclaredType is null && Direction is System.Data.ParameterDirection.Input or System.Data.ParameterDirection.InputOutput && ClrTypes.TryToValue(TypedValue, out Value value, out type))
            return value;
        return base.Bind(out type);
    }

    internal override BareMetalParameter Clone()
    {
        BareMetalParameter<T> clone = new();
        CopyTo(clone);
        clone.TypedValue = TypedValue;
        return clone;
    }

    private protected override SqlType InferType()
        => ClrTypes.TryToValue(TypedValue, out _, out SqlType type) ? type : base.InferType();
}
