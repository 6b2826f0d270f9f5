using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>The connection of a context to its database.</summary>
public interface IBareMetalRelationalConnection : IRelationalConnection
{
    /// <summary>The data source behind the connection.</summary>
    /// <exception cref="InvalidOperationException">The context has neither a connection nor a connection string.</exception>
    BareMetalDataSource DataSource { get; }
}
