using System.Data;
using System.Data.Common;
using System.Text;
using BareMetal.Data;

namespace Microsoft.EntityFrameworkCore;

/// <summary>What BareMetal.Data adds to queries.</summary>
public static class BareMetalQueryableExtensions
{
    /// <summary>
    /// The engine's plan of the query with its parameters, as <c>EXPLAIN</c> shows it: beside <c>ToQueryString</c>, which shows the SQL. Asks the database, in the context's
    /// connection and transaction; of a split query it explains the first command.
    /// </summary>
    /// <param name="source">The query.</param>
    /// <param name="analyze">Whether to run it, to show the rows, loops and times that it really took. False by default.</param>
    /// <param name="json">Whether to give JSON instead of lines of text. False by default.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="NotSupportedException">The query is not one of a relational context.</exception>
    /// <exception cref="InvalidOperationException">Its context uses another provider.</exception>
    /// <exception cref="BareMetalException">The database refuses the query.</exception>
    public static string ToPlanString(this IQueryable source, bool analyze = false, bool json = false)
    {
        using var command = Explain(source, analyze, json);
        var connection = command.Connection!;
        var wasClosed = connection.State != ConnectionState.Open;
        if (wasClosed)
            connection.Open();
        try
        {
            StringBuilder plan = new();
            using var reader = command.ExecuteReader();
            while (reader.Read())
                Append(plan, reader.GetString(0));
            return plan.ToString();
        }
        finally
        {
            if (wasClosed)
                connection.Close();
        }
    }

    /// <summary>
    /// The engine's plan of the query with its parameters, as <c>EXPLAIN</c> shows it: beside <c>ToQueryString</c>, which shows the SQL. Asks the database, in the context's
    /// connection and transaction; of a split query it explains the first command.
    /// </summary>
    /// <param name="source">The query.</param>
    /// <param name="analyze">Whether to run it, to show the rows, loops and times that it really took. False by default.</param>
    /// <param name="json">Whether to give JSON instead of lines of text. False by default.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>The plan.</returns>
    /// <exception cref="NotSupportedException">The query is not one of a relational context.</exception>
    /// <exception cref="InvalidOperationException">Its context uses another provider.</exception>
    /// <exception cref="BareMetalException">The database refuses the query.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<string> ToPlanStringAsync(
        this IQueryable source,
        bool analyze = false,
        bool json = false,
        CancellationToken cancellationToken = default)
    {
        var command = Explain(source, analyze, json);
        await using var _ = command.ConfigureAwait(false);
        var connection = command.Connection!;
        var wasClosed = connection.State != ConnectionState.Open;
        if (wasClosed)
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            StringBuilder plan = new();
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                Append(plan, reader.GetString(0));
            return plan.ToString();
        }
        finally
        {
            if (wasClosed)
                await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private static DbCommand Explain(IQueryable source, bool analyze, bool json)
    {
        ArgumentNullException.ThrowIfNull(source);
        var command = source.CreateDbCommand();
        if (command is not BareMetalCommand)
        {
            command.Dispose();
            throw new InvalidOperationException("The query's context does not use BareMetal.Data.");
        }

        // The text may begin with comments that tags made.
        command.CommandText = (analyze, json) switch
        {
            (false, false) => "EXPLAIN ",
            (true, false) => "EXPLAIN (ANALYZE) ",
            (false, true) => "EXPLAIN (FORMAT JSON) ",
            (true, true) => "EXPLAIN (ANALYZE, FORMAT JSON) ",
        } + command.CommandText;
        return command;
    }

    private static void Append(StringBuilder plan, string line)
    {
        if (plan.Length > 0)
            plan.AppendLine();
        plan.Append(line);
    }
}
