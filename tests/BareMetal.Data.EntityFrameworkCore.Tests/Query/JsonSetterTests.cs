using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

/// <summary>A member of a JSON document is set by query from a column, an expression or another member.</summary>
public sealed class JsonSetterTests
{
    public sealed class Holder
    {
        public int Id { get; set; }

        public Values Column { get; set; } = new();

        public Values Document { get; set; } = new();
    }

    public sealed class Values
    {
        public int Number { get; set; }

        public string Text { get; set; } = "";

        public bool Flag { get; set; }

        public decimal Price { get; set; }

        public double Ratio { get; set; }

        public Guid Key { get; set; }

        public DateTime Moment { get; set; }

        public DateTimeOffset Instant { get; set; }

        public DateOnly Day { get; set; }

        public TimeOnly Time { get; set; }

        public TimeSpan Length { get; set; }

        public byte[] Bytes { get; set; } = [];

        public DayOfWeek Weekday { get; set; }

        public DateTime? Maybe { get; set; }
    }

    private sealed class HolderContext(DbContextOptions<HolderContext> options) : DbContext(options)
    {
        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Holder>(
                holder =>
                {
                    holder.ComplexProperty(h => h.Column);
                    holder.ComplexProperty(h => h.Document, document => document.ToJson());
                });
    }

    [Fact]
    public void Every_type_of_column_can_be_copied_into_a_document()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        var options = new DbContextOptionsBuilder<HolderContext>().UseBareMetal(source).Options;
        var given = new Values
        {
            Number = -7,
            Text = "a \"b\" \\ é",
            Flag = true,
            Price = 1.50m,
            Ratio = 1e300,
            Key = new Guid("11112222-3333-4444-5555-666677778888"),
            Moment = new DateTime(2024, 2, 29, 23, 59, 58).AddTicks(1234567),
            Instant = new DateTimeOffset(2024, 2, 29, 23, 59, 58, 5, TimeSpan.FromHours(-3.5)),
            Day = new DateOnly(1, 2, 3),
            Time = new TimeOnly(23, 59, 58, 5),
            Length = TimeSpan.FromDays(12.3),
            Bytes = [0, 1, 255],
            Weekday = DayOfWeek.Friday,
        };
        using (var context = new HolderContext(options))
        {
            context.Database.EnsureCreated();
            context.Add(new Holder { Column = given, Document = new Values { Maybe = new DateTime(2000, 1, 1) } });
            context.SaveChanges();
            Assert.Equal(
                1,
                context.Set<Holder>().ExecuteUpdate(
                    s => s.SetProperty(h => h.Document.Number, h => h.Column.Number)
                        .SetProperty(h => h.Document.Text, h => h.Column.Text)
                        .SetProperty(h => h.Document.Flag, h => h.Column.Flag)
                        .SetProperty(h => h.Document.Price, h => h.Column.Price)
                        .SetProperty(h => h.Document.Ratio, h => h.Column.Ratio)
                        .SetProperty(h => h.Document.Key, h => h.Column.Key)
                        .SetProperty(h => h.Document.Moment, h => h.Column.Moment)
                        .SetProperty(h => h.Document.Instant, h => h.Column.Instant)
                        .SetProperty(h => h.Document.Day, h => h.Column.Day)
                        .SetProperty(h => h.Document.Time, h => h.Column.Time)
                        .SetProperty(h => h.Document.Length, h => h.Column.Length)
                        .SetProperty(h => h.Document.Bytes, h => h.Column.Bytes)
                        .SetProperty(h => h.Document.Weekday, h => h.Column.Weekday)
                        .SetProperty(h => h.Document.Maybe, h => h.Column.Maybe)));
        }

        using (var context = new HolderContext(options))
        {
            var holder = context.Set<Holder>().Single();
            Assert.Equal(JsonSerializer.Serialize(given), JsonSerializer.Serialize(holder.Document));
            Assert.Equal(1, context.Set<Holder>().Count(h => h.Document.Moment == h.Column.Moment && h.Document.Length == h.Column.Length));
        }
    }

    [Fact]
    public void An_expression_and_another_member_can_be_the_value()
    {
        using var source = BareMetalDataSource.Create("Data Source=:memory:");
        using var context = new HolderContext(new DbContextOptionsBuilder<HolderContext>().UseBareMetal(source).Options);
        context.Database.EnsureCreated();
        var start = new DateTime(2024, 2, 29, 12, 0, 0);
        context.Add(new Holder { Column = new Values { Moment = start }, Document = new Values { Maybe = start.AddHours(1) } });
        context.SaveChanges();

        context.Set<Holder>().ExecuteUpdate(
            s => s.SetProperty(h => h.Document.Moment, h => h.Column.Moment.AddDays(1))
                .SetProperty(h => h.Document.Day, h => DateOnly.FromDateTime(h.Column.Moment)));

        Assert.Equal(
            (start.AddDays(1), new DateOnly(2024, 2, 29)),
            context.Set<Holder>().AsNoTracking().Select(h => ValueTuple.Create(h.Document.Moment, h.Document.Day)).Single());
    }
}
