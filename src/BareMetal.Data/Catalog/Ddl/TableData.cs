using BareMetal.Data.Binding;
using BareMetal.Data.Execution;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Execution.Modification;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>
/// What definition statements do with rows: building indexes, checking new constraints, copying a table into a new layout. They hold the
/// table's exclusive lock and read its newest state.
/// </summary>
internal sealed class TableData(DefinitionContext context)
{
    private StorageTransaction Transaction => context.Transaction;

    private QueryContext Query => context.Query;

    public bool HasRows(Table table)
    {
        using TreeCursor cursor = Transaction.OpenCursor(table.Tree, CursorSource.Newest);
        return cursor.SeekFirst();
    }

    /// <summary>Evaluates an expression without columns.</summary>
    public Value Evaluate(BoundExpression expression) => ExpressionCompiler.EvaluateConstant(expression, Query);

    /// <summary>Fills a new index from the rows of the table: entries are put in sorted runs of as many bytes as a statement may hold.</summary>
    /// <exception cref="BareMetalException">23505: two rows have the same key in a unique index.</exception>
    public void BuildIndex(Table table, TableIndex index)
    {
        int position = IndexOf(table, index);
        List<(byte[] Key, byte[] Value)> entries = [];
        long held = 0;
        bool isFirstRun = true;
        RowBuffer key = new(64), value = new(64);
        using TableReader reader = Open(table);
        while (Next(reader))
        {
            IndexImage image = reader.Image.Indexes[position];
            image.Prepare(Query);
            for (int row = 0; row < reader.Image.Count; row++)
            {
                if (!image.Covers(row))
                    continue;
                key.Clear();
                value.Clear();
                bool keyInside = image.EncodeKey(row, reader.Key(row), key);
                image.EncodeValue(row, reader.Key(row), keyInside, value);
                entries.Add((key.ToArray(), value.ToArray()));
                held += key.Length + value.Length + 64;
            }

            if (held < Query.Memory.Limit)
                continue;
            PutRun(table, index, entries, isFirstRun);
            entries.Clear();
            held = 0;
            isFirstRun = false;
        }

        PutRun(table, index, entries, isFirstRun);
    }

    private void PutRun(Table table, TableIndex index, List<(byte[] Key, byte[] Value)> entries, bool isFirstRun)
    {
        Sort(entries, Query.Cancellation);
        for (int i = 0; i < entries.Count; i++)
        {
            bool exists = i > 0 && entries[i].Key.AsSpan().SequenceEqual(entries[i - 1].Key);
            if (!exists && !isFirstRun && index.IsUnique)
            {
                using TreeCursor cursor = Transaction.OpenCursor(index.Tree, CursorSource.Newest);
                exists = cursor.Seek(entries[i].Key, SeekMode.Equal);
            }

            if (exists)
            {
                string description = TableWriter.DescribeKey(table, IndexEntryCodec.For(table, index), index.Name, entries[i].Key, entries[i].Value);
                throw CatalogErrors.Constraint(SqlStates.UniqueViolation, $"The unique index \"{index.Name}\" can't be made: rows of table \"{table.Name}\" have the same key.", table, index.Name, detail: $"Key {description} is there more than once.");
            }

            Transaction.Put(index.Tree, entries[i].Key, entries[i].Value);
            if ((i & 1023) == 0)
                Query.Cancellation.ThrowIfCancellationRequested();
        }
    }

