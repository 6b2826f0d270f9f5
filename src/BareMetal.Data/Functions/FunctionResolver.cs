using BareMetal.Data.Types;

namespace BareMetal.Data.Functions;

/// <summary>An overload that fits a call: the types its arguments must be cast to, and what it gives.</summary>
/// <param name="Function">The overload.</param>
/// <param name="ArgumentTypes">The type of each argument as the kernel expects it; an argument of another type is to be cast.</param>
/// <param name="ResultType">The result type; Unknown for table functions.</param>
internal sealed record ResolvedFunction<TFunction>(TFunction Function, SqlType[] ArgumentTypes, SqlType ResultType);

/// <summary>
/// Chooses overloads: an exact match first; two numbers go to the overload of their promoted type; an untyped argument of an operator
/// takes the other's type; otherwise the overload that implicit casts reach in the fewest steps, untyped arguments preferring text.
/// </summary>
internal static class FunctionResolver
{
    // More than any chain of numeric steps, so that a polymorphic overload loses to an exact one only.
    private const int PolymorphicCost = 1;
    private const int UntypedCost = 30;

    public static ResolvedFunction<ScalarFunction>? Resolve(IReadOnlyList<ScalarFunction> overloads, ReadOnlySpan<SqlType> arguments)
    {
        ScalarFunction? best = null;
        SqlType[]? bestTypes = null;
        int bestCost = int.MaxValue;
        SqlType[] wanted = Wanted(arguments);
        foreach (ScalarFunction overload in overloads)
        {
            if (Match(overload.Parameters, overload.IsVariadic, overload.UnifiesUnknown, wanted, arguments, out SqlType[]? types, out int cost) && cost < bestCost)
                (best, bestTypes, bestCost) = (overload, types, cost);
        }

        return best is null ? null : new ResolvedFunction<ScalarFunction>(best, bestTypes!, best.ResultType(bestTypes!));
    }

    public static ResolvedFunction<AggregateFunction>? Resolve(IReadOnlyList<AggregateFunction> overloads, ReadOnlySpan<SqlType> arguments)
    {
        AggregateFunction? best = null;
        SqlType[]? bestTypes = null;
        int bestCost = int.MaxValue;
        foreach (AggregateFunction overload in overloads)
        {
            if (Match(overload.Parameters, false, false, arguments, arguments, out SqlType[]? types, out int cost) && cost < bestCost)
                (best, bestTypes, bestCost) = (overload, types, cost);
        }

        return best is null ? null : new ResolvedFunction<AggregateFunction>(best, bestTypes!, best.ResultType(bestTypes!));
    }

    public static ResolvedFunction<TableFunction>? Resolve(IReadOnlyList<TableFunction> overloads, ReadOnlySpan<SqlType> arguments)
    {
        TableFunction? best = null;
        SqlType[]? bestTypes = null;
        int bestCost = int.MaxValue;
        SqlType[] wanted = Wanted(arguments);
        foreach (TableFunction overload in overloads)
        {
            if (Match(overload.Parameters, overload.IsVariadic, true, wanted, arguments, out SqlType[]? types, out int cost) && cost < bestCost)
                (best, bestTypes, bestCost) = (overload, types, cost);
        }

        return best is null ? null : new ResolvedFunction<TableFunction>(best, bestTypes!, SqlType.Unknown);
    }

    /// <summary>How far arguments are from parameters of these types, 0 for the same; null when they do not fit.</summary>
    public static int? CostOf(IReadOnlyList<SqlType> parameters, ReadOnlySpan<SqlType> arguments) =>
        Match(parameters, false, false, arguments, arguments, out _, out int cost) ? cost : null;

    /// <summary>What the arguments would best be: two numbers promoted.</summary>
    private static SqlType[] Wanted(ReadOnlySpan<SqlType> arguments)
    {
        SqlType[] wanted = arguments.ToArray();
        if (wanted.Length != 2)
            return wanted;
        if (TypeRules.IsNumeric(wanted[0].Kind) && TypeRules.IsNumeric(wanted[1].Kind) && wanted[0].Kind != wanted[1].Kind)
            wanted[0] = wanted[1] = new SqlType(TypeRules.Promote(wanted[0].Kind, wanted[1].Kind));
        return wanted;
    }

