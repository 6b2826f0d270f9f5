using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace BareMetal.Data.EntityFrameworkCore.Migrations;

/// <summary>The lock under which migrations run; released when disposed of, or with its connection.</summary>
internal sealed class BareMetalMigrationsLock(
    IHistoryRepository historyRepository,
    IRelationalCommand unlock,
    RelationalCommandParameterObject parameters)
    : IMigrationsDatabaseLock
{
    public IHistoryRepository HistoryRepository
        => historyRepository;

    public void Dispose()
        => unlock.ExecuteScalar(parameters);

    public async ValueTask DisposeAsync()
        => await unlock.ExecuteScalarAsync(parameters).ConfigureAwait(false);
}
