using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>Counts and keeps the commands of a context.</summary>
public sealed class CommandCounter : DbCommandInterceptor
{
    public List<string> Texts { get; } = [];

    public override InterceptionResult<DbDataReader> ReaderExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result)
    {
        Texts.Add(command.CommandText);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default)
    {
        Texts.Add(command.CommandText);
        return new(result);
    }

    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<object> result)
    {
        Texts.Add(command.CommandText);
        return result;
    }

    public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Texts.Add(command.CommandText);
        return result;
    }
}
