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
    private readonly LogicalInsert _insert;
    private readonly (int Ordinal, Evaluator Value)[] _assignments;
    private readonly bool[] _assigned;
    private readonly TableWriter _writer;
    private readonly ReturningRows _returning;
    private readonly ConflictHandler? _conflict;
    private int _rowsBefore;

    public InsertOperator(LogicalInsert insert, PhysicalOperator source, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        : base(source)
    {
        _insert = insert;
        _assignments = new (int, Evaluator)[insert.Assignments.Count];
        _assigned = new bool[insert.Table.Columns.Count];
        for (int i = 0; i < _assignments.Length; i++)
        {
            _assignments[i] = (insert.Assignments[i].Ordinal, builder.Compile(insert.Assignments[i].Value, sourceColumns));
            _assigned[insert.Assignments[i].Ordinal] = true;
        }

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
        image.Count = batch.Count;
        foreach ((int ordinal, Evaluator value) in _assignments)
            image.Columns[ordinal] = value.Evaluate(batch, context);
        foreach (Column column in _insert.Table.Columns)
        {
            if (_assigned[column.Ordinal])
            {
                if (column.Identity is { } given)
                    MoveCounter(given, image, column, writes);
            }
            else if (column.Identity is { } identity)
            {
                Draw(identity, image, column, writes);
            }
            else
            {
                image.SetNulls(column.Ordinal);
            }
        }

        _writer.StampRowVersions(batch.Count);
        image.ComputeGenerated(context, stored: true);
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

    /// <summary>Fills an identity column from its sequence.</summary>
    private static void Draw(IdentityOptions identity, RowImage image, Column column, StatementWrites writes)
    {
        Sequence sequence = writes.Services.Catalog.Find<Sequence>(identity.SequenceId)
            ?? throw new BareMetalException(SqlStates.InternalError, $"The sequence of the identity column \"{column.Name}\" is missing.");
        Vector vector = image.Own(column.Ordinal, image.Count);
        for (int row = 0; row < image.Count; row++)
            vector.SetValue(row, IdentityValues.ToValue(SequenceValues.Next(sequence, writes.Transaction.Engine), column.Type));
    }

    /// <summary>An explicit value beyond the counter moves it.</summary>
    private static void MoveCounter(IdentityOptions identity, RowImage image, Column column, StatementWrites writes)
    {
        if (writes.Services.Catalog.Find<Sequence>(identity.SequenceId) is not { } sequence)
            return;
        long? furthest = null;
        for (int row = 0; row < image.Count; row++)
        {
            if (image.Columns[column.Ordinal].IsNull(row) || IdentityValues.ToInt64(image.Columns[column.Ordinal].GetValue(row), column.Type) is not { } value)
                continue;
            if (furthest is null || (sequence.Increment > 0 ? value > furthest : value < furthest))
                furthest = value;
        }

        if (furthest is { } last)
            SequenceValues.MoveBeyond(sequence, last, writes.Transaction.Engine);
    }
}
