using BareMetal.Data.Planning.Logical;

namespace BareMetal.Data.Execution.Modification;

/// <summary>Makes the operators of INSERT, UPDATE, DELETE and MERGE for a plan instance.</summary>
internal static class ModificationOperators
{
    /// <param name="statement">A <see cref="LogicalInsert"/>, <see cref="LogicalUpdate"/>, <see cref="LogicalDelete"/> or <see cref="LogicalMerge"/>.</param>
    /// <param name="source">Runs the statement's Source; its batches' columns are <paramref name="sourceColumns"/>.</param>
    /// <param name="sourceColumns">The columns of the source's batches, in order (the row key among them).</param>
    /// <param name="builder">Compiles expressions.</param>
    public static ModificationOperator Create(
        LogicalOperator statement,
        PhysicalOperator source,
        IReadOnlyList<Binding.PlanColumn> sourceColumns,
        OperatorBuilder builder) => statement switch
        {
            LogicalInsert insert => new InsertOperator(insert, source, sourceColumns, builder),
            LogicalUpdate update => new UpdateOperator(update, source, sourceColumns, builder),
            LogicalMerge merge => new MergeOperator(merge, source, sourceColumns, builder),
            LogicalDelete delete => new DeleteOperator(delete, source, sourceColumns, builder),
            _ => throw new ArgumentException($"{statement.GetType().Name} does not write.", nameof(statement)),
        };
}
