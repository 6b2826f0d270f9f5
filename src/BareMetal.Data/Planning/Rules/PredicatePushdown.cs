using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Planning.Rules;

/// <summary>
/// Moves conditions towards the tables: through projections, joins, aggregates, set operations and windows where that is valid. An
/// outer join whose missing side a condition rejects becomes an inner join on the way.
/// </summary>
internal static class PredicatePushdown
{
    public static LogicalOperator Apply(LogicalOperator plan) => Push(plan, []);

    private static LogicalOperator Push(LogicalOperator op, List<BoundExpression> terms)
    {
        switch (op)
        {
            case LogicalFilter filter:
            {
                List<BoundExpression> all = ExpressionTools.SplitConjuncts(filter.Predicate);
                all.AddRange(terms);
                return Push(filter.Input, all);
            }

            case LogicalProject project:
                return PushProject(project, terms);
            case LogicalJoin join:
                return PushJoin(join, terms);
            case LogicalAggregate aggregate:
                return PushAggregate(aggregate, terms);
            case LogicalDistinct { On: null } distinct:
                return Through(terms, below => new LogicalDistinct(Push(distinct.Input, below), null));
            case LogicalSort sort:
                return Through(terms, below => new LogicalSort(Push(sort.Input, below), sort.Keys));
            case LogicalSetOperation set:
                return PushSetOperation(set, terms);
            case LogicalWindow window:
                return PushWindow(window, terms);
            case LogicalWith with:
                return new LogicalWith(with.Definitions, Push(with.Body, terms));
            default:
                return Above(LogicalTools.MapInputs(op, Apply), terms);
        }
    }

    private static LogicalOperator Above(LogicalOperator op, IReadOnlyList<BoundExpression> terms) =>
        terms.Count == 0 ? op : new LogicalFilter(op, ExpressionTools.Combine(terms)!);

    /// <summary>Volatile conditions stay where they are.</summary>
    private static LogicalOperator Through(List<BoundExpression> terms, Func<List<BoundExpression>, LogicalOperator> make)
    {
        List<BoundExpression> stay = [.. terms.Where(ExpressionTools.IsVolatile)];
        List<BoundExpression> below = [.. terms.Where(t => !ExpressionTools.IsVolatile(t))];
        return Above(make(below), stay);
    }

    private static LogicalOperator PushProject(LogicalProject project, List<BoundExpression> terms)
    {
        Dictionary<PlanColumn, BoundExpression> map = [];
        HashSet<PlanColumn> fixedHere = [];
        foreach (ProjectItem item in project.Items)
        {
            if (item.Expression is BoundColumn column && ReferenceEquals(column.Column, item.Column))
                continue;
            map[item.Column] = item.Expression;
            if (ExpressionTools.IsVolatile(item.Expression) || ExpressionTools.ContainsSubquery(item.Expression) || ExpressionTools.Any(item.Expression, e => e is BoundGrouping))
                fixedHere.Add(item.Column);
        }

        List<BoundExpression> below = [];
        List<BoundExpression> stay = [];
        foreach (BoundExpression term in terms)
        {
            if (ExpressionTools.IsVolatile(term) || ExpressionTools.Columns(term).Overlaps(fixedHere))
                stay.Add(term);
            else
                below.Add(ExpressionTools.Substitute(term, map));
        }

        return Above(new LogicalProject(Push(project.Input, below), project.Items), stay);
    }

    private static LogicalOperator PushAggregate(LogicalAggregate aggregate, List<BoundExpression> terms)
    {
        List<BoundExpression> below = [];
        List<BoundExpression> stay = [];
        if (aggregate.GroupingSets is null && aggregate.Keys.Count > 0)
        {
            Dictionary<PlanColumn, BoundExpression> map = [];
            foreach (ProjectItem key in aggregate.Keys)
                map[key.Column] = key.Expression;
            HashSet<PlanColumn> computed = [.. aggregate.Aggregates.Select(a => a.Column)];
            foreach (BoundExpression term in terms)
            {
                HashSet<PlanColumn> columns = ExpressionTools.Columns(term);
                if (columns.Overlaps(computed) || ExpressionTools.IsVolatile(term) || aggregate.Keys.Any(k => columns.Contains(k.Column) && ExpressionTools.IsVolatile(k.Expression)))
                    stay.Add(term);
                else
                    below.Add(ExpressionTools.Substitute(term, map));
            }
        }
        else
        {
            stay = terms;
        }

        return Above(new LogicalAggregate(Push(aggregate.Input, below), aggregate.Keys, aggregate.Aggregates, aggregate.GroupingSets), stay);
    }

