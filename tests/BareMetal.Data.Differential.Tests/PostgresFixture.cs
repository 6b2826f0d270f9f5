using BareMetal.Data.Differential.Compare;
using Xunit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace BareMetal.Data.Differential.Tests;

/// <summary>The server of all tests of this assembly.</summary>
public sealed class PostgresFixture : IDisposable
{
    private readonly PostgresServer? _server = PostgresServer.Find(out _);

    internal string ConnectionString => _server?.ConnectionString ?? throw new InvalidOperationException("There is no PostgreSQL server.");

    public void Dispose() => _server?.Dispose();
}

[CollectionDefinition("PostgreSQL")]
public sealed class PostgresCollection : ICollectionFixture<PostgresFixture>;

/// <summary>A test that needs PostgreSQL; where there is none it says so and does not run.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (!PostgresServer.IsAvailable)
            Skip = $"Not compared with PostgreSQL: none is installed, and {PostgresServer.Variable} names none.";
    }
}

/// <summary>As <see cref="PostgresFactAttribute"/>, for several cases.</summary>
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute()
    {
        if (!PostgresServer.IsAvailable)
            Skip = $"Not compared with PostgreSQL: none is installed, and {PostgresServer.Variable} names none.";
    }
}
