using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Knows the translators of properties.</summary>
public sealed class BareMetalMemberTranslatorProvider : RelationalMemberTranslatorProvider
{
    /// <summary>Creates the provider.</summary>
    /// <param name="dependencies">Services that all providers share.</param>
    public BareMetalMemberTranslatorProvider(RelationalMemberTranslatorProviderDependencies dependencies)
        : base(dependencies)
    {
        var factory = (BareMetalSqlExpressionFactory)dependencies.SqlExpressionFactory;
        AddTranslators([new StringMemberTranslator(factory), new DateTimeMemberTranslator(factory)]);
    }
}