    private static LogicalOperator PushWindow(LogicalWindow window, List<BoundExpression> terms)
    {
        HashSet<PlanColumn> partition = [];
        foreach (BoundExpression e in window.PartitionBy)
        {
            if (e is BoundColumn column)
                partition.Add(column.Column);
        }

        // Whole partitions go or stay, so that what the functions see of the others does not change.
        HashSet<PlanColumn> own = [.. window.Output];
        List<BoundExpression> below = [];
        List<BoundExpression> stay = [];
        foreach (BoundExpression term in terms)
        {
            HashSet<PlanColumn> columns = ExpressionTools.Columns(term);
            columns.IntersectWith(own);
            if (columns.Count > 0 && columns.IsSubsetOf(partition) && !ExpressionTools.IsVolatile(term))
                below.Add(term);
            else
                stay.Add(term);
        }

        return Above(new LogicalWindow(Push(window.Input, below), window.PartitionBy, window.OrderBy, window.Functions), stay);
    }

    private static LogicalOperator PushSetOperation(LogicalSetOperation set, List<BoundExpression> terms)
    {
        List<BoundExpression> stay = [.. terms.Where(t => ExpressionTools.IsVolatile(t) || ExpressionTools.ContainsSubquery(t))];
        List<BoundExpression> below = [.. terms.Where(t => !stay.Contains(t))];
        LogicalOperator left = PushSide(set.Left);
        LogicalOperator right = PushSide(set.Right);
        return Above(new LogicalSetOperation(set.Kind, set.IsAll, left, right, set.Columns), stay);

        LogicalOperator PushSide(LogicalOperator side)
        {
            Dictionary<PlanColumn, BoundExpression> map = [];
            for (int i = 0; i < set.Columns.Count; i++)
                map[set.Columns[i]] = new BoundColumn(side.Output[i]);
            return LogicalOptimizer.KeepOutput(side, Push(side, [.. below.Select(t => ExpressionTools.Substitute(t, map))]));
        }
    }

    private static LogicalOperator PushJoin(LogicalJoin join, List<BoundExpression> terms)
    {
        HashSet<PlanColumn> left = [.. join.Left.Output];
        HashSet<PlanColumn> right = [.. join.Right.Output];
        JoinKind kind = join.Kind;
        foreach (BoundExpression term in terms)
        {
            bool rejectsRight = kind is JoinKind.Left or JoinKind.Full && NullRejection.Rejects(term, right.Contains);
            bool rejectsLeft = kind is JoinKind.Right or JoinKind.Full && NullRejection.Rejects(term, left.Contains);
            kind = (kind, rejectsLeft, rejectsRight) switch
            {
                (JoinKind.Left, _, true) => JoinKind.Inner,
                (JoinKind.Right, true, _) => JoinKind.Inner,
                (JoinKind.Full, true, true) => JoinKind.Inner,

                // Rows without a left side go: what stays has a left side.
                (JoinKind.Full, true, false) => JoinKind.Left,
                (JoinKind.Full, false, true) => JoinKind.Right,
                _ => kind,
            };
        }

        List<BoundExpression> conditions = ExpressionTools.SplitConjuncts(join.Condition);
        List<BoundExpression> toLeft = [];
        List<BoundExpression> toRight = [];
        List<BoundExpression> above = [];
        if (kind == JoinKind.Inner)
        {
            List<BoundExpression> all = [.. conditions, .. terms];
            conditions = [];
            AddImplied(all, left, right);
            RemoveImplied(all);
            foreach (BoundExpression term in all)
            {
                bool usesLeft = Uses(term, left);
                bool usesRight = Uses(term, right);
                if (ExpressionTools.IsVolatile(term))
                    above.Add(term);
                else if (!usesRight && (usesLeft || !join.IsLateral))
                    toLeft.Add(term);
                else if (!usesLeft)
                    toRight.Add(term);
                else if (ExpressionTools.ContainsSubquery(term))
                    above.Add(term);
                else
                    conditions.Add(term);
            }
        }
        else
        {
            bool keepsLeft = kind is JoinKind.Left or JoinKind.Semi or JoinKind.Anti;
            bool keepsRight = kind is JoinKind.Right;
            foreach (BoundExpression term in terms)
            {
                bool usesLeft = Uses(term, left);
                bool usesRight = Uses(term, right);
                if (!ExpressionTools.IsVolatile(term) && keepsLeft && !usesRight)
                    toLeft.Add(term);
                else if (!ExpressionTools.IsVolatile(term) && keepsRight && !usesLeft)
                    toRight.Add(term);
                else
                    above.Add(term);
            }

            List<BoundExpression> kept = [];
            List<BoundExpression> known = [.. conditions, .. toLeft];
            int before = known.Count;
            if (kind is JoinKind.Left or JoinKind.Semi or JoinKind.Anti)
                AddImplied(known, left, right);
            foreach (BoundExpression term in conditions.Concat(known.Skip(before)))
            {
                bool usesLeft = Uses(term, left);
                bool usesRight = Uses(term, right);
                bool isNew = !conditions.Contains(term);
                if (ExpressionTools.IsVolatile(term))
                    kept.Add(term);
                else if (kind is JoinKind.Left or JoinKind.Semi or JoinKind.Anti && usesRight && !usesLeft)
                    toRight.Add(term);
                else if (isNew)
                    continue;
                else if (kind == JoinKind.Semi && usesLeft && !usesRight)
                    toLeft.Add(term);
                else if (kind == JoinKind.Right && usesLeft && !usesRight)
                    toLeft.Add(term);
                else
                    kept.Add(term);
            }

            conditions = kept;
        }

        LogicalOperator result = new LogicalJoin(kind, Push(join.Left, toLeft), Push(join.Right, toRight), ExpressionTools.Combine(conditions), join.IsLateral);
        return Above(result, above);
    }

