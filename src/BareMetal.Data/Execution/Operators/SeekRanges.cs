using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Operators;

/// <summary>
/// Turns seek specifications into ranges [low, high) of key bytes when a scan opens: sorted, without overlaps, so that each entry is
/// read once. Reuses its buffers.
/// </summary>
internal sealed class SeekRanges
{
    /// <summary>Values of skipped parts that are gone through; behind them lies one range.</summary>
    public const int MaxSkipped = 20_000;

    private static readonly Batch OneRow = new([]) { Count = 1 };

    private readonly KeyEncoder[] _parts;
    private readonly bool _isUnique;
    private readonly CompiledSpec[] _specs;
    private readonly RowBuffer _work = new();
    private readonly RowBuffer _bytes = new();
    private readonly List<Range> _ranges = [];
    private readonly Vector?[] _scratch;
    private TreeCursor? _cursor;
    private int _skipped;

    /// <param name="parts">Encoders of the key.</param>
    /// <param name="isUnique">Whether at most one entry has all parts equal and not null, its key being the parts alone.</param>
    /// <param name="specs">What to seek.</param>
    /// <param name="builder">Compiles the values.</param>
    public SeekRanges(ReadOnlySpan<KeyEncoder> parts, bool isUnique, IReadOnlyList<SeekSpec> specs, OperatorBuilder builder)
    {
        _parts = parts.ToArray();
        _isUnique = isUnique;
        _scratch = new Vector?[_parts.Length];
        _specs = new CompiledSpec[specs.Count];
        for (int i = 0; i < _specs.Length; i++)
        {
            _specs[i] = new CompiledSpec(specs[i], builder);
            Skips |= Array.Exists(_specs[i].Parts, static p => p.Kind == SeekPartKind.Skip);
        }
    }

    /// <summary>Whether there is exactly one specification and it names one entry at most.</summary>
    public bool IsPoint => _isUnique && _specs.Length == 1 && _specs[0].IsPlain && _specs[0].Parts.Length == _parts.Length;

    public int Count => _ranges.Count;

    /// <summary>First key of a range.</summary>
    public ReadOnlySpan<byte> Low(int range) => _bytes.Span.Slice(_ranges[range].LowStart, _ranges[range].LowLength);

    /// <summary>First key after a range; empty when it has no end.</summary>
    public ReadOnlySpan<byte> High(int range) => _ranges[range].HighLength < 0 ? default : _bytes.Span.Slice(_ranges[range].HighStart, _ranges[range].HighLength);

    /// <summary>The key of a point seek; false when a value is null.</summary>
    public bool TryBuildPoint(QueryContext context, out ReadOnlySpan<byte> key)
    {
        _bytes.Clear();
        key = default;
        CompiledPart[] equals = _specs[0].Parts;
        for (int i = 0; i < equals.Length; i++)
        {
            Vector v = equals[i].Values[0].Evaluate(OneRow, context);
            if (v.IsNull(0))
                return false;
            _parts[i].Append(_bytes, v, 0);
        }

        key = _bytes.Span;
        return true;
    }

    /// <summary>Whether <see cref="Build"/> looks for values in the tree.</summary>
    public bool Skips { get; }

    /// <summary>Computes the ranges.</summary>
    /// <param name="context">The statement.</param>
    /// <param name="cursor">A cursor over the tree; needed when <see cref="Skips"/>.</param>
    public void Build(QueryContext context, TreeCursor? cursor = null)
    {
        _cursor = cursor;
        _skipped = 0;
        _bytes.Clear();
        _ranges.Clear();
        foreach (CompiledSpec spec in _specs)
        {
            _work.Clear();
            Expand(spec, 0, context);
        }

        if (_ranges.Count > 1)
            SortAndMerge();
    }

