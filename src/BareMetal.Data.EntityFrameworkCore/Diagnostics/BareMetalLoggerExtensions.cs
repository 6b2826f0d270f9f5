using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Logging;

namespace BareMetal.Data.EntityFrameworkCore.Diagnostics;

/// <summary>Logs this provider's events.</summary>
internal static class BareMetalLoggerExtensions
{
    internal static void FullScanWarning(this IRelationalCommandDiagnosticsLogger diagnostics, BareMetalFullScanEventArgs scan)
    {
        EventDefinition<string, long, string, string> definition = Definition(diagnostics);
        if (diagnostics.ShouldLog(definition))
            definition.Log(diagnostics, Table(scan.SchemaName, scan.TableName), scan.RowsRead, scan.Filter, Advice(scan.SuggestedIndex));
        if (diagnostics.NeedsEventData(definition, out var diagnosticSourceEnabled, out var simpleLogEnabled))
        {
            FullScanEventData eventData = new(
                definition, Message, scan.SchemaName, scan.TableName, scan.RowsRead, scan.Filter, scan.SuggestedIndex, scan.CommandText);
            diagnostics.DispatchEventData(definition, eventData, diagnosticSourceEnabled, simpleLogEnabled);
        }
    }

    private static EventDefinition<string, long, string, string> Definition(IRelationalCommandDiagnosticsLogger diagnostics)
    {
        var definitions = (BareMetalLoggingDefinitions)diagnostics.Definitions;
        return (EventDefinition<string, long, string, string>)(definitions.FullScan ??= new EventDefinition<string, long, string, string>(
            diagnostics.Options,
            BareMetalEventId.FullScanWarning,
            LogLevel.Warning,
            $"{nameof(BareMetalEventId)}.{nameof(BareMetalEventId.FullScanWarning)}",
            level => LoggerMessage.Define<string, long, string, string>(
                level,
                BareMetalEventId.FullScanWarning,
                "A scan of {table} has read {rows} rows to find those with {filter}. {advice}")));
    }

    private static string Message(EventDefinitionBase definition, EventData payload)
    {
        var data = (FullScanEventData)payload;
        return ((EventDefinition<string, long, string, string>)definition).GenerateMessage(
            Table(data.SchemaName, data.TableName), data.RowsRead, data.Filter, Advice(data.SuggestedIndex));
    }

    private static string Table(string schema, string name)
        => $"\"{schema}\".\"{name}\"";

    private static string Advice(string? index)
        => index is null ? "No index can serve this condition." : $"This index would help: {index}.";
}