    internal static void Sort(List<(byte[] Key, byte[] Value)> entries, CancellationToken cancellation)
    {
        int comparisons = 0;
        try
        {
            entries.Sort((a, b) =>
            {
                if ((++comparisons & 0xFFFF) == 0)
                    cancellation.ThrowIfCancellationRequested();
                return a.Key.AsSpan().SequenceCompareTo(b.Key);
            });
        }
        catch (InvalidOperationException e) when (e.InnerException is OperationCanceledException)
        {
            // The sort wraps what its comparison throws.
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    /// <exception cref="BareMetalException">23502: a row has null in the column.</exception>
    public void CheckNotNull(Table table, Column column)
    {
        using TableReader reader = Open(table);
        while (Next(reader))
        {
            Vector vector = reader.Image.Columns[column.Ordinal];
            for (int row = 0; vector.HasNulls && row < reader.Image.Count; row++)
            {
                if (vector.IsNull(row))
                    throw CatalogErrors.Constraint(SqlStates.NotNullViolation, $"The column \"{column.Name}\" of table \"{table.Name}\" has nulls.", table, null, column.Name, $"The row with key {DescribeKey(reader, row)} has null.");
            }
        }
    }

    /// <exception cref="BareMetalException">23514: a row violates the check.</exception>
    public void CheckRows(Table table, CheckConstraint check)
    {
        Table only = table with { Checks = [check] };
        using TableReader reader = Open(only);
        while (Next(reader))
            reader.Image.CheckRows(Query);
    }

    /// <exception cref="BareMetalException">23503: a row refers to a key that does not exist.</exception>
    public void CheckRows(Table table, ForeignKey key, Table parent)
    {
        ForeignKeyTarget target = new(table, key, parent);
        RowBuffer buffer = new(64);
        HashSet<byte[]> confirmed = new(ByteKeyComparer.Instance);
        var lookup = confirmed.GetAlternateLookup<ReadOnlySpan<byte>>();
        using TableReader reader = Open(table);
        while (Next(reader))
        {
            for (int row = 0; row < reader.Image.Count; row++)
            {
                buffer.Clear();
                if (!target.EncodeFromChild(reader.Image.Columns, row, buffer) || lookup.Contains(buffer.Span))
                    continue;
                if (!target.Exists(Transaction, buffer.Span))
                    throw WriteErrors.ParentMissing(table, key, parent, target.DescribeChild(reader.Image.Columns, row));
                if (confirmed.Count < 1_000_000)
                    lookup.Add(buffer.Span);
            }
        }
    }

    /// <summary>The highest value of an integer column; null when it has none.</summary>
    public long? HighestValue(Table table, Column column)
    {
        long? highest = null;
        using TableReader reader = Open(table);
        while (Next(reader))
        {
            Vector vector = reader.Image.Columns[column.Ordinal];
            for (int row = 0; row < reader.Image.Count; row++)
            {
                if (!vector.IsNull(row) && IdentityValues.ToInt64(vector.GetValue(row), column.Type) is { } value && (highest is null || value > highest))
                    highest = value;
            }
        }

        return highest;
    }

    /// <summary>
    /// Writes the rows of a table into the tree of its next version: columns by id, new ones computed, one perhaps converted by an expression
    /// over the table's row binding.
    /// </summary>
    public void CopyRows(Table table, Table next, (int ColumnId, BoundExpression Value)? converted, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        OperatorBuilder builder = new();
        TableRowBinding row = TableBindings.For(table, catalog, searchPath);
        RowImage old = new(row, builder);
        RowImage image = new(TableBindings.For(next, catalog, searchPath), builder);
        Evaluator? conversion = converted is { } c ? builder.Compile(c.Value, row.Columns) : null;
        Evaluator?[] fills = new Evaluator?[next.Columns.Count];
        foreach (Column column in next.Columns)
        {
            if (table.FindColumn(column.Id) is null && column.DefaultSql is not null)
                fills[column.Ordinal] = builder.Compile(TableBinder.BindDefault(next, column, catalog, searchPath), []);
        }

        KeyCodec keys = KeyCodec.For(next);
        RowCodec rows = RowCodec.For(next);
        RowBuffer key = new(64), value = new(256);

        // Under the key that they have already, rows stay different; a converted value may become equal to another.
        bool sameKey = table.PrimaryKey is not null && next.PrimaryKey is not null && table.PrimaryKey.ColumnIds.SequenceEqual(next.PrimaryKey.ColumnIds)
            && !(converted is { } change && next.PrimaryKey.ColumnIds.Contains(change.ColumnId));
        bool mayCollide = !keys.HasRowId && !sameKey;
        using TableReader reader = new(Transaction, old, CursorSource.Newest);
        while (Next(reader))
        {
            image.Count = old.Count;
            foreach (Column column in next.Columns)
            {
                Column? before = table.FindColumn(column.Id);
                if (before is not null && conversion is not null && column.Id == converted!.Value.ColumnId)
                    image.Columns[column.Ordinal] = Convert(conversion, old, reader, table, before);
                else if (before is not null && before.Type.Kind == column.Type.Kind)
                    image.Columns[column.Ordinal] = old.Columns[before.Ordinal];
                else if (before is not null)
                    ConvertEach(old.Columns[before.Ordinal], before.Type, image.Own(column.Ordinal, old.Count), column.Type, old.Count);
                else
                    Fill(column, fills[column.Ordinal], image);
            }

            image.ComputeGenerated(Query, stored: true);
            image.CheckRows(Query);
            for (int i = 0; i < image.Count; i++)
            {
                key.Clear();
                value.Clear();
                if (keys.HasRowId)
                    KeyCodec.EncodeRowId(Transaction.EngineOf(next.RowIdSequence).ReserveSequence(next.RowIdSequence, 1), key);
                else
                    keys.Encode(image.Columns, i, key);
                if (mayCollide)
                    RefuseDuplicate(next, image, i, key.Span);
                rows.Encode(image.Columns, i, value);
                if (next.Compression == TableCompression.Brotli)
                    Transaction.PutCompressible(next.Tree, key.Span, value.Span);
                else
                    Transaction.Put(next.Tree, key.Span, value.Span);
            }
        }
    }

    private void RefuseDuplicate(Table next, RowImage image, int row, ReadOnlySpan<byte> key)
    {
        using TreeCursor cursor = Transaction.OpenCursor(next.Tree, CursorSource.Newest);
        if (!cursor.Seek(key, SeekMode.Equal))
            return;
        KeyConstraint primary = next.PrimaryKey!;
        IEnumerable<Column> columns = primary.ColumnIds.Select(id => next.FindColumn(id)!);
        string description = WriteErrors.Key(columns.Select(c => c.Name), [.. columns.Select(c => image.Columns[c.Ordinal].GetValue(row))], [.. columns.Select(c => c.Type)]);
        throw CatalogErrors.Constraint(SqlStates.UniqueViolation, $"The primary key \"{primary.Name}\" can't be made: rows of table \"{next.Name}\" have the same key.", next, primary.Name, detail: $"Key {description} is there more than once.");
    }

    private void Fill(Column column, Evaluator? fill, RowImage image)
    {
        if (column.Identity is { } identity && context.Catalog.Current.Find<Sequence>(identity.SequenceId) is { } sequence)
        {
            Vector vector = image.Own(column.Ordinal, image.Count);
            for (int i = 0; i < image.Count; i++)
                vector.SetValue(i, IdentityValues.ToValue(SequenceValues.Next(sequence, Transaction.EngineOf(sequence.StorageSequence)), column.Type));
        }
        else if (fill is not null)
        {
            // Row by row: it is a volatile default, and each row has its own value.
            Vector vector = image.Own(column.Ordinal, image.Count);
            Vector values = fill.Evaluate(new Batch([]) { Count = image.Count }, Query);
            for (int i = 0; i < image.Count; i++)
                vector.CopyRow(values, i, i, deep: true);
        }
        else if (column.Type.Kind == SqlTypeKind.RowVersion)
        {
            Vector<ulong> vector = (Vector<ulong>)image.Own(column.Ordinal, image.Count);
            for (int i = 0; i < image.Count; i++)
                vector.Data[i] = context.Catalog.Store.NextRowVersion();
        }
        else
        {
            image.SetNulls(column.Ordinal);
        }
    }

    /// <summary>Converts a batch; when a value does not convert, says which row has it.</summary>
    private Vector Convert(Evaluator conversion, RowImage old, TableReader reader, Table table, Column column)
    {
        try
        {
            return conversion.Evaluate(old.Batch, Query);
        }
        catch (BareMetalException e) when (e.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            Batch one = new(new Vector[old.Columns.Length]) { Count = 1 };
            for (int row = 0; row < old.Count; row++)
            {
                for (int i = 0; i < one.Columns.Length; i++)
                {
                    one.Columns[i] = Vector.Create(old.Columns[i].Type, 1);
                    one.Columns[i].CopyRow(old.Columns[i], row, 0);
                }

                try
                {
                    conversion.Evaluate(one, Query);
                }
                catch (BareMetalException)
                {
                    string value = WriteErrors.Format(old.Columns[column.Ordinal].GetValue(row), column.Type);
                    throw new BareMetalException(e.SqlState == SqlStates.InvalidTextRepresentation ? e.SqlState : SqlStates.InvalidTextRepresentation,
                        $"The column \"{column.Name}\" of table \"{table.Name}\" can't be converted: {e.Message}", e)
                    {
                        TableName = table.Name,
                        SchemaName = table.Schema,
                        ColumnName = column.Name,
                        Detail = $"The row with key {DescribeKey(reader, row)} has the value {value}.",
                        Hint = "Give a USING expression that converts every value, or change the rows first.",
                    };
                }
            }

            throw;
        }
    }

    private static void ConvertEach(Vector source, SqlType from, Vector target, SqlType to, int count)
    {
        for (int i = 0; i < count; i++)
            target.SetValue(i, source.IsNull(i) ? Value.Null(to.Kind) : Casts.Convert(source.GetValue(i), from, to));
    }

    private TableReader Open(Table table) => new(
        Transaction,
        new RowImage(TableBindings.For(table, context.Catalog.Current, context.SearchPath), new OperatorBuilder()),
        CursorSource.Newest);

    private bool Next(TableReader reader)
    {
        Query.Cancellation.ThrowIfCancellationRequested();
        if (!reader.Next())
            return false;
        reader.Image.ComputeGenerated(Query, stored: false);
        return true;
    }

    private static int IndexOf(Table table, TableIndex index)
    {
        for (int i = 0; i < table.Indexes.Count; i++)
        {
            if (table.Indexes[i].Id == index.Id)
                return i;
        }

        throw new ArgumentException($"The table \"{table.Name}\" has no index \"{index.Name}\".", nameof(index));
    }

    private static string DescribeKey(TableReader reader, int row)
    {
        Table table = reader.Image.Table;
        KeyCodec keys = KeyCodec.For(table);
        if (keys.HasRowId)
            return $"(row {KeyCodec.DecodeRowId(reader.Key(row))})";
        int[] ordinals = keys.Ordinals.ToArray();
        return WriteErrors.Key(ordinals.Select(o => table.Columns[o].Name), [.. ordinals.Select(o => reader.Image.Columns[o].GetValue(row))], [.. ordinals.Select(o => table.Columns[o].Type)]);
    }
}
