using System.Data;

namespace BareMetal.Data.Tests.Transactions;

/// <summary>A connection to a table of registers (id, value), by whatever door. A call that has to wait for a lock returns a task that is not complete.</summary>
internal interface IRegisterSession : IAsyncDisposable
{
    Task BeginAsync(IsolationLevel level);

    /// <summary>The value of a register; null when there is none.</summary>
    Task<int?> ReadAsync(int id);

    /// <summary>The ids of the registers whose value is a multiple of a number.</summary>
    Task<List<int>> FindMultiplesAsync(int of);

    Task WriteAsync(int id, int value);

    Task InsertAsync(int id, int value);

    Task CommitAsync();

    Task RollbackAsync();
}
