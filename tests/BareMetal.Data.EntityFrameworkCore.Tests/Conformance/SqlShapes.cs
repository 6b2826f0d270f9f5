using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Conformance;

/// <summary>Collects the forms of SQL that a context sends: without values and with aliases numbered by first use.</summary>
internal sealed partial class SqlShapes : DbCommandInterceptor
{
    public HashSet<string> Distinct { get; } = [];

    public int Commands { get; private set; }

    public string? Last { get; private set; }

    public static string Normalise(string sql)
    {
        sql = Literal().Replace(sql, "?");
        sql = Parameter().Replace(sql, "?");
        sql = Number().Replace(sql, "?");
        sql = Blank().Replace(sql, " ");
        Dictionary<string, string> aliases = [];
        return Alias().Replace(sql, m => aliases.TryGetValue(m.Value, out string? known) ? known : aliases[m.Value] = $"\"t{aliases.Count}\"");
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Commands++;
        Last = command.CommandText;
        Distinct.Add(Normalise(command.CommandText));
        return result;
    }

    [GeneratedRegex("'(?:[^']|'')*'")]
    private static partial Regex Literal();

    [GeneratedRegex("@[A-Za-z_0-9]+")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"(?<![A-Za-z_""0-9])\d+(?:\.\d+)?(?:E[+-]?\d+)?")]
    private static partial Regex Number();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();

    [GeneratedRegex("\"[a-z][0-9]*\"")]
    private static partial Regex Alias();
}
