using BareMetal.Data.Binding;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>DELETE … USING … RETURNING.</summary>
internal sealed class DeleteOperator : WriteOperator
{
    private readonly TableWriter _writer;
    private readonly TargetRows _target;
    private readonly ReturningRows _returning;
    private readonly Batch _returned;
    private readonly int _sourceCount;

    public DeleteOperator(LogicalDelete delete, PhysicalOperator source, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        : base(source)
    {
        _writer = new TableWriter(delete.OldRow, delete.OldRow, builder);
        _target = new TargetRows(delete.Source, delete.RowKey, _writer.Old, sourceColumns);
        _sourceCount = sourceColumns.Count;
        _returning = new ReturningRows(delete.Returning, [.. sourceColumns, .. delete.OldRow.Columns], builder);
        _returned = new Batch(new Vector[_sourceCount + delete.OldRow.Columns.Count]);
    }

    protected override ReturningRows Returning => _returning;

    protected override void Begin(StatementWrites writes)
    {
        writes.Use(_writer);
        _target.Begin(writes);
    }

    protected override void Write(Batch batch, StatementWrites writes)
    {
        if (!_target.Take(batch, writes))
            return;
        Batch rows = _target.Batch;
        if (_returning.IsWanted)
        {
            Array.Copy(rows.Columns, _returned.Columns, _sourceCount);
            _writer.Old.Columns.CopyTo(_returned.Columns, _sourceCount);
            _returned.Count = rows.Count;
            _returning.Add(_returned, writes.Context);
        }

        for (int row = 0; row < rows.Count; row++)
            _writer.Delete(row, _target.Key(row));
        RowsAffected += rows.Count;
    }
}
