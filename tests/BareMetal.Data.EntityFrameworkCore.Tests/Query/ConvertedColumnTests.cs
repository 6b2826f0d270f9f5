using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>Numbers in columns of another type are printed as C# prints them.</summary>
public sealed class ConvertedColumnTests
{
    public sealed class Row
    {
        public int Id { get; set; }

        public uint Number { get; set; }

        public ushort Small { get; set; }

        public uint? Maybe { get; set; }
    }

    private sealed class RowContext(DbContextOptions<RowContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Row>(
                row =>
                {
                    row.Property(r => r.Number).HasColumnType("integer");
                    row.Property(r => r.Small).HasColumnType("smallint");
                    row.Property(r => r.Maybe).HasColumnType("integer");
                });
    }

    [Fact]
    public void An_unsigned_number_in_a_signed_column_is_printed_as_itself()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var context = new RowContext(new DbContextOptionsBuilder<RowContext>().UseBareMetal(source).Options);
        context.Database.EnsureCreated();
        context.AddRange(
            new Row { Number = 7, Small = 8, Maybe = 9 },
            new Row { Number = 4_000_000_000, Small = 65_000, Maybe = uint.MaxValue });
        context.SaveChanges();

        Assert.Equal(
            [("7", "8", "9"), ("4000000000", "65000", "4294967295")],
            context.Set<Row>().OrderBy(r => r.Id)
                .Select(r => ValueTuple.Create(r.Number.ToString(), r.Small.ToString(), r.Maybe!.Value.ToString())).ToList());
        Assert.Equal(1, context.Set<Row>().Count(r => r.Number.ToString().Contains("00")));
    }
}
