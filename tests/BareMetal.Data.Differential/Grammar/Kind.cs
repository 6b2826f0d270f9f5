namespace BareMetal.Data.Differential.Grammar;

/// <summary>The types that expressions are generated of.</summary>
internal enum Kind
{
    Int2,
    Int4,
    Int8,
    Num,
    Float,
    Bool,
    Text,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    Bytea,
    Interval,
    Jsonb,
    IntArray,
    TextArray,
}

internal static class Kinds
{
    public static readonly Kind[] All = Enum.GetValues<Kind>();

    /// <summary>Types that comparisons, grouping and ORDER BY are generated over.</summary>
    public static readonly Kind[] Common = [Kind.Int4, Kind.Int4, Kind.Int4, Kind.Text, Kind.Text, Kind.Num, Kind.Bool, Kind.Int8, Kind.Date, Kind.Int2, Kind.Float, Kind.Timestamp];

    public static string Name(Kind kind) => kind switch
    {
        Kind.Int2 => "smallint",
        Kind.Int4 => "integer",
        Kind.Int8 => "bigint",
        Kind.Num => "numeric",
        Kind.Float => "double precision",
        Kind.Bool => "boolean",
        Kind.Text => "text",
        Kind.Date => "date",
        Kind.Time => "time",
        Kind.Timestamp => "timestamp",
        Kind.TimestampTz => "timestamptz",
        Kind.Uuid => "uuid",
        Kind.Bytea => "bytea",
        Kind.Jsonb => "jsonb",
        Kind.Interval => "interval",
        Kind.IntArray => "integer[]",
        _ => "text[]",
    };

    public static bool IsNumber(Kind kind) => kind <= Kind.Float;

    /// <summary>How large a value of the type may get before arithmetic is left out.</summary>
    public static double Limit(Kind kind) => kind switch
    {
        Kind.Int2 => 3e4,
        Kind.Int4 => 2e9,
        Kind.Int8 => 9e18,
        Kind.Num => 1e12,
        _ => 1e12,
    };
}
