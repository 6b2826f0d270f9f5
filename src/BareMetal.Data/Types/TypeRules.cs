namespace BareMetal.Data.Types;

/// <summary>Numeric promotion and the common type of several expressions.</summary>
internal static class TypeRules
{
    public static bool IsInteger(SqlTypeKind kind) => kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt;

    public static bool IsSigned(SqlTypeKind kind) => kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.BigInt;

    public static bool IsFloat(SqlTypeKind kind) => kind is SqlTypeKind.Real or SqlTypeKind.Double;

    public static bool IsNumeric(SqlTypeKind kind) => kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.Decimal;

    /// <summary>Date, timestamp, timestamptz and datetimeoffset.</summary>
    public static bool IsMoment(SqlTypeKind kind) =>
        kind is SqlTypeKind.Date or SqlTypeKind.Timestamp or SqlTypeKind.TimestampTz or SqlTypeKind.DateTimeOffset;

    /// <summary>
    /// The type that arithmetic and comparison of two numeric types use: the wider of two integers, for mixed signs the next signed type
    /// that holds both (decimal above 64 bits); decimal beats integers; double beats decimal; real stays real with 8 and 16 bits only.
    /// </summary>
    public static SqlTypeKind Promote(SqlTypeKind left, SqlTypeKind right)
    {
        if (left == right)
            return left;
        if (left == SqlTypeKind.Double || right == SqlTypeKind.Double)
            return SqlTypeKind.Double;
        if (left == SqlTypeKind.Real || right == SqlTypeKind.Real)
        {
            SqlTypeKind other = left == SqlTypeKind.Real ? right : left;
            return IsInteger(other) && Bits(other) <= 16 ? SqlTypeKind.Real : SqlTypeKind.Double;
        }

        if (left == SqlTypeKind.Decimal || right == SqlTypeKind.Decimal)
            return SqlTypeKind.Decimal;
        bool leftSigned = IsSigned(left), rightSigned = IsSigned(right);
        if (leftSigned == rightSigned)
            return Bits(left) >= Bits(right) ? left : right;
        int needed = Math.Max(Bits(leftSigned ? left : right), Bits(leftSigned ? right : left) * 2);
        return needed switch
        {
            <= 16 => SqlTypeKind.SmallInt,
            32 => SqlTypeKind.Integer,
            64 => SqlTypeKind.BigInt,
            _ => SqlTypeKind.Decimal,
        };
    }

    /// <summary>The type that both sides of a comparison, the arms of CASE and UNION, and the rows of VALUES take; null when there is none.</summary>
    public static SqlType? Common(SqlType left, SqlType right)
    {
        if (left == right || right.Kind == SqlTypeKind.Unknown)
            return left;
        if (left.Kind == SqlTypeKind.Unknown)
            return right;
        if (left.Kind == right.Kind)
        {
            switch (left.Kind)
            {
                case SqlTypeKind.Text:
                    return SqlType.Text with { Collation = left.Collation ?? right.Collation, Length = left.Length == right.Length ? left.Length : null, IsFixedLength = left.Length == right.Length && left.IsFixedLength && right.IsFixedLength };
                case SqlTypeKind.Array:
                    return Common(left.Element!, right.Element!) is { } element ? SqlType.ArrayOf(element) : null;
                case SqlTypeKind.Record:
                    return CommonRecord(left.Fields, right.Fields);
                default:
                    return new SqlType(left.Kind);
            }
        }

        if (IsNumeric(left.Kind) && IsNumeric(right.Kind))
            return new SqlType(Promote(left.Kind, right.Kind));
        return Pair(left.Kind, right.Kind) ?? Pair(right.Kind, left.Kind);
    }

    private static SqlType? CommonRecord(RecordShape? left, RecordShape? right)
    {
        if (left is null || right is null || left.Types.Count != right.Types.Count)
            return null;
        SqlType[] types = new SqlType[left.Types.Count];
        for (int i = 0; i < types.Length; i++)
        {
            if (Common(left.Types[i], right.Types[i]) is not { } common)
                return null;
            types[i] = common;
        }

        return SqlType.RecordOf([.. left.Names], types);
    }

    /// <summary>The common type of many; Unknown when all are.</summary>
    public static SqlType? Common(IEnumerable<SqlType> types)
    {
        SqlType common = SqlType.Unknown;
        foreach (SqlType type in types)
        {
            if (Common(common, type) is not { } next)
                return null;
            common = next;
        }

        return common;
    }

    private static SqlType? Pair(SqlTypeKind from, SqlTypeKind to) => (from, to) switch
    {
        (SqlTypeKind.Date, SqlTypeKind.Timestamp) => SqlType.Timestamp,
        (SqlTypeKind.Date, SqlTypeKind.TimestampTz) => SqlType.TimestampTz,
        (SqlTypeKind.Date, SqlTypeKind.DateTimeOffset) => SqlType.DateTimeOffset,
        (SqlTypeKind.Timestamp, SqlTypeKind.TimestampTz) => SqlType.TimestampTz,
        (SqlTypeKind.Timestamp, SqlTypeKind.DateTimeOffset) => SqlType.DateTimeOffset,
        (SqlTypeKind.TimestampTz, SqlTypeKind.DateTimeOffset) => SqlType.DateTimeOffset,
        (SqlTypeKind.Time, SqlTypeKind.TimeSpan) => SqlType.TimeSpan,
        (SqlTypeKind.Time or SqlTypeKind.TimeSpan, SqlTypeKind.Interval) => SqlType.Interval,
        (SqlTypeKind.Json, SqlTypeKind.Jsonb) => SqlType.Jsonb,
        (SqlTypeKind.BigInt or SqlTypeKind.UBigInt or SqlTypeKind.Integer or SqlTypeKind.Bytea, SqlTypeKind.RowVersion) => SqlType.RowVersion,
        _ => null,
    };

    private static int Bits(SqlTypeKind kind) => kind switch
    {
        SqlTypeKind.TinyInt or SqlTypeKind.UTinyInt => 8,
        SqlTypeKind.SmallInt or SqlTypeKind.USmallInt => 16,
        SqlTypeKind.Integer or SqlTypeKind.UInteger => 32,
        _ => 64,
    };
}