    private void Expand(CompiledSpec spec, int part, QueryContext context)
    {
        if (part == spec.Parts.Length)
        {
            AddRange(spec, part, context);
            return;
        }

        CompiledPart equal = spec.Parts[part];
        int start = _work.Length;
        switch (equal.Kind)
        {
            case SeekPartKind.IsNull:
                _parts[part].Append(_work, Value.Null(_parts[part].Type.Kind));
                Expand(spec, part + 1, context);
                break;
            case SeekPartKind.Skip:
                ExpandSkip(spec, part, context);
                break;
            case SeekPartKind.Array:
            {
                Vector v = equal.Values[0].Evaluate(OneRow, context);
                if (v.IsNull(0))
                    return;
                Vector item = _scratch[part] ??= Vector.Create(_parts[part].Type, 1);
                foreach (Value value in ((Vector<ArrayValue>)v).Data[0].Items)
                {
                    if (value.IsNull)
                        continue;
                    item.Reset();
                    item.SetValue(0, value);
                    _parts[part].Append(_work, item, 0);
                    Expand(spec, part + 1, context);
                    _work.Length = start;
                }

                break;
            }

            default:
                foreach (Evaluator evaluator in equal.Values)
                {
                    Vector v = evaluator.Evaluate(OneRow, context);
                    if (v.IsNull(0))
                        continue;
                    _parts[part].Append(_work, v, 0);
                    Expand(spec, part + 1, context);
                    _work.Length = start;
                }

                break;
        }

        _work.Length = start;
    }

    /// <summary>Goes from one value of the part to the next.</summary>
    private void ExpandSkip(CompiledSpec spec, int part, QueryContext context)
    {
        int start = _work.Length;
        RowBuffer end = new(64);
        end.Append(_work.Span);
        bool hasEnd = KeyRanges.TryMakeEnd(end);
        RowBuffer at = new(64);
        at.Append(_work.Span);
        while (at.Length == 0 ? _cursor!.SeekFirst() : _cursor!.Seek(at.Span))
        {
            ReadOnlySpan<byte> key = _cursor.Key;
            if (hasEnd && key.SequenceCompareTo(end.Span) >= 0)
                return;
            if (++_skipped > MaxSkipped)
            {
                // Too many: the rest is read as one range.
                Range rest = new() { LowStart = _bytes.Length, LowLength = key.Length };
                _bytes.Append(key);
                rest.HighStart = _bytes.Length;
                rest.HighLength = hasEnd ? end.Length : -1;
                _bytes.Append(end.Span);
                _ranges.Add(rest);
                return;
            }

            if ((_skipped & 255) == 0)
                context.Cancellation.ThrowIfCancellationRequested();
            _work.Length = start;
            _work.Append(key[start.._parts[part].Skip(key, start)]);
            at.Clear();
            at.Append(_work.Span);
            Expand(spec, part + 1, context);
            _work.Length = start;
            if (!KeyRanges.TryMakeEnd(at))
                return;
        }
    }

    private void AddRange(CompiledSpec spec, int part, QueryContext context)
    {
        int prefix = _work.Length;
        if (!spec.HasBounds)
        {
            Range whole = new() { LowStart = Copy(), LowLength = prefix };
            SetHigh(ref whole, true);
            _ranges.Add(whole);
            _work.Length = prefix;
            return;
        }

        KeyEncoder encoder = _parts[part];
        if (spec.TextPrefix is not null)
        {
            Vector v = spec.TextPrefix.Evaluate(OneRow, context);
            if (v.IsNull(0))
                return;
            KeyRanges.AppendTextPrefix(encoder, ((Vector<ByteSlice>)v).Data[0].Span, _work);
            Range begins = new() { LowStart = Copy(), LowLength = _work.Length };
            SetHigh(ref begins, true);
            _ranges.Add(begins);
            _work.Length = prefix;
            return;
        }

        // In key order a descending part turns the bounds round.
        Evaluator? first = encoder.IsDescending ? spec.High : spec.Low;
        bool firstInclusive = encoder.IsDescending ? spec.HighInclusive : spec.LowInclusive;
        Evaluator? last = encoder.IsDescending ? spec.Low : spec.High;
        bool lastInclusive = encoder.IsDescending ? spec.LowInclusive : spec.HighInclusive;
        Range range = default;
        if (first is not null)
        {
            Vector v = first.Evaluate(OneRow, context);
            if (v.IsNull(0))
                return;
            encoder.Append(_work, v, 0);
        }
        else if (encoder.IsNullable)
        {
            _work.AppendByte(KeyEncoder.ValueMarker);
        }

        range.LowStart = Copy();
        range.LowLength = first is not null && !firstInclusive ? Successor(range.LowStart, _work.Length) : _work.Length;
        if (range.LowLength < 0)
            return;
        _work.Length = prefix;
        if (last is not null)
        {
            Vector v = last.Evaluate(OneRow, context);
            if (v.IsNull(0))
                return;
            encoder.Append(_work, v, 0);
            SetHigh(ref range, lastInclusive);
        }
        else if (encoder.IsNullable)
        {
            _work.AppendByte(KeyEncoder.ValueMarker);
            SetHigh(ref range, true);
        }
        else
        {
            SetHigh(ref range, true);
        }

        _work.Length = prefix;
        if (range.HighLength < 0 || Bytes(range.LowStart, range.LowLength).SequenceCompareTo(Bytes(range.HighStart, range.HighLength)) < 0)
            _ranges.Add(range);
    }

