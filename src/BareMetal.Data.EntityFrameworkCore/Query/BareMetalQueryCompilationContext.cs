using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>What is known about a query while it is compiled.</summary>
public sealed class BareMetalQueryCompilationContext : RelationalQueryCompilationContext
{
    /// <summary>Creates a context.</summary>
    /// <param name="dependencies">Services that all contexts share.</param>
    /// <param name="relationalDependencies">Services that relational contexts share.</param>
    /// <param name="async">Whether the query runs asynchronously.</param>
    /// <param name="precompiling">Whether the query is compiled ahead of time.</param>
    [Experimental("EF9100")]
    public BareMetalQueryCompilationContext(
        QueryCompilationContextDependencies dependencies,
        RelationalQueryCompilationContextDependencies relationalDependencies,
        bool async,
        bool precompiling)
        : base(dependencies, relationalDependencies, async, precompiling)
    {
    }

    /// <inheritdoc />
    public override bool SupportsPrecompiledQuery
        => true;
}
