using Microsoft.EntityFrameworkCore.Query;

namespace BareMetal.Data.EntityFrameworkCore.Query.Translators;

/// <summary>Knows the translators of method calls.</summary>
public sealed class BareMetalMethodCallTranslatorProvider : RelationalMethodCallTranslatorProvider
{
    /// <summary>Creates the provider.</summary>
    /// <param name="dependencies">Services that all providers share.</param>
    public BareMetalMethodCallTranslatorProvider(RelationalMethodCallTranslatorProviderDependencies dependencies)
        : base(dependencies)
    {
        var factory = (BareMetalSqlExpressionFactory)dependencies.SqlExpressionFactory;
        AddTranslators(
        [
            new StringMethodTranslator(factory),
            new MathTranslator(factory),
            new DateTimeMethodTranslator(factory),
            new ConvertTranslator(factory),
            new ToStringTranslator(factory),
            new GuidTranslator(factory),
            new ByteArrayMethodTranslator(factory),
            new DbFunctionsTranslator(factory),
        ]);
    }
}
