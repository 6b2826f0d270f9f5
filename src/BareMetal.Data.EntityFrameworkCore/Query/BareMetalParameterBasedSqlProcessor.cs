using System.Linq.Expressions;
using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query;

/// <summary>Finishes a query expression once the values of its parameters are known.</summary>
public sealed class BareMetalParameterBasedSqlProcessor : RelationalParameterBasedSqlProcessor
{
    /// <summary>Creates a processor.</summary>
    /// <param name="dependencies">Services that all processors share.</param>
    /// <param name="parameters">How nulls and collections are treated.</param>
    public BareMetalParameterBasedSqlProcessor(
        RelationalParameterBasedSqlProcessorDependencies dependencies,
        RelationalParameterBasedSqlProcessorParameters parameters)
        : base(dependencies, parameters)
    {
    }

    /// <inheritdoc />
    protected override Expression ProcessSqlNullability(Expression queryExpression, ParametersCacheDecorator parametersDecorator)
        => new BareMetalSqlNullabilityProcessor(Dependencies, Parameters).Process(queryExpression, parametersDecorator);
}
