namespace BareMetal.Data.Types;

/// <summary>The kinds of SQL types. The numbers are part of the file format (catalog and keys).</summary>
internal enum SqlTypeKind : byte
{
    /// <summary>The type of an untyped NULL, string literal or parameter until inference settles it.</summary>
    Unknown = 0,
    Boolean = 1,
    TinyInt = 2,
    SmallInt = 3,
    Integer = 4,
    BigInt = 5,
    UTinyInt = 6,
    USmallInt = 7,
    UInteger = 8,
    UBigInt = 9,
    Real = 10,
    Double = 11,
    Decimal = 12,

    /// <summary>Text, also varchar(n) and char(n): <see cref="SqlType.Length"/> is set for these.</summary>
    Text = 13,
    Bytea = 14,

    /// <summary>Guid; RFC 4122 big-endian bytes.</summary>
    Uuid = 15,

    /// <summary>DateOnly.</summary>
    Date = 16,

    /// <summary>TimeOnly, 100 ns.</summary>
    Time = 17,

    /// <summary>DateTime without kind, 100 ns.</summary>
    Timestamp = 18,

    /// <summary>PostgreSQL's timestamptz: an instant, UTC ticks.</summary>
    TimestampTz = 19,

    /// <summary>DateTimeOffset: UTC ticks and offset; compared by instant.</summary>
    DateTimeOffset = 20,

    /// <summary>TimeSpan, 100 ns.</summary>
    TimeSpan = 21,

    /// <summary>JSON, text kept as given.</summary>
    Json = 22,

    /// <summary>JSON, normalised.</summary>
    Jsonb = 23,

    /// <summary>A jagged array of <see cref="SqlType.Element"/>.</summary>
    Array = 24,

    /// <summary>A 64-bit counter drawn when a statement writes the row.</summary>
    RowVersion = 25,

    /// <summary>A row value; never stored.</summary>
    Record = 26,

    /// <summary>Months, days and time, each of its own.</summary>
    Interval = 27,
}
