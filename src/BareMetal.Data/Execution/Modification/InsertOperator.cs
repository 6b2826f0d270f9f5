using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Rows;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>INSERT, with ON CONFLICT and RETURNING; rows are written and returned in the order of the source.</summary>
internal sealed class InsertOperator : WriteOperator
{
    private readonly InsertedRows _rows;
    private readonly TableWriter _writer;
    private readonly ReturningRows _returning;
    private readonly ConflictHandler? _conflict;
    private int _rowsBefore;

    public InsertOperator(LogicalInsert insert, PhysicalOperator source, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        : base(source)
    {
        _rows = new InsertedRows(insert.Table, insert.Assignments, sourceColumns, builder);
        _writer = new TableWriter(insert.OnConflict?.Existing ?? insert.NewRow, insert.NewRow, builder);
        _returning = new ReturningRows(insert.Returning, insert.NewRow.Columns, builder);
        if (insert.OnConflict is not null)
            _conflict = new ConflictHandler(insert, _writer, builder);
    }

    protected override ReturningRows Returning => _returning;

    protected override void Begin(StatementWrites writes)
    {
        _rowsBefore = 0;
        writes.Use(_writer);
        _conflict?.Begin(writes);
    }

    protected override void Write(Batch batch, StatementWrites writes)
    {
        QueryContext context = writes.Context;
        RowImage image = _writer.New;
        _rows.Fill(batch, _writer, writes);
        try
        {
            image.CheckRows(context);
        }
        catch (BareMetalException e) when (image.FailedRow >= 0)
        {
            e.Row = _rowsBefore + image.FailedRow + 1;
            throw;
        }

        if (_conflict is not null)
        {
            RowsAffected += _conflict.Write(image, _returning);
            _rowsBefore += batch.Count;
            return;
        }

        image.PrepareIndexes(context);
        for (int row = 0; row < batch.Count; row++)
        {
            writes.InputRow = _rowsBefore + row + 1;
            _writer.Insert(row);
        }

        writes.InputRow = 0;
        _rowsBefore += batch.Count;
        RowsAffected += batch.Count;
        _returning.Add(image.Batch, context);
    }
}