    private static bool Uses(BoundExpression term, HashSet<PlanColumn> columns) => ExpressionTools.Columns(term).Overlaps(columns);

    /// <summary>Where a = 5 and b = 5, a = b says nothing more.</summary>
    private static void RemoveImplied(List<BoundExpression> terms)
    {
        for (int i = terms.Count - 1; i >= 0; i--)
        {
            if (terms[i] is BoundCall { Function.Name: "=", Arguments: [BoundColumn a, BoundColumn b] }
                && terms.Any(t => FixedValue(t, a) is { } value && terms.Any(u => FixedValue(u, b) is { } other && ExpressionTools.AreSame(value, other))))
                terms.RemoveAt(i);
        }
    }

    private static BoundExpression? FixedValue(BoundExpression term, BoundColumn column)
    {
        if (term is not BoundCall { Function.Name: "=", Arguments: [var a, var b] })
            return null;
        if (a is BoundColumn x && ReferenceEquals(x.Column, column.Column) && b is BoundConstant or BoundParameter)
            return b;
        return b is BoundColumn y && ReferenceEquals(y.Column, column.Column) && a is BoundConstant or BoundParameter ? a : null;
    }

    /// <summary>From a = b and a = 5 follows b = 5, which the other side can seek with.</summary>
    private static void AddImplied(List<BoundExpression> terms, HashSet<PlanColumn> left, HashSet<PlanColumn> right)
    {
        int count = terms.Count;
        for (int i = 0; i < count; i++)
        {
            if (terms[i] is not BoundCall { Function.Name: "=", Arguments: [BoundColumn a, BoundColumn b] } equality || a.Type.Kind != b.Type.Kind || a.Type.Collation != b.Type.Collation)
                continue;
            bool crosses = (left.Contains(a.Column) && right.Contains(b.Column)) || (right.Contains(a.Column) && left.Contains(b.Column));
            if (!crosses)
                continue;
            for (int j = 0; j < count; j++)
            {
                if (terms[j] is BoundInList { IsNegated: false, Operand: BoundColumn listed } list && list.Items.All(item => item is BoundConstant or BoundParameter))
                {
                    BoundColumn? same = ReferenceEquals(listed.Column, a.Column) ? b : ReferenceEquals(listed.Column, b.Column) ? a : null;
                    if (same is not null && !terms.Any(t => t is BoundInList { Operand: BoundColumn c } && ReferenceEquals(c.Column, same.Column)))
                        terms.Add(list with { Operand = same });
                    continue;
                }

                if (terms[j] is BoundCall { Function.Name: "<" or "<=" or ">" or ">=" } bound)
                {
                    AddBound(terms, bound, a, b);
                    continue;
                }

                if (terms[j] is not BoundCall { Function.Name: "=" } fixing)
                    continue;
                for (int side = 0; side < 2; side++)
                {
                    if (fixing.Arguments[side] is not BoundColumn known || fixing.Arguments[1 - side] is not (BoundConstant or BoundParameter))
                        continue;
                    BoundColumn? other = ReferenceEquals(known.Column, a.Column) ? b : ReferenceEquals(known.Column, b.Column) ? a : null;
                    if (other is null || !ReferenceEquals(fixing.Function, equality.Function))
                        continue;
                    BoundCall implied = new(equality.Function, [other, fixing.Arguments[1 - side]], equality.Type);
                    if (!terms.Any(t => ExpressionTools.AreSame(t, implied)))
                        terms.Add(implied);
                }
            }
        }
    }

    /// <summary>From a = b and a &lt; 5 follows b &lt; 5.</summary>
    private static void AddBound(List<BoundExpression> terms, BoundCall bound, BoundColumn a, BoundColumn b)
    {
        for (int side = 0; side < 2; side++)
        {
            if (bound.Arguments[side] is not BoundColumn known || bound.Arguments[1 - side] is not (BoundConstant or BoundParameter) || bound.Arguments[1 - side].Type.Kind != known.Type.Kind)
                continue;
            BoundColumn? other = ReferenceEquals(known.Column, a.Column) ? b : ReferenceEquals(known.Column, b.Column) ? a : null;
            if (other is null)
                continue;
            BoundCall implied = bound with { Arguments = side == 0 ? [other, bound.Arguments[1]] : [bound.Arguments[0], other] };
            if (!terms.Any(t => ExpressionTools.AreSame(t, implied)))
                terms.Add(implied);
        }
    }
}
