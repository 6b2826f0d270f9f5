using BareMetal.Data.Binding;

namespace BareMetal.Data.Planning;

internal enum SeekPartKind
{
    /// <summary>Equal to one value; null matches nothing.</summary>
    Value,

    /// <summary>Equal to one of several values.</summary>
    List,

    /// <summary>Equal to an element of an array.</summary>
    Array,

    /// <summary>Null.</summary>
    IsNull,

    /// <summary>Anything: each of its values in turn, found in the tree itself. Conditions behind it are looked at again, since very many values are not gone through one by one.</summary>
    Skip,
}

/// <summary>What a key part must equal. Values are constants, parameters or outer columns, of the part's type.</summary>
internal sealed record SeekPart(SeekPartKind Kind, IReadOnlyList<BoundExpression> Values);

/// <summary>
/// A range of a key: the leading parts equal to values, then optionally bounds for the next part. Nulls are outside of bounds.
/// </summary>
internal sealed record SeekSpec(IReadOnlyList<SeekPart> Parts)
{
    public BoundExpression? Low { get; init; }

    public bool LowInclusive { get; init; }

    public BoundExpression? High { get; init; }

    public bool HighInclusive { get; init; }

    /// <summary>The next part is a text that begins with this.</summary>
    public BoundExpression? TextPrefix { get; init; }

    /// <summary>The next part is not null (without other bounds).</summary>
    public bool IsNotNull { get; init; }

    public bool HasBounds => Low is not null || High is not null || TextPrefix is not null || IsNotNull;
}
