using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>A part of a key: the expression over the scan's columns that it holds, or null when the scan does not read the column.</summary>
internal sealed record KeyPart(BoundExpression? Expression, SqlType Type, bool Descending, bool NullsFirst, bool IsNullable, string Name);

/// <summary>Finds the conditions that a part of a key can be sought by.</summary>
internal sealed class SeekMatching(PlannerOptions options)
{
    /// <summary>A condition that makes the part equal to values from outside of the scan.</summary>
    public SeekPart? FindEquality(LogicalScan scan, KeyPart part, List<BoundExpression> terms, out BoundExpression? used)
    {
        SeekPart? best = null;
        used = null;
        foreach (BoundExpression term in terms)
        {
            SeekPart? found = MatchEquality(scan, part, term);
            if (found is null || (best is not null && found.Kind is not SeekPartKind.Value))
                continue;
            best = found;
            used = term;
            if (found.Kind == SeekPartKind.Value && found.Values[0] is BoundConstant or BoundParameter)
                break;
        }

        return best;
    }

    private SeekPart? MatchEquality(LogicalScan scan, KeyPart part, BoundExpression term)
    {
        switch (term)
        {
            case BoundCall { Function.Name: "=" } call:
            {
                if (IsPart(call.Arguments[0], part) && Outside(call.Arguments[1], scan, part, call.Arguments[0]) is { } right)
                    return new SeekPart(SeekPartKind.Value, [right]);
                if (IsPart(call.Arguments[1], part) && Outside(call.Arguments[0], scan, part, call.Arguments[1]) is { } left)
                    return new SeekPart(SeekPartKind.Value, [left]);
                return null;
            }

            case BoundInList { IsNegated: false } inList when IsPart(inList.Operand, part):
            {
                List<BoundExpression> values = [];
                foreach (BoundExpression item in inList.Items)
                {
                    if (item is BoundConstant { Value.IsNull: true })
                        continue;
                    if (Outside(item, scan, part, inList.Operand) is not { } value)
                        return null;
                    values.Add(value);
                }

                return new SeekPart(values.Count == 1 ? SeekPartKind.Value : SeekPartKind.List, values);
            }

            case BoundQuantifiedArray { IsAll: false, Comparison.Name: "=" } any when IsExactPart(any.Operand, part):
                return any.Array.Type.Element?.Kind == part.Type.Kind && IsOutside(any.Array, scan) ? new SeekPart(SeekPartKind.Array, [any.Array]) : null;
            case BoundIsNull { IsNegated: false } isNull when IsExactPart(isNull.Operand, part) && part.IsNullable:
                return new SeekPart(SeekPartKind.IsNull, []);
            case BoundColumn column when part.Type.Kind == SqlTypeKind.Boolean && IsExactPart(column, part):
                return new SeekPart(SeekPartKind.Value, [new BoundConstant(Value.From(SqlTypeKind.Boolean, true), SqlType.Boolean)]);
            case BoundNot { Operand: BoundColumn column } when part.Type.Kind == SqlTypeKind.Boolean && IsExactPart(column, part):
                return new SeekPart(SeekPartKind.Value, [new BoundConstant(Value.From(SqlTypeKind.Boolean, false), SqlType.Boolean)]);
            case BoundLogical { IsAnd: false } or:
            {
                List<BoundExpression> values = [];
                foreach (BoundExpression alternative in or.Terms)
                {
                    if (MatchEquality(scan, part, alternative) is not { Kind: SeekPartKind.Value or SeekPartKind.List } found)
                        return null;
                    values.AddRange(found.Values);
                }

                return new SeekPart(SeekPartKind.List, values);
            }

            default:
                return null;
        }
    }

    /// <summary>The part itself, or an integer part widened for the comparison.</summary>
    private static bool IsPart(BoundExpression expression, KeyPart part) => IsExactPart(expression, part) || (expression is BoundCast cast && IsWidening(cast.Operand.Type, cast.Type) && IsExactPart(cast.Operand, part));

    private static bool IsExactPart(BoundExpression expression, KeyPart part) => part.Expression is not null && ExpressionTools.AreSame(expression, part.Expression);

    private static bool IsWidening(SqlType from, SqlType to) => (from.Kind, to.Kind) is
        (SqlTypeKind.TinyInt, SqlTypeKind.SmallInt or SqlTypeKind.Integer or SqlTypeKind.BigInt)
        or (SqlTypeKind.SmallInt, SqlTypeKind.Integer or SqlTypeKind.BigInt)
        or (SqlTypeKind.Integer, SqlTypeKind.BigInt)
        or (SqlTypeKind.UTinyInt, SqlTypeKind.SmallInt or SqlTypeKind.Integer or SqlTypeKind.BigInt or SqlTypeKind.USmallInt or SqlTypeKind.UInteger or SqlTypeKind.UBigInt)
        or (SqlTypeKind.USmallInt, SqlTypeKind.Integer or SqlTypeKind.BigInt or SqlTypeKind.UInteger or SqlTypeKind.UBigInt)
        or (SqlTypeKind.UInteger, SqlTypeKind.BigInt or SqlTypeKind.UBigInt);

