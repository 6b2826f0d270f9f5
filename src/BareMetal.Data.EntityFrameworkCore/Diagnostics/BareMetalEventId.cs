using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Microsoft.EntityFrameworkCore.Diagnostics;

/// <summary>Events that BareMetal.Data logs besides those of every relational provider; for <c>ConfigureWarnings</c>.</summary>
public static class BareMetalEventId
{
    private enum Id
    {
        FullScanWarning = CoreEventId.ProviderBaseId,
    }

    /// <summary>
    /// A statement has read as many rows of a table as the connection string's <c>Full Scan Rows</c> says (100,000 by default), and no index serves its condition.
    /// In the category <see cref="DbLoggerCategory.Database.Command"/>, with <see cref="FullScanEventData"/>. Configured to throw, it stops the statement.
    /// </summary>
    public static readonly EventId FullScanWarning = new((int)Id.FullScanWarning, DbLoggerCategory.Database.Command.Name + "." + nameof(FullScanWarning));
}
