namespace BareMetal.Data;

/// <summary>A query definition that can't be read or does not fit its schema.</summary>
public sealed class QueryDefinitionException : ArgumentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="problems">What is wrong; at least one.</param>
    public QueryDefinitionException(IReadOnlyList<QueryProblem> problems)
        : base("The query definition can't be used: " + string.Join("; ", problems))
        => Problems = problems;

    /// <summary>What is wrong, each with its place.</summary>
    public IReadOnlyList<QueryProblem> Problems { get; }
}