    /// <summary>Whether a condition compares something of the scan with a subquery that gives one value, the same for all of its rows.</summary>
    public static bool IsComparedWithSubquery(BoundExpression term, LogicalScan scan) =>
        term is BoundCall { Function.Name: "=" or "<" or "<=" or ">" or ">=", Arguments: [var a, var b] }
        && ((IsOutside(a, scan) && !ExpressionTools.ContainsSubquery(b)) || (IsOutside(b, scan) && !ExpressionTools.ContainsSubquery(a)));

    private static bool IsOutside(BoundExpression expression, LogicalScan scan)
    {
        if (ExpressionTools.Any(expression, e => e is BoundSubquery { Kind: not SubqueryKind.Scalar }) || ExpressionTools.IsVolatile(expression))
            return false;
        foreach (PlanColumn column in ExpressionTools.Columns(expression))
        {
            if (scan.Columns.Contains(column) || ReferenceEquals(scan.RowKey, column))
                return false;
        }

        return true;
    }

    /// <summary>The value to seek, of the part's type; null when it depends on the scan's own columns.</summary>
    private static BoundExpression? Outside(BoundExpression value, LogicalScan scan, KeyPart part, BoundExpression compared)
    {
        if (!IsOutside(value, scan))
            return null;
        if (value.Type.Kind == part.Type.Kind)
            return compared.Type.Kind == part.Type.Kind ? value : null;
        if (value is BoundConstant { Value.IsNull: true })
            return new BoundConstant(Value.Null(part.Type.Kind), part.Type);
        return compared is BoundCast && IsWidening(part.Type, value.Type) ? new NarrowedInteger(value, part.Type) : null;
    }

    /// <summary>Bounds for the part: what is used goes from the terms unless it has to be looked at again.</summary>
    public SeekSpec FindBounds(LogicalScan scan, SeekSpec spec, KeyPart part, List<BoundExpression> terms, List<BoundExpression> used)
    {
        foreach (BoundExpression term in terms.ToArray())
        {
            if (term is not BoundCall { Function.Name: "<" or "<=" or ">" or ">=" } call)
                continue;
            bool mirrored = IsPart(call.Arguments[1], part);
            if (!mirrored && !IsPart(call.Arguments[0], part))
                continue;
            if (Bound(call.Arguments[mirrored ? 0 : 1], scan, part) is not { } value)
                continue;
            string op = call.Function.Name;
            bool isLow = (op[0] == '>') != mirrored;
            bool inclusive = op.Length == 2;
            if (isLow && spec.Low is null)
                spec = spec with { Low = value, LowInclusive = inclusive };
            else if (!isLow && spec.High is null)
                spec = spec with { High = value, HighInclusive = inclusive };
            else
                continue;
            used.Add(term);
            terms.Remove(term);
        }

        if (spec.HasBounds)
            return spec;
        foreach (BoundExpression term in terms)
        {
            if (term is not BoundCall { Function.Name: "starts_with" or "like", Arguments: [var text, var pattern] } call
                || part.Type.Kind != SqlTypeKind.Text || part.Type.Collation is not null || !IsExactPart(text, part) || !IsOutside(pattern, scan))
                continue;
            if (call.Function.Name == "starts_with")
            {
                used.Add(term);
                terms.Remove(term);
                return spec with { TextPrefix = pattern };
            }

            if (LikePrefix.Begin(pattern, options) is not { } begin)
                continue;

            // The rest of the pattern is still to be looked at.
            used.Add(term);
            return spec with { TextPrefix = begin };
        }

        foreach (BoundExpression term in terms)
        {
            if (term is BoundIsNull { IsNegated: true } notNull && part.IsNullable && IsExactPart(notNull.Operand, part))
            {
                used.Add(term);
                terms.Remove(term);
                return spec with { IsNotNull = true };
            }
        }

        return spec;
    }

    /// <summary>A bound of the part's type: an integer constant of another width becomes one when it fits.</summary>
    private static BoundExpression? Bound(BoundExpression value, LogicalScan scan, KeyPart part)
    {
        if (!IsOutside(value, scan))
            return null;
        if (value.Type.Kind == part.Type.Kind)
            return value;
        if (value is not BoundConstant { Value.IsNull: false } constant || !IsWidening(part.Type, value.Type))
            return null;
        try
        {
            return new BoundConstant(Casts.Convert(constant.Value, constant.Type, part.Type), part.Type);
        }
        catch (BareMetalException)
        {
            // Out of the part's range: the condition stays a filter.
            return null;
        }
    }
}
