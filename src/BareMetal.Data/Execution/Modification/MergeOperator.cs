using System.Runtime.InteropServices;
using System.Text;
using BareMetal.Data.Binding;
using BareMetal.Data.Execution.Expressions;
using BareMetal.Data.Planning.Logical;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Modification;

/// <summary>
/// MERGE: each row of the joined source goes to the first WHEN clause that fits it. Only rows that are written are locked; a target row that is to be
/// written a second time is an error. Within a batch rows go before rows come, so that a key may pass from one to the other.
/// </summary>
internal sealed class MergeOperator : WriteOperator
{
    private readonly TableWriter _writer;
    private readonly TargetRows _target;
    private readonly Clause[] _clauses;
    private readonly int _rowKey;
    private readonly int _present;
    private readonly int _sourceCount;
    private readonly ReturningRows _returning;
    private readonly Batch _returned;
    private readonly List<int> _candidates = [];
    private int[] _decided = [];

    public MergeOperator(LogicalMerge merge, PhysicalOperator source, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        : base(source)
    {
        _writer = new TableWriter(merge.OldRow, merge.NewRow, builder);
        _target = new TargetRows(merge.Source, merge.RowKey, _writer.Old, sourceColumns, mustBeOnce: true);
        _sourceCount = sourceColumns.Count;
        for (int i = 0; i < _sourceCount; i++)
        {
            if (ReferenceEquals(sourceColumns[i], merge.RowKey))
                _rowKey = i;
            else if (ReferenceEquals(sourceColumns[i], merge.SourcePresent))
                _present = i;
        }

        _clauses = new Clause[merge.Clauses.Count];
        for (int i = 0; i < _clauses.Length; i++)
            _clauses[i] = new Clause(merge, merge.Clauses[i], sourceColumns, builder);
        _returning = new ReturningRows(merge.Returning, [.. merge.NewRow.Columns, .. sourceColumns, merge.ActionName], builder);
        _returned = new Batch(new Vector[merge.NewRow.Columns.Count + _sourceCount + 1]);
    }

    protected override ReturningRows Returning => _returning;

    protected override void Begin(StatementWrites writes)
    {
        writes.Use(_writer);
        _target.Begin(writes);
    }

    protected override void Write(Batch batch, StatementWrites writes)
    {
        if (_decided.Length < batch.Count)
            _decided = new int[batch.Count];
        _decided.AsSpan(0, batch.Count).Fill(-1);
        for (int i = 0; i < _clauses.Length; i++)
            Decide(i, batch, writes.Context);
        Act(MergeAction.Delete, batch, writes);
        Act(MergeAction.Update, batch, writes);
        Act(MergeAction.Insert, batch, writes);
    }

    /// <summary>Gives the rows that no clause before has taken to the clause, as far as they fit it.</summary>
    private void Decide(int index, Batch batch, QueryContext context)
    {
        Clause clause = _clauses[index];
        _candidates.Clear();
        for (int row = 0; row < batch.Count; row++)
        {
            if (_decided[row] < 0 && Match(batch, row) == clause.Match)
                _candidates.Add(row);
        }

        if (_candidates.Count == 0)
            return;
        if (clause.Condition is null)
        {
            foreach (int row in _candidates)
                _decided[row] = index;
            return;
        }

        Batch some = Gather(batch, _candidates, clause);
        Vector<bool> holds = (Vector<bool>)clause.Condition.Evaluate(some, context);
        for (int i = 0; i < _candidates.Count; i++)
        {
            if (!holds.IsNull(i) && holds.Data[i * holds.Stride])
                _decided[_candidates[i]] = index;
        }
    }

    private MergeMatch Match(Batch batch, int row) =>
        batch.Columns[_rowKey].IsNull(row) ? MergeMatch.NotMatchedByTarget
        : batch.Columns[_present].IsNull(row) ? MergeMatch.NotMatchedBySource
        : MergeMatch.Matched;

    private void Act(MergeAction action, Batch batch, StatementWrites writes)
    {
        for (int i = 0; i < _clauses.Length; i++)
        {
            Clause clause = _clauses[i];
            if (clause.Action != action)
                continue;
            _candidates.Clear();
            for (int row = 0; row < batch.Count; row++)
            {
                if (_decided[row] == i)
                    _candidates.Add(row);
            }

            if (_candidates.Count == 0)
                continue;
            Batch rows = Gather(batch, _candidates, clause);
            RowsAffected += rows.Count;
            if (action == MergeAction.Insert)
            {
                Insert(clause, rows, writes);
                continue;
            }

            _target.Take(rows, writes);
            if (action == MergeAction.Update)
                Update(clause, writes);
            else
                Delete(writes);
        }
    }

    private void Insert(Clause clause, Batch rows, StatementWrites writes)
    {
        clause.Inserted!.Fill(rows, _writer, writes);
        RowImage image = _writer.New;
        image.CheckRows(writes.Context);
        image.PrepareIndexes(writes.Context);
        for (int row = 0; row < rows.Count; row++)
            _writer.Insert(row);
        Return(image, rows, "INSERT", writes.Context);
    }

    private void Update(Clause clause, StatementWrites writes)
    {
        QueryContext context = writes.Context;
        RowImage image = _writer.New;
        Batch rows = _target.Batch;
        image.Count = rows.Count;
        for (int i = 0; i < image.Columns.Length; i++)
            image.Columns[i] = _writer.Old.Columns[i];
        foreach ((int ordinal, Evaluator value) in clause.Assignments)
            image.Columns[ordinal] = value.Evaluate(rows, context);
        _writer.StampRowVersions(rows.Count);
        image.ComputeGenerated(context, stored: true);
        image.CheckRows(context);
        image.PrepareIndexes(context);
        for (int row = 0; row < rows.Count; row++)
            _writer.Update(row, _target.Key(row));
        Return(image, rows, "UPDATE", context);
    }

    private void Delete(StatementWrites writes)
    {
        Batch rows = _target.Batch;
        Return(_writer.Old, rows, "DELETE", writes.Context);
        for (int row = 0; row < rows.Count; row++)
            _writer.Delete(row, _target.Key(row));
    }

    private void Return(RowImage image, Batch rows, string action, QueryContext context)
    {
        if (!_returning.IsWanted)
            return;
        image.Columns.CopyTo(_returned.Columns, 0);
        Array.Copy(rows.Columns, 0, _returned.Columns, image.Columns.Length, _sourceCount);
        Vector name = Vector.Create(SqlType.Text, 1);
        name.IsConstant = true;
        name.SetValue(0, Value.From(SqlTypeKind.Text, new ByteSlice(Encoding.UTF8.GetBytes(action))));
        _returned.Columns[^1] = name;
        _returned.Count = rows.Count;
        _returning.Add(_returned, context);
    }

    private static Batch Gather(Batch batch, List<int> rows, Clause clause)
    {
        if (rows.Count == batch.Count)
            return batch;
        Batch some = clause.Rows;
        for (int i = 0; i < some.Columns.Length; i++)
        {
            Vector vector = some.Columns[i] ??= Vector.Create(batch.Columns[i].Type, rows.Count);
            vector.Reset();
            vector.EnsureCapacity(rows.Count);
            vector.Gather(batch.Columns[i], CollectionsMarshal.AsSpan(rows), 0);
        }

        some.Count = rows.Count;
        return some;
    }

    private sealed class Clause
    {
        public Clause(LogicalMerge merge, MergeClause clause, IReadOnlyList<PlanColumn> sourceColumns, OperatorBuilder builder)
        {
            Match = clause.Match;
            Action = clause.Action;
            Condition = clause.Condition is null ? null : builder.Compile(clause.Condition, sourceColumns);
            Rows = new Batch(new Vector[sourceColumns.Count]);
            if (Action == MergeAction.Insert)
            {
                Inserted = new InsertedRows(merge.Table, clause.Assignments, sourceColumns, builder);
                return;
            }

            Assignments = new (int, Evaluator)[clause.Assignments.Count];
            for (int i = 0; i < Assignments.Length; i++)
                Assignments[i] = (clause.Assignments[i].Ordinal, builder.Compile(clause.Assignments[i].Value, sourceColumns));
        }

        public MergeMatch Match { get; }

        public MergeAction Action { get; }

        public Evaluator? Condition { get; }

        public (int Ordinal, Evaluator Value)[] Assignments { get; } = [];

        public InsertedRows? Inserted { get; }

        /// <summary>The rows of a batch that the clause looks at.</summary>
        public Batch Rows { get; }
    }
}
