namespace BareMetal.Data.Types;

/// <summary>A SQL type with its modifiers. Immutable; equal by value.</summary>
internal sealed record SqlType(SqlTypeKind Kind)
{
    /// <summary>For text: the maximum in UTF-16 units (varchar(n), char(n)); null when unlimited.</summary>
    public int? Length { get; init; }

    /// <summary>For text: whether declared char(n) rather than varchar(n) (the same values; only the name differs).</summary>
    public bool IsFixedLength { get; init; }

    /// <summary>For decimal: total digits, null when unlimited.</summary>
    public int? Precision { get; init; }

    /// <summary>For decimal: digits after the point.</summary>
    public int? Scale { get; init; }

    /// <summary>For text: the collation's name; null is ordinal by code point.</summary>
    public string? Collation { get; init; }

    /// <summary>For arrays: the element type.</summary>
    public SqlType? Element { get; init; }

    /// <summary>For row values: the fields; null where they are not known.</summary>
    public RecordShape? Fields { get; init; }

    public static readonly SqlType Unknown = new(SqlTypeKind.Unknown);
    public static readonly SqlType Boolean = new(SqlTypeKind.Boolean);
    public static readonly SqlType TinyInt = new(SqlTypeKind.TinyInt);
    public static readonly SqlType SmallInt = new(SqlTypeKind.SmallInt);
    public static readonly SqlType Integer = new(SqlTypeKind.Integer);
    public static readonly SqlType BigInt = new(SqlTypeKind.BigInt);
    public static readonly SqlType UTinyInt = new(SqlTypeKind.UTinyInt);
    public static readonly SqlType USmallInt = new(SqlTypeKind.USmallInt);
    public static readonly SqlType UInteger = new(SqlTypeKind.UInteger);
    public static readonly SqlType UBigInt = new(SqlTypeKind.UBigInt);
    public static readonly SqlType Real = new(SqlTypeKind.Real);
    public static readonly SqlType Double = new(SqlTypeKind.Double);
    public static readonly SqlType Decimal = new(SqlTypeKind.Decimal);
    public static readonly SqlType Text = new(SqlTypeKind.Text);
    public static readonly SqlType Bytea = new(SqlTypeKind.Bytea);
    public static readonly SqlType Uuid = new(SqlTypeKind.Uuid);
    public static readonly SqlType Date = new(SqlTypeKind.Date);
    public static readonly SqlType Time = new(SqlTypeKind.Time);
    public static readonly SqlType Timestamp = new(SqlTypeKind.Timestamp);
    public static readonly SqlType TimestampTz = new(SqlTypeKind.TimestampTz);
    public static readonly SqlType DateTimeOffset = new(SqlTypeKind.DateTimeOffset);
    public static readonly SqlType TimeSpan = new(SqlTypeKind.TimeSpan);
    public static readonly SqlType Interval = new(SqlTypeKind.Interval);
    public static readonly SqlType Json = new(SqlTypeKind.Json);
    public static readonly SqlType Jsonb = new(SqlTypeKind.Jsonb);
    public static readonly SqlType RowVersion = new(SqlTypeKind.RowVersion);

    /// <summary>The type without length, precision and collation.</summary>
    public SqlType Unmodified => new(Kind) { Element = Element?.Unmodified, Fields = Fields };

    /// <summary>The type of rows with these fields.</summary>
    public static SqlType RecordOf(string[] names, SqlType[] types) => new(SqlTypeKind.Record) { Fields = new RecordShape(names, types) };

    /// <summary>The array type over an element type.</summary>
    public static SqlType ArrayOf(SqlType element) => new(SqlTypeKind.Array) { Element = element };
}
