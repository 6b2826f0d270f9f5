using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace BareMetal.Data.OneThreadChild;

/// <summary>
/// "migrate": brings a database to its last migration. With a number it stops before that command of its migrations, says so, and waits to be killed.
/// </summary>
public static class MigratingChild
{
    /// <summary>Commands that change something, to stop before one of them.</summary>
    public sealed class CommandGate(Action<int, string> before) : DbCommandInterceptor
    {
        private int _count;

        public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
        {
            before(++_count, command.CommandText);
            return result;
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            before(++_count, command.CommandText);
            return new ValueTask<InterceptionResult<int>>(result);
        }
    }

    public static int Run(string path, string[] arguments)
    {
        int stop = arguments.Length > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 0;
        DbContextOptions options = new DbContextOptionsBuilder()
            .UseBareMetal($"Data Source={path};Lock Timeout=100")
            .AddInterceptors(new CommandGate((number, text) =>
            {
                if (number != stop)
                    return;
                Console.WriteLine("stopped before " + text.ReplaceLineEndings(" "));
                Thread.Sleep(Timeout.Infinite);
            }))
            .Options;
        using MeadowContext context = new(options);
        context.Database.Migrate();
        Console.WriteLine($"migrated: {context.Database.GetAppliedMigrations().Count()} applied");
        return 0;
    }
}
