using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Creates the contexts in which queries are compiled.</summary>
public sealed class BareMetalQueryCompilationContextFactory : IQueryCompilationContextFactory
{
    private readonly QueryCompilationContextDependencies _dependencies;
    private readonly RelationalQueryCompilationContextDependencies _relationalDependencies;

    /// <summary>Creates the factory.</summary>
    /// <param name="dependencies">Services that all contexts share.</param>
    /// <param name="relationalDependencies">Services that relational contexts share.</param>
    public BareMetalQueryCompilationContextFactory(
        QueryCompilationContextDependencies dependencies,
        RelationalQueryCompilationContextDependencies relationalDependencies)
    {
        _dependencies = dependencies;
        _relationalDependencies = relationalDependencies;
    }

    /// <inheritdoc />
    public QueryCompilationContext Create(bool async)
        => new BareMetalQueryCompilationContext(_dependencies, _relationalDependencies, async, precompiling: false);

    /// <inheritdoc />
    [Experimental("EF9100")]
    public QueryCompilationContext CreatePrecompiled(bool async)
        => new BareMetalQueryCompilationContext(_dependencies, _relationalDependencies, async, precompiling: true);
}
