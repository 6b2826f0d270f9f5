using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>Makes whole rows of a table out of what INSERT gives: assigned columns, identities, row versions, generated columns.</summary>
internal sealed class InsertedRows
{
    private readonly (int Ordinal, Evaluator Value)[] _assignments;
    private readonly bool[] _assigned;

    public InsertedRows(Table table, IReadOnlyList<Assignment> assignments, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
    {
        _assignments = new (int, Evaluator)[assignments.Count];
        _assigned = new bool[table.Columns.Count];
        for (int i = 0; i < _assignments.Length; i++)
        {
            _assignments[i] = (assignments[i].Ordinal, builder.Compile(assignments[i].Value, sourceColumns));
            _assigned[assignments[i].Ordinal] = true;
        }
    }

    /// <summary>Fills <see cref="TableWriter.New"/> with a row for each of the batch; its checks are still to be made.</summary>
    public void Fill(Batch batch, TableWriter writer, StatementWrites writes)
    {
        QueryContext context = writes.Context;
        RowImage image = writer.New;
        image.Count = batch.Count;
        foreach ((int ordinal, Evaluator value) in _assignments)
            image.Columns[ordinal] = value.Evaluate(batch, context);
        foreach (Column column in writer.Table.Columns)
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

        writer.StampRowVersions(batch.Count);
        image.ComputeGenerated(context, stored: true);
    }

    /// <summary>Fills an identity column from its sequence.</summary>
    private static void Draw(IdentityOptions identity, RowImage image, Column column, StatementWrites writes)
    {
        Sequence sequence = writes.Services.Catalog.Find<Sequence>(identity.SequenceId)
            ?? throw new BareMetalException(SqlStates.InternalError, $"The sequence of the identity column \"{column.Name}\" is missing.");
        Vector vector = image.Own(column.Ordinal, image.Count);
        for (int row = 0; row < image.Count; row++)
            vector.SetValue(row, IdentityValues.ToValue(SequenceValues.Next(sequence, writes.Transaction.EngineOf(sequence.StorageSequence)), column.Type));
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
            SequenceValues.MoveBeyond(sequence, last, writes.Transaction.EngineOf(sequence.StorageSequence));
    }
}
