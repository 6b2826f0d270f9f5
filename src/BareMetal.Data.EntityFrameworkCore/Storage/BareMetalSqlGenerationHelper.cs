using System.Text;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Writes identifiers and parameter names as the engine reads them.</summary>
public sealed class BareMetalSqlGenerationHelper : RelationalSqlGenerationHelper
{
    /// <summary>Creates the helper.</summary>
    /// <param name="dependencies">Services that all helpers share.</param>
    public BareMetalSqlGenerationHelper(RelationalSqlGenerationHelperDependencies dependencies)
        : base(dependencies)
    {
    }

    /// <inheritdoc />
    public override string StartTransactionStatement
        => "BEGIN" + StatementTerminator;

    /// <inheritdoc />
    public override string GenerateParameterNamePlaceholder(string name)
        => GenerateParameterName(name);
}
