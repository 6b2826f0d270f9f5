using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Operators;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>A way to read a table under conditions.</summary>
internal sealed class AccessPath
{
    public required ScanSettings Settings { get; init; }

    public required IReadOnlyList<string> KeyNames { get; init; }

    /// <summary>Conditions that the seeks do not cover.</summary>
    public required List<BoundExpression> Residual { get; init; }

    /// <summary>Rows that the seeks read.</summary>
    public required double ScannedRows { get; init; }

    /// <summary>Rows that also pass the residual conditions.</summary>
    public required double Rows { get; init; }

    public required double Cost { get; init; }

    public required IReadOnlyList<OrderItem> Ordering { get; init; }

    /// <summary>Columns that seeks fix to one value: they do not count for an order.</summary>
    public required IReadOnlySet<PlanColumn> Fixed { get; init; }

    public bool IsSeek => Settings.Seeks is not null;

    /// <summary>Whether at most one row comes.</summary>
    public bool IsPoint { get; init; }
}

/// <summary>Finds the ways to read a table: its own tree or an index, whole or by seeks on leading key parts.</summary>
internal sealed class AccessPaths(PlannerOptions options, Cardinality cardinality)
{
    private const double RowCost = 0.1;
    private const double SeekCost = 1.2;
    private const double FetchCost = 0.9;

    /// <summary>All paths that make sense; the first is the scan of the whole table.</summary>
    /// <param name="scan">The scan.</param>
    /// <param name="terms">Conditions over the scan's columns and outer ones.</param>
    public List<AccessPath> Find(LogicalScan scan, IReadOnlyList<BoundExpression> terms)
    {
        // The row's key is no column of the table: the scan gives it after the others.
        if (scan.RowKey is not null && scan.Columns.Contains(scan.RowKey))
            scan = new LogicalScan(scan.Table, [.. scan.Columns.Where(c => !ReferenceEquals(c, scan.RowKey))], scan.Alias) { Lock = scan.Lock, LockWait = scan.LockWait, RowKey = scan.RowKey };
        double tableRows = cardinality.TableRows(scan.Table);
        List<AccessPath> paths = [];
        KeyPart[] primary = PrimaryParts(scan);
        paths.Add(Make(scan, terms, null, primary, tableRows, seek: false));
        if (primary.Length > 0 && Make(scan, terms, null, primary, tableRows, seek: true) is { IsSeek: true } byKey)
            paths.Add(byKey);
        TableRowBinding? binding = null;
        foreach (TableIndex index in scan.Table.Indexes)
        {
            double rows = tableRows;
            IReadOnlyList<BoundExpression> open = terms;
            bool needsBinding = index.FilterSql is not null || index.Keys.Any(k => k.ExpressionSql is not null);
            if (needsBinding)
            {
                binding ??= options.BindTable?.Invoke(scan.Table);
                List<BoundExpression> rest = [.. terms];
                if (binding is null || !IsImplied(scan, index, binding, terms, rest))
                    continue;
                open = rest;
                if (index.FilterSql is not null && options.EntryCount(index) is >= 0 and long entries)
                    rows = Math.Max(1, Math.Min(entries, tableRows));
            }

            KeyPart[]? parts = IndexParts(scan, index, binding);
            if (parts is null)
                continue;
            AccessPath whole = Make(scan, open, index, parts, rows, seek: false);
            paths.Add(whole);
            AccessPath seek = Make(scan, open, index, parts, rows, seek: true);
            if (seek.IsSeek)
                paths.Add(seek);
        }

        return paths;
    }

    /// <summary>A part of a key: the expression over the scan's columns that it holds, or null when the scan does not read the column.</summary>
    private sealed record KeyPart(BoundExpression? Expression, SqlType Type, bool Descending, bool NullsFirst, bool IsNullable, string Name);

    private static KeyPart[] PrimaryParts(LogicalScan scan)
    {
        if (scan.Table.PrimaryKey is not { } key)
            return [];
        KeyPart[] parts = new KeyPart[key.ColumnIds.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            Column column = KeyCodec.FindColumn(scan.Table, key.ColumnIds[i]);
            parts[i] = new KeyPart(ColumnOf(scan, column.Id), column.Type, false, true, false, column.Name);
        }

        return parts;
    }

    private static BoundColumn? ColumnOf(LogicalScan scan, int columnId)
    {
        foreach (PlanColumn c in scan.Columns)
        {
            if (c.Origin?.Id == columnId)
                return new BoundColumn(c);
        }

        return null;
    }

