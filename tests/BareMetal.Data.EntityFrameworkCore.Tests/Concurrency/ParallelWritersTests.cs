using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Concurrency;

public sealed class ParallelWritersTests : IDisposable
{
    private const int Writers = 8;
    private const int Saves = 25;

    private readonly string _folder = Directory.CreateTempSubdirectory("bmdb-parallel").FullName;

    public ParallelWritersTests()
    {
        using Bank bank = Open();
        bank.Database.EnsureCreated();
        bank.Accounts.AddRange(Enumerable.Range(1, Writers).Select(i => new Account { Id = i, Balance = 100 }));
        bank.SaveChanges();
    }

    [Fact]
    public async Task Eight_tasks_write_at_once_and_readers_go_on()
    {
        using CancellationTokenSource done = new();
        int reads = 0;
        Task reader = Task.Run(async () =>
        {
            do
            {
                using Bank bank = Open();
                Assert.Equal(Writers * 100, await bank.Accounts.SumAsync(a => a.Balance));
                reads++;
            }
            while (!done.IsCancellationRequested);
        });
        await Task.WhenAll(Enumerable.Range(1, Writers).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < Saves; i++)
            {
                using Bank bank = Open();
                bank.Entries.Add(new Entry { AccountId = writer, Text = $"entry {i}" });
                Account account = await bank.Accounts.SingleAsync(a => a.Id == writer);
                account.Note = $"save {i}";
                await bank.SaveChangesAsync();
            }
        })));
        await done.CancelAsync();
        await reader;

        using Bank end = Open();
        Assert.Equal(Writers * Saves, await end.Entries.CountAsync());
        Assert.Equal(Writers * Saves, await end.Entries.Select(e => e.Id).Distinct().CountAsync());
        Assert.All(await end.Accounts.ToListAsync(), a => Assert.Equal($"save {Saves - 1}", a.Note));
        Assert.True(reads > 0);
    }

    [Fact]
    public async Task Transfers_in_parallel_keep_the_sum()
    {
        int conflicts = 0;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            Random random = new(writer);
            for (int i = 0; i < Saves; i++)
            {
                int from = random.Next(1, Writers + 1), to = random.Next(1, Writers + 1);
                try
                {
                    using Bank bank = Open();
                    using var transaction = await bank.Database.BeginTransactionAsync();
                    await bank.Accounts.Where(a => a.Id == from).ExecuteUpdateAsync(s => s.SetProperty(a => a.Balance, a => a.Balance - 1));
                    await bank.Accounts.Where(a => a.Id == to).ExecuteUpdateAsync(s => s.SetProperty(a => a.Balance, a => a.Balance + 1));
                    await transaction.CommitAsync();
                }
                catch (Exception e) when (Find(e) is { SqlState: SqlStates.DeadlockDetected })
                {
                    Interlocked.Increment(ref conflicts);
                    i--;
                }
            }
        })));
        using Bank end = Open();
        Assert.Equal(Writers * 100, await end.Accounts.SumAsync(a => a.Balance));
    }

    [Fact]
    public async Task Locking_in_opposite_order_ends_with_one_deadlock_at_once()
    {
        using Bank first = Open(), second = Open();
        using var a = await first.Database.BeginTransactionAsync();
        using var b = await second.Database.BeginTransactionAsync();
        await Touch(first, 1);
        await Touch(second, 2);
        Task[] crossing = [Task.Run(() => Touch(first, 2)), Task.Run(() => Touch(second, 1))];
        Task victim = await Task.WhenAny(crossing);
        Assert.Equal(SqlStates.DeadlockDetected, Find((await Assert.ThrowsAnyAsync<Exception>(() => victim)))?.SqlState);
        if (victim == crossing[0])
            await a.RollbackAsync();
        else
            await b.RollbackAsync();
        await crossing[victim == crossing[0] ? 1 : 0];

        static Task Touch(Bank bank, int id) => bank.Accounts.Where(x => x.Id == id).ExecuteUpdateAsync(s => s.SetProperty(x => x.Note, "touched"));
    }

    public void Dispose()
    {
        BareMetalConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }

    private static BareMetalException? Find(Exception? e)
    {
        while (e is not null and not BareMetalException)
            e = e.InnerException;
        return (BareMetalException?)e;
    }

    private Bank Open() => new(Path.Combine(_folder, "bank.bmdb"));

    private sealed class Bank(string path) : DbContext
    {
        public DbSet<Account> Accounts => Set<Account>();

        public DbSet<Entry> Entries => Set<Entry>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseBareMetal($"Data Source={path}");

        protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Account>().Property(a => a.Id).ValueGeneratedNever();
    }

    private sealed class Account
    {
        public int Id { get; set; }

        public int Balance { get; set; }

        public string? Note { get; set; }
    }

    private sealed class Entry
    {
        public int Id { get; set; }

        public int AccountId { get; set; }

        public required string Text { get; set; }
    }
}
