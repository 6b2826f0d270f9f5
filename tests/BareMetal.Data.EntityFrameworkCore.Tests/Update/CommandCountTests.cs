using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>A thousand inserts with generated values are a command or two, as an interceptor sees them, and every entity gets what was generated.</summary>
public sealed class CommandCountTests : IDisposable
{
    private const int Count = 1000;
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");
    private readonly CommandCounter _commands = new();

    public CommandCountTests()
    {
        using var context = new CountContext(_source, _commands);
        context.Database.EnsureCreated();
        _commands.Texts.Clear();
    }

    public void Dispose()
        => _source.Dispose();

    public sealed class Identity
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";
    }

    public sealed class Versioned
    {
        public long Id { get; set; }

        public string Name { get; set; } = "";

        public byte[] Version { get; set; } = [];
    }

    public sealed class Generated
    {
        public int Id { get; set; }

        public int Amount { get; set; }

        public int Twice { get; set; }

        public DateTime Made { get; set; }

        public string State { get; set; } = null!;
    }

    public sealed class Keyed
    {
        public Guid Id { get; set; }

        public int Number { get; set; }
    }

    public class Machine
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";
    }

    public sealed class Press : Machine
    {
        public int Force { get; set; }
    }

    public sealed class Parent
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public List<Child> Children { get; } = [];
    }

    public sealed class Child
    {
        public int Id { get; set; }

        public int ParentId { get; set; }

        public Parent Parent { get; set; } = null!;

        public int Age { get; set; }
    }

    public sealed class CountContext(BareMetalDataSource source, CommandCounter commands) : DbContext
    {
        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
            => optionsBuilder.UseBareMetal(source).AddInterceptors(commands);

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Identity>();
            modelBuilder.Entity<Versioned>().Property(v => v.Version).IsRowVersion();
            modelBuilder.Entity<Generated>(e =>
            {
                e.Property(g => g.Twice).HasComputedColumnSql("\"Amount\" * 2", stored: true);
                e.Property(g => g.Made).HasDefaultValueSql("now()");
                e.Property(g => g.State).HasDefaultValue("new");
            });
            modelBuilder.Entity<Keyed>().Property(k => k.Number).UseIdentityColumn(10, 10);
            modelBuilder.Entity<Machine>().UseTptMappingStrategy();
            modelBuilder.Entity<Press>();
            modelBuilder.Entity<Parent>();
        }
    }

    private async Task<T[]> Save<T>(bool awaited, IEnumerable<T> entities)
        where T : class
    {
        var all = entities.ToArray();
        using var context = new CountContext(_source, _commands);
        context.AddRange(all);
        if (awaited)
            await context.SaveChangesAsync();
        else
            context.SaveChanges();
        Assert.InRange(_commands.Texts.Count, 1, 2);
        using var other = new CountContext(_source, _commands);
        Assert.Equal(all.Length, other.Set<T>().Count());
        return all;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Identities(bool awaited)
    {
        var rows = await Save(awaited, Enumerable.Range(0, Count).Select(i => new Identity { Name = $"n{i}" }));
        Assert.Equal(Enumerable.Range(1, Count), rows.Select(r => r.Id));
    }

    [Fact]
    public async Task Row_versions()
    {
        var rows = await Save(true, Enumerable.Range(0, Count).Select(i => new Versioned { Name = $"n{i}" }));
        Assert.Equal(Count, rows.Select(r => Convert.ToHexString(r.Version)).Distinct().Count());
        Assert.All(rows, r => Assert.Equal(8, r.Version.Length));
    }

    [Fact]
    public async Task Computed_columns_and_defaults()
    {
        var rows = await Save(false, Enumerable.Range(0, Count).Select(i => new Generated { Amount = i }));
        Assert.All(rows, r => Assert.Equal((r.Amount * 2, "new"), (r.Twice, r.State)));
        Assert.All(rows, r => Assert.NotEqual(default, r.Made));
    }

    [Fact]
    public async Task Keys_of_the_client_beside_an_identity()
    {
        var rows = await Save(false, Enumerable.Range(0, Count).Select(_ => new Keyed()));
        Assert.Equal(Enumerable.Range(1, Count).Select(i => i * 10), rows.Select(r => r.Number).Order());
    }

    [Fact]
    public async Task Tables_of_a_hierarchy()
    {
        var rows = await Save(true, Enumerable.Range(0, Count).Select(i => new Press { Name = $"p{i}", Force = i }));
        using var context = new CountContext(_source, _commands);
        Assert.Equal(rows.Select(r => (r.Id, r.Name, r.Force)).Order(), context.Set<Press>().AsEnumerable().Select(r => (r.Id, r.Name, r.Force)).Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Parents_with_children(int children)
    {
        var parents = await Save(true, Enumerable.Range(0, Count / children).Select(i =>
        {
            var parent = new Parent { Name = $"p{i}" };
            parent.Children.AddRange(Enumerable.Range(0, children).Select(c => new Child { Age = (i * 10) + c }));
            return parent;
        }));
        using var context = new CountContext(_source, _commands);
        var read = context.Set<Child>().Include(c => c.Parent).ToList();
        Assert.Equal(Count / children * children, read.Count);
        Assert.All(read, c => Assert.Equal($"p{c.Age / 10}", c.Parent.Name));
        Assert.All(parents, p => Assert.All(p.Children, c => Assert.Equal(p.Id, c.ParentId)));
    }
}
