using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BareMetal.Data.EntityFrameworkCore.Diagnostics;

/// <summary>The definitions of messages that this provider logs.</summary>
public sealed class BareMetalLoggingDefinitions : RelationalLoggingDefinitions
{
    internal EventDefinitionBase? FullScan;
}
