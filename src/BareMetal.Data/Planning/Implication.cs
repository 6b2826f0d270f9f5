using BareMetal.Data.Binding;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>
/// Proves that conditions, when they are true, make another one true (so that a filtered index holds all rows), or that they can't be true together. It knows
/// comparisons of a column with constants, IN, IS NOT NULL, boolean columns, AND and OR; what it can't prove it calls unproved.
/// </summary>
internal static class Implication
{
    /// <summary>Whether the goal is true wherever all conditions are.</summary>
    public static bool Proves(IReadOnlyList<BoundExpression> terms, BoundExpression goal)
    {
        if (goal is BoundLogical { IsAnd: true } and)
            return and.Terms.All(t => Proves(terms, t));
        if (terms.Any(t => Proves(t, goal)))
            return true;
        return goal is BoundLogical or && or.Terms.Any(t => Proves(terms, t));
    }

    private static bool Proves(BoundExpression term, BoundExpression goal)
    {
        if (ExpressionTools.AreSame(term, goal))
            return true;
        switch (term)
        {
            case BoundLogical { IsAnd: true } and:
                return and.Terms.Any(t => Proves(t, goal));
            case BoundLogical or:
                return or.Terms.All(t => Proves([t], goal));
            case BoundInList { IsNegated: false } list when list.Items.All(i => i is BoundConstant) && !(goal is BoundIsNull):
                return list.Items.All(i => Comparison.Of(list.Operand, "=", i) is { } equal && Proves(equal, goal));
        }

        if (goal is BoundIsNull { IsNegated: true, Operand: BoundColumn column })
            return NullRejection.Rejects(term, column.Column);
        return Comparison.Of(term) is { } comparison && Proves(comparison, goal);
    }

    private static bool Proves(Comparison term, BoundExpression goal)
    {
        if (term.Value.IsNull)
            return true; // never true
        if (goal is BoundInList { IsNegated: false } list)
            return term.Operator == "=" && list.Items.Any(i => Comparison.Of(list.Operand, "=", i) is { } equal && ReferenceEquals(equal.Column, term.Column) && equal.CompareTo(term) == 0);
        if (goal is BoundIsNull { IsNegated: true, Operand: BoundColumn column })
            return ReferenceEquals(column.Column, term.Column);
        if (Comparison.Of(goal) is not { } wanted || !ReferenceEquals(wanted.Column, term.Column) || wanted.CompareTo(term) is not { } order)
            return false;

        // order compares the goal's constant with the term's.
        return (term.Operator, wanted.Operator) switch
        {
            ("=", "=") => order == 0,
            ("=", "<") => order > 0,
            ("=", "<=") => order >= 0,
            ("=", ">") => order < 0,
            ("=", ">=") => order <= 0,
            ("=", "<>") => order != 0,
            ("<", "<" or "<=") => order >= 0,
            ("<=", "<=") => order >= 0,
            ("<=", "<") => order > 0,
            (">", ">" or ">=") => order <= 0,
            (">=", ">=") => order <= 0,
            (">=", ">") => order < 0,
            ("<", "<>") => order >= 0,
            ("<=", "<>") => order > 0,
            (">", "<>") => order <= 0,
            (">=", "<>") => order < 0,
            ("<>", "<>") => order == 0,
            _ => false,
        };
    }

    /// <summary>Whether conditions can't all be true of one row; checks count for columns that a condition keeps from being null.</summary>
    public static bool AreContradictory(IReadOnlyList<BoundExpression> terms, IReadOnlyList<BoundExpression> checks)
    {
        List<Comparison> all = [];
        foreach (BoundExpression term in terms)
        {
            if (Comparison.Of(term) is { } c)
                all.Add(c);
        }

        if (all.Count == 0)
            return false;
        int own = all.Count;
        foreach (BoundExpression check in checks)
        {
            if (Comparison.Of(check) is { Value.IsNull: false } c && all.Exists(a => ReferenceEquals(a.Column, c.Column)))
                all.Add(c);
        }

        for (int i = 0; i < own; i++)
        {
            for (int j = i + 1; j < all.Count; j++)
            {
                if (ReferenceEquals(all[i].Column, all[j].Column) && Exclude(all[i], all[j]))
                    return true;
            }
        }

        return false;
    }

    private static bool Exclude(Comparison a, Comparison b)
    {
        if (a.Value.IsNull || b.Value.IsNull)
            return true;
        if (a.CompareTo(b) is not { } order)
            return false;
        return (a.Operator, b.Operator) switch
        {
            ("=", "=") => order != 0,
            ("=", "<>") or ("<>", "=") => order == 0,
            ("=" or ">", "<") or (">=", "<") => order >= 0,
            ("=", "<=") or (">=", "<=") => order > 0,
            (">", "<=") => order >= 0,
            ("=" or "<", ">") or ("<=", ">") => order <= 0,
            ("=", ">=") or ("<=", ">=") => order < 0,
            ("<", ">=") => order <= 0,
            (">" or ">=", "=") => a.Operator == ">" ? order >= 0 : order > 0,
            ("<" or "<=", "=") => a.Operator == "<" ? order <= 0 : order < 0,
            _ => false,
        };
    }

    /// <summary>A column compared with a constant.</summary>
    private sealed record Comparison(PlanColumn Column, string Operator, Value Value)
    {
        public static Comparison? Of(BoundExpression e) => e switch
        {
            BoundCall { Function.Name: "=" or "<>" or "<" or "<=" or ">" or ">=", Arguments: [var a, var b] } call =>
                a is BoundColumn ? Of(a, call.Function.Name, b) : Of(b, Turn(call.Function.Name), a),
            BoundColumn { Column.Type.Kind: SqlTypeKind.Boolean } flag => new Comparison(flag.Column, "=", Value.From(SqlTypeKind.Boolean, true)),
            BoundNot { Operand: BoundColumn { Column.Type.Kind: SqlTypeKind.Boolean } flag } => new Comparison(flag.Column, "=", Value.From(SqlTypeKind.Boolean, false)),
            BoundInList { IsNegated: false, Items: [var single] } list => Of(list.Operand, "=", single),
            _ => null,
        };

        public static Comparison? Of(BoundExpression column, string op, BoundExpression value) =>
            column is BoundColumn c && value is BoundConstant constant && constant.Type.Kind == c.Type.Kind ? new Comparison(c.Column, op, constant.Value) : null;

        private static string Turn(string op) => op switch
        {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            _ => op,
        };

        /// <summary>How the constants compare; null when they can't be.</summary>
        public int? CompareTo(Comparison other)
        {
            if (Value.IsNull || other.Value.IsNull || Catalog.Statistics.KeyedValue.EncoderOf(Column.Type) is not { } encoder)
                return null;
            RowBuffer a = new(32), b = new(32);
            encoder.Append(a, Value);
            encoder.Append(b, other.Value);
            return a.Span.SequenceCompareTo(b.Span);
        }
    }
}