    private static bool Match(
        IReadOnlyList<SqlType> parameters,
        bool isVariadic,
        bool unifies,
        ReadOnlySpan<SqlType> wanted,
        ReadOnlySpan<SqlType> arguments,
        out SqlType[]? types,
        out int cost)
    {
        types = null;
        cost = 0;
        if (isVariadic ? arguments.Length < parameters.Count - 1 : arguments.Length != parameters.Count)
            return false;
        SqlType[] result = new SqlType[arguments.Length];
        SqlType common = SqlType.Unknown;
        bool hasAnyArray = false;
        bool isExact = true;
        for (int i = 0; i < arguments.Length; i++)
        {
            SqlType parameter = parameters[Math.Min(i, parameters.Count - 1)];
            SqlType argument = arguments[i];
            result[i] = argument;
            isExact &= parameter.Kind == argument.Kind && parameter.Kind is not (SqlTypeKind.Unknown or SqlTypeKind.Array);
            if (parameter.Kind == SqlTypeKind.Unknown)
            {
                cost += PolymorphicCost;
            }
            else if (parameter.Kind == SqlTypeKind.Array && parameter.Element!.Kind == SqlTypeKind.Unknown)
            {
                hasAnyArray = true;
                if (argument.Kind != SqlTypeKind.Array && argument.Kind != SqlTypeKind.Unknown)
                    return false;

                // Untyped beside an array is an array, too.
                bool likeOther = argument.Kind == SqlTypeKind.Unknown && arguments.Length == 2 && arguments[1 - i].Kind == SqlTypeKind.Array;
                cost += likeOther ? 0 : argument.Kind == SqlTypeKind.Array ? PolymorphicCost : PolymorphicCost + UntypedCost;
            }
            else if (argument.Kind == SqlTypeKind.Unknown)
            {
                result[i] = parameter;

                // The other operand's type first, then text.
                bool likeOther = arguments.Length == 2 && arguments[1 - i].Kind == parameter.Kind;
                cost += likeOther ? 0 : parameter.Kind == SqlTypeKind.Text ? 1 : UntypedCost + Rank(parameter.Kind, SqlTypeKind.Unknown);
            }
            else if (parameter.Kind == argument.Kind && (parameter.Kind != SqlTypeKind.Array || parameter.Element!.Kind == argument.Element!.Kind))
            {
                cost += wanted[i].Kind == argument.Kind ? 0 : 2;
            }
            else if (Casts.Find(argument, parameter) is { Context: CastContext.Implicit })
            {
                result[i] = parameter;
                cost += parameter.Kind == wanted[i].Kind ? 1 : 2 + Distance(argument.Kind, parameter.Kind);
            }
            else
            {
                return false;
            }
        }

        if (unifies || hasAnyArray)
        {
            for (int i = 0; i < arguments.Length; i++)
            {
                SqlType parameter = parameters[Math.Min(i, parameters.Count - 1)];
                SqlType? part = parameter.Kind == SqlTypeKind.Unknown ? arguments[i]
                    : IsAnyArray(parameter) && arguments[i].Kind == SqlTypeKind.Array ? arguments[i].Element : null;
                if (part is null)
                    continue;
                if (TypeRules.Common(common, part) is not { } next)
                    return false;
                common = next;
            }

            for (int i = 0; i < arguments.Length; i++)
            {
                SqlType parameter = parameters[Math.Min(i, parameters.Count - 1)];
                if (parameter.Kind == SqlTypeKind.Unknown)
                    result[i] = common.Kind == SqlTypeKind.Unknown ? SqlType.Text : common;
                else if (IsAnyArray(parameter))
                    result[i] = SqlType.ArrayOf(common.Kind == SqlTypeKind.Unknown ? SqlType.Text : common);
            }
        }
        else
        {
            for (int i = 0; i < result.Length; i++)
            {
                if (result[i].Kind == SqlTypeKind.Unknown)
                    result[i] = SqlType.Text;
            }
        }

        if (isExact)
            cost = 0;
        types = result;
        return true;
    }

    private static bool IsAnyArray(SqlType parameter) => parameter.Kind == SqlTypeKind.Array && parameter.Element!.Kind == SqlTypeKind.Unknown;

    private static int Distance(SqlTypeKind from, SqlTypeKind to) => Math.Abs(Rank(to, from) - Rank(from, from));

    private static int Rank(SqlTypeKind kind, SqlTypeKind from) => kind switch
    {
        SqlTypeKind.Integer => 5,
        SqlTypeKind.TinyInt => 1,
        SqlTypeKind.UTinyInt => 2,
        SqlTypeKind.SmallInt => 3,
        SqlTypeKind.USmallInt => 4,
        SqlTypeKind.UInteger => 6,
        SqlTypeKind.BigInt => 7,
        SqlTypeKind.UBigInt => 8,
        SqlTypeKind.Decimal => 9,

        // Integers and decimals prefer double; real comes before double for a real only.
        SqlTypeKind.Double => 11,
        SqlTypeKind.Real => from == SqlTypeKind.Real ? 10 : 12,
        SqlTypeKind.Date => 1,
        SqlTypeKind.Timestamp => 2,
        SqlTypeKind.DateTimeOffset => 4,
        SqlTypeKind.TimestampTz => 3,
        SqlTypeKind.Time => 1,

        // What has no type yet is an interval before it is a timespan.
        SqlTypeKind.TimeSpan => from == SqlTypeKind.Unknown ? 3 : 2,
        SqlTypeKind.Interval => from == SqlTypeKind.Unknown ? 2 : 3,
        _ => 3,
    };
}
