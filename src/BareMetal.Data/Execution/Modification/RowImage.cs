using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// Rows of a table as a vector per column (by ordinal), with what is computed from them: generated columns, checks, index entries.
/// Belongs to one plan instance; the vectors may be those of the statement's source.
/// </summary>
internal sealed class RowImage
{
    private readonly (int Ordinal, Evaluator Evaluator)[] _generated;
    private readonly (CheckConstraint Constraint, Evaluator Evaluator)[] _checks;
    private CheckConstraint?[]? _broken;
    private readonly Vector?[] _own;

    public RowImage(TableRowBinding binding, OperatorBuilder builder)
    {
        Binding = binding;
        Table = binding.Table;
        Batch = new Batch(new Vector[Table.Columns.Count]);
        _own = new Vector?[Table.Columns.Count];
        _generated = new (int, Evaluator)[binding.Generated.Count];
        for (int i = 0; i < _generated.Length; i++)
            _generated[i] = (binding.Generated[i].Ordinal, builder.Compile(binding.Generated[i].Expression, binding.Columns));
        _checks = new (CheckConstraint, Evaluator)[binding.Checks.Count];
        for (int i = 0; i < _checks.Length; i++)
            _checks[i] = (binding.Checks[i].Constraint, builder.Compile(binding.Checks[i].Expression, binding.Columns));
        Indexes = new IndexImage[Table.Indexes.Count];
        for (int i = 0; i < Indexes.Length; i++)
            Indexes[i] = new IndexImage(this, Table.Indexes[i], builder);
    }

    public TableRowBinding Binding { get; }

    public Table Table { get; }

    /// <summary>The rows; one vector for each column by ordinal.</summary>
    public Batch Batch { get; }

    public Vector[] Columns => Batch.Columns;

    public int Count
    {
        get => Batch.Count;
        set => Batch.Count = value;
    }

    public IndexImage[] Indexes { get; }

    /// <summary>A vector that belongs to the image, emptied, in the place of a column.</summary>
    public Vector Own(int ordinal, int capacity)
    {
        Vector vector = _own[ordinal] ??= Vector.Create(Table.Columns[ordinal].Type, Math.Max(capacity, 1));
        vector.EnsureCapacity(capacity);
        vector.Reset();
        Columns[ordinal] = vector;
        return vector;
    }

    /// <summary>A column of nulls.</summary>
    public void SetNulls(int ordinal)
    {
        Vector vector = Own(ordinal, 1);
        vector.IsConstant = true;
        vector.SetNull(0);
    }

    /// <summary>Computes generated columns: all of them for rows to be written, the virtual ones for rows that were read.</summary>
    public void ComputeGenerated(QueryContext context, bool stored)
    {
        foreach ((int ordinal, Evaluator evaluator) in _generated)
        {
            if (stored || !Table.Columns[ordinal].IsStored)
                Columns[ordinal] = evaluator.Evaluate(Batch, context);
        }
    }

    /// <summary>The row that <see cref="CheckRows"/> threw for; -1 when it was none.</summary>
    public int FailedRow { get; private set; } = -1;

    /// <summary>Throws 23502 or 23514 for the first row that breaks NOT NULL or a check. Which rows break the CHECK OPTION of a view is kept for when they are written.</summary>
    public void CheckRows(QueryContext context)
    {
        FailedRow = -1;
        _broken = null;
        foreach (Column column in Table.Columns)
        {
            if (column.IsNullable)
                continue;
            Vector vector = Columns[column.Ordinal];
            if (!vector.HasNulls)
                continue;
            for (int row = 0; row < Count; row++)
            {
                if (!vector.IsNull(row))
                    continue;
                FailedRow = row;
                throw WriteErrors.NotNull(this, column, row);
            }
        }

        foreach ((CheckConstraint constraint, Evaluator evaluator) in _checks)
        {
            Vector<bool> result = (Vector<bool>)evaluator.Evaluate(Batch, context);
            for (int row = 0; row < Count; row++)
            {
                if (result.Data[row * result.Stride] || result.IsNull(row))
                    continue;
                if (constraint.IsViewOption)
                {
                    _broken ??= new CheckConstraint?[Count];
                    _broken[row] ??= constraint;
                    continue;
                }

                FailedRow = row;
                throw WriteErrors.Check(this, constraint, row);
            }
        }
    }

    /// <summary>The first CHECK OPTION that a row breaks, null when it breaks none.</summary>
    public CheckConstraint? BrokenOption(int row) => _broken?[row];