    private static KeyPart[]? IndexParts(LogicalScan scan, TableIndex index, TableRowBinding? binding)
    {
        KeyPart[] parts = new KeyPart[index.Keys.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            IndexKeyPart key = index.Keys[i];
            if (key.ExpressionSql is null)
            {
                Column column = KeyCodec.FindColumn(scan.Table, key.ColumnId);
                BoundColumn? bound = ColumnOf(scan, key.ColumnId);
                if (bound is not null && bound.Type.Collation != key.Type.Collation)
                    bound = null;
                parts[i] = new KeyPart(bound, key.Type, key.Descending, key.NullsFirst, column.IsNullable, column.Name);
                continue;
            }

            if (binding is null || !binding.IndexExpressions.TryGetValue((index, i), out BoundExpression? expression))
                return null;
            parts[i] = new KeyPart(Rebase(expression, scan, binding), key.Type, key.Descending, key.NullsFirst, true, key.ExpressionSql);
        }

        return parts;
    }

    /// <summary>An expression over the table binding's columns as one over the scan's; null when the scan does not read one of them.</summary>
    private static BoundExpression? Rebase(BoundExpression expression, LogicalScan scan, TableRowBinding binding)
    {
        Dictionary<PlanColumn, BoundExpression> map = [];
        foreach (PlanColumn column in ExpressionTools.Columns(expression))
        {
            int ordinal = -1;
            for (int i = 0; i < binding.Columns.Count; i++)
            {
                if (ReferenceEquals(binding.Columns[i], column))
                    ordinal = i;
            }

            if (ordinal < 0 || ColumnOf(scan, scan.Table.Columns[ordinal].Id) is not { } own)
                return null;
            map[column] = own;
        }

        return ExpressionTools.Substitute(expression, map);
    }

    /// <summary>Whether the conditions guarantee the predicate of a filtered index; conditions that its entries fulfil by themselves leave <paramref name="rest"/>.</summary>
    private static bool IsImplied(LogicalScan scan, TableIndex index, TableRowBinding binding, IReadOnlyList<BoundExpression> terms, List<BoundExpression> rest)
    {
        if (index.FilterSql is null)
            return true;
        if (!binding.IndexFilters.TryGetValue(index, out BoundExpression? filter))
            return false;
        foreach (BoundExpression part in ExpressionTools.SplitConjuncts(filter))
        {
            if (Rebase(part, scan, binding) is not { } own)
                return false;
            bool implied = false;
            foreach (BoundExpression term in terms)
            {
                if (ExpressionTools.AreSame(own, term))
                {
                    implied = true;
                    rest.Remove(term);
                }

                if (own is BoundIsNull { IsNegated: true, Operand: BoundColumn column })
                    implied |= NullRejection.Rejects(term, column.Column);
            }

            if (!implied)
                return false;
        }

        return true;
    }

    private AccessPath Make(LogicalScan scan, IReadOnlyList<BoundExpression> terms, TableIndex? index, KeyPart[] parts, double tableRows, bool seek)
    {
        List<BoundExpression> residual = [.. terms];
        List<SeekPart> equals = [];
        HashSet<PlanColumn> fixedColumns = [];
        SeekSpec? spec = null;
        double seekedRows = tableRows;
        double seeks = 1;
        bool isUnique = index is null ? parts.Length > 0 : index.IsUnique;
        bool singleValued = true;
        if (seek)
        {
            int p = 0;
            for (; p < parts.Length; p++)
            {
                if (parts[p].Expression is null || FindEquality(scan, parts[p], residual, out BoundExpression? used) is not { } part)
                    break;
                residual.Remove(used!);
                equals.Add(part);
                double distinct = cardinality.Distinct(parts[p].Expression!, scan, tableRows);
                double values = part.Kind switch
                {
                    SeekPartKind.List => part.Values.Count,
                    SeekPartKind.Array => 10,
                    _ => 1,
                };
                singleValued &= part.Kind is SeekPartKind.Value or SeekPartKind.IsNull;
                if (part.Kind is SeekPartKind.Value or SeekPartKind.IsNull && parts[p].Expression is BoundColumn fixedColumn)
                    fixedColumns.Add(fixedColumn.Column);
                seeks *= values;
                seekedRows = Math.Max(seekedRows * Math.Min(1, values / Math.Max(distinct, 1)), 0.5);
            }

            if (p == parts.Length && isUnique && equals.All(e => e.Kind != SeekPartKind.IsNull))
                seekedRows = Math.Min(seekedRows, seeks);
            spec = new SeekSpec(equals);
            if (p < parts.Length && parts[p].Expression is not null)
            {
                spec = FindBounds(scan, spec, parts[p], residual, out double selectivity);
                seekedRows *= selectivity;
            }

            if (spec.Parts.Count == 0 && !spec.HasBounds)
                spec = null;
        }

        List<OrderItem> ordering = [];
        bool isOrderKnown = true;
        for (int i = 0; i < parts.Length && isOrderKnown; i++)
        {
            if (parts[i].Expression is BoundColumn column)
            {
                ordering.Add(new OrderItem(column.Column, parts[i].Descending, parts[i].NullsFirst));
            }
            else if (!(i < equals.Count && equals[i].Kind is SeekPartKind.Value or SeekPartKind.IsNull))
            {
                isOrderKnown = false;
            }
        }

        if (isOrderKnown && index is not null && !index.IsUnique)
        {
            foreach (KeyPart part in PrimaryParts(scan))
            {
                if (part.Expression is not BoundColumn column)
                    break;
                ordering.Add(new OrderItem(column.Column, false, true));
            }
        }

        bool covering = index is not null && IsCovering(scan, index);
        double rows = seekedRows;
        foreach (BoundExpression term in residual)
            rows *= cardinality.Selectivity(term, scan, tableRows);
        double cost = (spec is null ? 1 : seeks * SeekCost) + (seekedRows * (index is null ? RowCost : covering ? RowCost * 1.2 : FetchCost));
        return new AccessPath
        {
            Settings = new ScanSettings(scan.Table, scan.Columns)
            {
                Index = index,
                IsCovering = covering,
                Seeks = spec is null ? null : [spec],
                Lock = scan.Lock,
                LockWait = scan.LockWait,
                RowKey = scan.RowKey,
            },
            KeyNames = [.. parts.Select(k => k.Name)],
            Residual = residual,
            ScannedRows = seekedRows,
            Rows = Math.Max(rows, 0.01),
            Cost = cost,
            Ordering = ordering,
            Fixed = fixedColumns,
            IsPoint = spec is not null && isUnique && singleValued && equals.Count == parts.Length && equals.All(e => e.Kind == SeekPartKind.Value),
        };
    }