    private int Copy()
    {
        int start = _bytes.Length;
        _bytes.Append(_work.Span);
        return start;
    }

    private void SetHigh(ref Range range, bool afterAll)
    {
        if (afterAll)
        {
            // The successor is made in the copy, so that the working prefix stays as it is.
            range.HighStart = Copy();
            range.HighLength = Successor(range.HighStart, _work.Length);
            return;
        }

        range.HighStart = Copy();
        range.HighLength = _work.Length;
    }

    /// <summary>Makes the copied bytes the smallest key above all that begin with them; −1 when there is none.</summary>
    private int Successor(int start, int length)
    {
        Span<byte> bytes = _bytes.WrittenSpan.Slice(start, length);
        while (length > 0)
        {
            if (bytes[length - 1] != 0xFF)
            {
                bytes[length - 1]++;
                return length;
            }

            length--;
        }

        return -1;
    }

    private ReadOnlySpan<byte> Bytes(int start, int length) => _bytes.Span.Slice(start, length);

    private void SortAndMerge()
    {
        _ranges.Sort((a, b) => Bytes(a.LowStart, a.LowLength).SequenceCompareTo(Bytes(b.LowStart, b.LowLength)));
        int kept = 0;
        for (int i = 1; i < _ranges.Count; i++)
        {
            Range current = _ranges[kept];
            Range next = _ranges[i];
            bool overlaps = current.HighLength < 0
                || Bytes(next.LowStart, next.LowLength).SequenceCompareTo(Bytes(current.HighStart, current.HighLength)) < 0;
            if (!overlaps)
            {
                _ranges[++kept] = next;
                continue;
            }

            if (current.HighLength >= 0
                && (next.HighLength < 0 || Bytes(next.HighStart, next.HighLength).SequenceCompareTo(Bytes(current.HighStart, current.HighLength)) > 0))
            {
                current.HighStart = next.HighStart;
                current.HighLength = next.HighLength;
                _ranges[kept] = current;
            }
        }

        _ranges.RemoveRange(kept + 1, _ranges.Count - kept - 1);
    }

    private struct Range
    {
        public int LowStart;
        public int LowLength;
        public int HighStart;
        public int HighLength;
    }

    private sealed class CompiledPart(SeekPart part, OperatorBuilder builder)
    {
        public SeekPartKind Kind { get; } = part.Kind;

        public Evaluator[] Values { get; } = builder.CompileAll(part.Values, Array.Empty<PlanColumn>());
    }

    private sealed class CompiledSpec
    {
        public CompiledSpec(SeekSpec spec, OperatorBuilder builder)
        {
            Parts = new CompiledPart[spec.Parts.Count];
            IsPlain = !spec.HasBounds;
            for (int i = 0; i < Parts.Length; i++)
            {
                Parts[i] = new CompiledPart(spec.Parts[i], builder);
                IsPlain &= Parts[i].Kind == SeekPartKind.Value && Parts[i].Values.Length == 1;
            }

            Low = Compile(spec.Low);
            LowInclusive = spec.LowInclusive;
            High = Compile(spec.High);
            HighInclusive = spec.HighInclusive;
            TextPrefix = Compile(spec.TextPrefix);
            HasBounds = spec.HasBounds;

            Evaluator? Compile(BoundExpression? e) => e is null ? null : builder.Compile(e, []);
        }

        public CompiledPart[] Parts { get; }

        public bool IsPlain { get; }

        public Evaluator? Low { get; }

        public bool LowInclusive { get; }

        public Evaluator? High { get; }

        public bool HighInclusive { get; }

        public Evaluator? TextPrefix { get; }

        public bool HasBounds { get; }
    }
}