    /// <summary>Calls back for every row that breaks NOT NULL (with the column) or a check (with the constraint).</summary>
    public void FindViolations(QueryContext context, Action<int, Column?, CheckConstraint?> found)
    {
        foreach (Column column in Table.Columns)
        {
            Vector vector = Columns[column.Ordinal];
            for (int row = 0; !column.IsNullable && row < Count; row++)
            {
                if (vector.IsNull(row))
                    found(row, column, null);
            }
        }

        foreach ((CheckConstraint constraint, Evaluator evaluator) in _checks)
        {
            Vector<bool> result = (Vector<bool>)evaluator.Evaluate(Batch, context);
            for (int row = 0; row < Count; row++)
            {
                if (!result.Data[row * result.Stride] && !result.IsNull(row))
                    found(row, null, constraint);
            }
        }
    }

    /// <summary>Evaluates predicates and key parts of the indexes for the rows.</summary>
    public void PrepareIndexes(QueryContext context)
    {
        foreach (IndexImage index in Indexes)
            index.Prepare(context);
    }
}

/// <summary>The entries of an index for the rows of an image.</summary>
internal sealed class IndexImage
{
    private readonly RowImage _image;
    private readonly Evaluator? _filter;
    private readonly Evaluator?[] _expressions;
    private readonly int[] _partOrdinals;
    private readonly int[] _includedOrdinals;
    private readonly Vector[] _parts;
    private readonly Vector[] _included;
    private Vector<bool>? _covered;

    public IndexImage(RowImage image, TableIndex index, OperatorBuilder builder)
    {
        _image = image;
        Index = index;
        Table table = image.Table;
        Codec = IndexEntryCodec.For(table, index);
        TableRowBinding binding = image.Binding;
        if (binding.IndexFilters.TryGetValue(index, out BoundExpression? filter))
            _filter = builder.Compile(filter, binding.Columns);
        else if (index.FilterSql is not null)
            throw new BareMetalException(SqlStates.InternalError, $"The predicate of the index \"{index.Name}\" is not bound.");
        _parts = new Vector[index.Keys.Count];
        _expressions = new Evaluator?[_parts.Length];
        _partOrdinals = new int[_parts.Length];
        for (int i = 0; i < _parts.Length; i++)
        {
            if (index.Keys[i].ExpressionSql is null)
                _partOrdinals[i] = table.FindColumn(index.Keys[i].ColumnId)!.Ordinal;
            else
                _expressions[i] = builder.Compile(binding.IndexExpressions[(index, i)], binding.Columns);
        }

        _includedOrdinals = new int[index.IncludedColumnIds.Count];
        _included = new Vector[_includedOrdinals.Length];
        for (int i = 0; i < _included.Length; i++)
            _includedOrdinals[i] = table.FindColumn(index.IncludedColumnIds[i])!.Ordinal;
    }

    public TableIndex Index { get; }

    public IndexEntryCodec Codec { get; }

    /// <summary>Ordinals of the plain columns that entries hold.</summary>
    public bool DependsOn(ReadOnlySpan<bool> changed)
    {
        if (_filter is not null)
            return true;
        for (int i = 0; i < _parts.Length; i++)
        {
            if (_expressions[i] is not null || changed[_partOrdinals[i]])
                return true;
        }

        foreach (int ordinal in _includedOrdinals)
        {
            if (changed[ordinal])
                return true;
        }

        return false;
    }

    public void Prepare(QueryContext context)
    {
        _covered = (Vector<bool>?)_filter?.Evaluate(_image.Batch, context);
        for (int i = 0; i < _parts.Length; i++)
            _parts[i] = _expressions[i]?.Evaluate(_image.Batch, context) ?? _image.Columns[_partOrdinals[i]];
        for (int i = 0; i < _included.Length; i++)
            _included[i] = _image.Columns[_includedOrdinals[i]];
    }

    /// <summary>Whether the row has an entry.</summary>
    public bool Covers(int row) => _covered is null || (!_covered.IsNull(row) && _covered.Data[row * _covered.Stride]);

    /// <summary>Appends the entry's key; says whether the primary key is part of it (if not, uniqueness is judged by it).</summary>
    public bool EncodeKey(int row, ReadOnlySpan<byte> primaryKey, RowBuffer buffer) => Codec.EncodeKey(_parts, row, primaryKey, buffer);

    public void EncodeValue(int row, ReadOnlySpan<byte> primaryKey, bool primaryKeyInKey, RowBuffer buffer) =>
        Codec.EncodeValue(_parts, _included, row, primaryKey, primaryKeyInKey, buffer);
}