    private static bool IsCovering(LogicalScan scan, TableIndex index)
    {
        IndexEntryCodec codec = IndexEntryCodec.For(scan.Table, index);
        foreach (PlanColumn column in scan.Columns)
        {
            if (codec.FindSlot(column.Origin!.Id) < 0)
                return false;
        }

        return true;
    }

    /// <summary>A condition that makes the part equal to values from outside of the scan.</summary>
    private static SeekPart? FindEquality(LogicalScan scan, KeyPart part, List<BoundExpression> terms, out BoundExpression? used)
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

    private static SeekPart? MatchEquality(LogicalScan scan, KeyPart part, BoundExpression term)
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

    private static bool IsOutside(BoundExpression expression, LogicalScan scan)
    {
        if (ExpressionTools.ContainsSubquery(expression) || ExpressionTools.IsVolatile(expression))
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

    private static SeekSpec FindBounds(LogicalScan scan, SeekSpec spec, KeyPart part, List<BoundExpression> terms, out double selectivity)
    {
        selectivity = 1;
        foreach (BoundExpression term in terms.ToArray())
        {
            if (term is BoundCall { Function.Name: "<" or "<=" or ">" or ">=" } call)
            {
                bool mirrored = IsExactPart(call.Arguments[1], part);
                if (!mirrored && !IsExactPart(call.Arguments[0], part))
                    continue;
                BoundExpression value = call.Arguments[mirrored ? 0 : 1];
                if (value.Type.Kind != part.Type.Kind || !IsOutside(value, scan))
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
                selectivity *= 0.3;
                terms.Remove(term);
            }
        }

        if (spec.HasBounds)
            return spec;
        foreach (BoundExpression term in terms)
        {
            if (term is BoundCall { Function.Name: "starts_with" } starts
                && part.Type.Kind == SqlTypeKind.Text
                && part.Type.Collation is null
                && IsExactPart(starts.Arguments[0], part)
                && IsOutside(starts.Arguments[1], scan))
            {
                terms.Remove(term);
                selectivity = 0.02;
                return spec with { TextPrefix = starts.Arguments[1] };
            }

            if (term is BoundCall { Function.Name: "like", Arguments: [var text, BoundConstant { Value.IsNull: false } pattern] }
                && part.Type.Kind == SqlTypeKind.Text
                && part.Type.Collation is null
                && IsExactPart(text, part)
                && LikePrefix(pattern.Value.As<ByteSlice>().Span) is { Length: > 0 } prefix)
            {
                selectivity = 0.05;
                return spec with { TextPrefix = new BoundConstant(Value.From(SqlTypeKind.Text, new ByteSlice(prefix)), SqlType.Text) };
            }
        }

        foreach (BoundExpression term in terms)
        {
            if (term is BoundIsNull { IsNegated: true } notNull && part.IsNullable && IsExactPart(notNull.Operand, part))
            {
                terms.Remove(term);
                selectivity = 0.95;
                return spec with { IsNotNull = true };
            }
        }

        return spec;
    }

    /// <summary>The literal beginning of a LIKE pattern.</summary>
    private static byte[] LikePrefix(ReadOnlySpan<byte> pattern)
    {
        List<byte> prefix = [];
        for (int i = 0; i < pattern.Length; i++)
        {
            byte b = pattern[i];
            if (b is (byte)'%' or (byte)'_')
                break;
            if (b == (byte)'\\')
            {
                if (++i >= pattern.Length)
                    break;
                b = pattern[i];
            }

            prefix.Add(b);
        }

        // A cut inside of a character would still be a prefix of its bytes, but the seek's value must be whole text.
        return [.. prefix];
    }
}
