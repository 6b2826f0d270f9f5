using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>UPDATE … FROM … RETURNING.</summary>
internal sealed class UpdateOperator : WriteOperator
{
    private readonly TableWriter _writer;
    private readonly TargetRows _target;
    private readonly (int Ordinal, Evaluator Value)[] _assignments;
    private readonly ReturningRows _returning;
    private readonly Batch _returned;
    private readonly int _sourceCount;

    public UpdateOperator(LogicalUpdate update, PhysicalOperator source, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        : base(Operators.SliceOperator.Over(source, update.Assignments.Select(a => a.Value)))
    {
        _writer = new TableWriter(update.OldRow, update.NewRow, builder);
        _target = new TargetRows(update.Source, update.RowKey, _writer.Old, sourceColumns);
        _assignments = new (int, Evaluator)[update.Assignments.Count];
        for (int i = 0; i < _assignments.Length; i++)
            _assignments[i] = (update.Assignments[i].Ordinal, builder.Compile(update.Assignments[i].Value, sourceColumns));
        _sourceCount = sourceColumns.Count;
        _returning = new ReturningRows(update.Returning, [.. update.NewRow.Columns, .. sourceColumns], builder);
        _returned = new Batch(new Vector[update.NewRow.Columns.Count + _sourceCount]);
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
        QueryContext context = writes.Context;
        RowImage image = _writer.New;
        Batch rows = _target.Batch;
        image.Count = rows.Count;
        for (int i = 0; i < image.Columns.Length; i++)
            image.Columns[i] = _writer.Old.Columns[i];
        foreach ((int ordinal, Evaluator value) in _assignments)
            image.Columns[ordinal] = value.Evaluate(rows, context);
        _writer.StampRowVersions(rows.Count);
        image.ComputeGenerated(context, stored: true);
        image.CheckRows(context);
        image.PrepareIndexes(context);
        for (int row = 0; row < rows.Count; row++)
            _writer.Update(row, _target.Key(row));
        RowsAffected += rows.Count;
        if (!_returning.IsWanted)
            return;
        image.Columns.CopyTo(_returned.Columns, 0);
        Array.Copy(rows.Columns, 0, _returned.Columns, image.Columns.Length, _sourceCount);
        _returned.Count = rows.Count;
        _returning.Add(_returned, context);
    }
}
