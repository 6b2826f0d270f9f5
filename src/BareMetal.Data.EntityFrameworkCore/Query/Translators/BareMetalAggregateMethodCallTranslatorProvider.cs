using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Knows the translators of aggregates.</summary>
public sealed class BareMetalAggregateMethodCallTranslatorProvider : RelationalAggregateMethodCallTranslatorProvider
{
    /// <summary>Creates the provider.</summary>
    /// <param name="dependencies">Services that all providers share.</param>
    public BareMetalAggregateMethodCallTranslatorProvider(RelationalAggregateMethodCallTranslatorProviderDependencies dependencies)
        : base(dependencies)
    {
        var factory = (BareMetalSqlExpressionFactory)dependencies.SqlExpressionFactory;
        AddTranslators([new QueryableAggregateTranslator(factory), new StringAggregateTranslator(factory)]);
    }
}
