using System.Data;
using BareMetal.Data.Storage;
using BareMetal.Data.Tests.Transactions;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Concurrency;

/// <summary>The table of docs/transactions.md through EF Core: tracked entities and SaveChanges in transactions of the context.</summary>
public sealed class AnomalyTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public AnomalyTests()
    {
        using Registers context = new(_source);
        context.Database.EnsureCreated();
        context.AddRange(new Register { Id = 1, Value = 10 }, new Register { Id = 2, Value = 20 });
        context.SaveChanges();
    }

    public static TheoryData<Anomaly, IsolationLevel, bool> Cells()
    {
        TheoryData<Anomaly, IsolationLevel, bool> cells = [];
        foreach (Anomaly anomaly in Enum.GetValues<Anomaly>())
        {
            bool readCommitted = anomaly >= Anomaly.PMP_predicate_many_preceders;
            bool snapshot = anomaly >= Anomaly.G2_item_write_skew;
            cells.Add(anomaly, IsolationLevel.ReadCommitted, readCommitted);
            cells.Add(anomaly, IsolationLevel.Snapshot, snapshot);
            cells.Add(anomaly, IsolationLevel.Serializable, false);
        }

        return cells;
    }

    public void Dispose() => _source.Dispose();

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Anomaly_by_level(Anomaly anomaly, IsolationLevel level, bool occurs) =>
        Assert.Equal(occurs, await AnomalyScenarios.OccursAsync(anomaly, level, () => new ContextSession(_source)));

    [Theory]
    [InlineData(Durability.Full)]
    [InlineData(Durability.Normal)]
    [InlineData(Durability.Off)]
    public async Task A_transaction_says_what_its_commit_waits_for(Durability durability)
    {
        await using Registers context = new(_source);
        await using (IDbContextTransaction transaction = await context.Database.BeginTransactionAsync(IsolationLevel.Snapshot, durability))
        {
            Assert.Equal(durability, ((BareMetalTransaction)transaction.GetDbTransaction()).Durability);
            Assert.Equal(IsolationLevel.Snapshot, transaction.GetDbTransaction().IsolationLevel);
            context.Add(new Register { Id = 9, Value = 9 });
            await context.SaveChangesAsync();
            await transaction.CommitAsync();
        }

        using (IDbContextTransaction transaction = context.Database.BeginTransaction(IsolationLevel.ReadCommitted, durability))
            Assert.Equal(durability, ((BareMetalTransaction)transaction.GetDbTransaction()).Durability);
        Assert.Equal(3, await context.Set<Register>().CountAsync());
    }

    private sealed class ContextSession(BareMetalDataSource source) : IRegisterSession
    {
        private readonly Registers _context = new(source);
        private IDbContextTransaction? _transaction;

        public async Task BeginAsync(IsolationLevel level) => _transaction = await _context.Database.BeginTransactionAsync(level);

        public async Task<int?> ReadAsync(int id) => (await _context.Set<Register>().AsNoTracking().SingleOrDefaultAsync(r => r.Id == id))?.Value;

        public Task<List<int>> FindMultiplesAsync(int of) => _context.Set<Register>().Where(r => r.Value % of == 0).OrderBy(r => r.Id).Select(r => r.Id).ToListAsync();

        public async Task WriteAsync(int id, int value)
        {
            _context.ChangeTracker.Clear();
            Register register = new() { Id = id, Value = 0 };
            _context.Attach(register);
            register.Value = value;
            await _context.SaveChangesAsync();
        }

        public async Task InsertAsync(int id, int value)
        {
            _context.ChangeTracker.Clear();
            _context.Add(new Register { Id = id, Value = value });
            await _context.SaveChangesAsync();
        }

        public Task CommitAsync() => _transaction!.CommitAsync();

        public async Task RollbackAsync()
        {
            _context.ChangeTracker.Clear();
            if (_transaction is not null && _transaction.GetDbTransaction() is BareMetalTransaction { Connection: not null })
                await _transaction.RollbackAsync();
        }

        public ValueTask DisposeAsync() => _context.DisposeAsync();
    }

    private sealed class Registers(BareMetalDataSource source) : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder options) => options.UseBareMetal(source);

        protected override void OnModelCreating(ModelBuilder model) => model.Entity<Register>().Property(r => r.Id).ValueGeneratedNever();
    }

    private sealed class Register
    {
        public int Id { get; set; }

        public int Value { get; set; }
    }
}
