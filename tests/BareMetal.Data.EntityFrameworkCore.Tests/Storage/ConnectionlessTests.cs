using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Storage;

/// <summary>A context may be configured without a database and get it later.</summary>
public sealed class ConnectionlessTests
{
    private sealed class Chooser(BareMetalDataSource source) : DbConnectionInterceptor
    {
        public override InterceptionResult<DbConnection> ConnectionCreating(
            ConnectionCreatingEventData eventData,
            InterceptionResult<DbConnection> result)
            => InterceptionResult<DbConnection>.SuppressWithResult(source.CreateConnection());
    }

    private sealed class EmptyContext(DbContextOptions<EmptyContext> options) : DbContext(options);

    [Fact]
    public void An_interceptor_supplies_the_connection()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var context = new EmptyContext(
            new DbContextOptionsBuilder<EmptyContext>().UseBareMetal().AddInterceptors(new Chooser(source)).Options);

        Assert.Equal(3, context.Database.SqlQuery<int>($"SELECT 1 + 2 AS \"Value\"").Single());
    }

    [Fact]
    public void The_connection_string_is_set_before_the_first_query()
    {
        using var context = new EmptyContext(new DbContextOptionsBuilder<EmptyContext>().UseBareMetal().Options);
        var connection = context.Database.GetDbConnection();

        Assert.Throws<InvalidOperationException>(connection.Open);
        connection.ConnectionString = "Data Source=:memory:";

        Assert.Equal(3, context.Database.SqlQuery<int>($"SELECT 1 + 2 AS \"Value\"").Single());
    }
}
