using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>Members of documents may have any name, and documents may be stored as json, jsonb and text.</summary>
public sealed class JsonMemberNamesTests
{
    private const string Dotted = "a.b";
    private const string Indexed = "c[0]";
    private const string Quoted = "d\"e'f";
    private const string Dollar = "$";
    private const string Spaced = " g h\\i ";
    private const string Items = "it[1]ems";
    private const string Inner = "in.ner[\"x\"]";

    private sealed class Box
    {
        public int Id { get; set; }

        public Part Part { get; set; } = new();

        public Part Complex { get; set; } = new();
    }

    private sealed class Part
    {
        public int A { get; set; }

        public string C { get; set; } = "";

        public string? D { get; set; }

        public decimal E { get; set; }

        public bool G { get; set; }

        public Detail Inner { get; set; } = new();

        public List<Detail> Items { get; set; } = [];
    }

    private sealed class Detail
    {
        public int A { get; set; }

        public string C { get; set; } = "";

        public List<int> Numbers { get; set; } = [];
    }

    private sealed class BoxContext(DbContextOptions options, string storeType) : DbContext(options)
    {
        public DbSet<Box> Boxes
            => Set<Box>();

        protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder)
            => optionsBuilder.ReplaceService<Microsoft.EntityFrameworkCore.Infrastructure.IModelCacheKeyFactory, PerStoreType>();

        public string StoreType
            => storeType;

        protected override void OnModelCreating(ModelBuilder modelBuilder)
            => modelBuilder.Entity<Box>(
                box =>
                {
                    box.OwnsOne(
                        b => b.Part,
                        part =>
                        {
                            part.ToJson("part.json").HasColumnType(storeType);
                            part.Property(p => p.A).HasJsonPropertyName(Dotted);
                            part.Property(p => p.C).HasJsonPropertyName(Indexed);
                            part.Property(p => p.D).HasJsonPropertyName(Quoted);
                            part.Property(p => p.E).HasJsonPropertyName(Dollar);
                            part.Property(p => p.G).HasJsonPropertyName(Spaced);
                            part.OwnsOne(
                                p => p.Inner,
                                inner =>
                                {
                                    inner.HasJsonPropertyName(Inner);
                                    inner.Property(d => d.A).HasJsonPropertyName(Dotted);
                                    inner.Property(d => d.C).HasJsonPropertyName(Indexed);
                                    inner.PrimitiveCollection(d => d.Numbers).HasJsonPropertyName(Quoted);
                                });
                            part.OwnsMany(
                                p => p.Items,
                                item =>
                                {
                                    item.HasJsonPropertyName(Items);
                                    item.Property(d => d.A).HasJsonPropertyName(Dotted);
                                    item.Property(d => d.C).HasJsonPropertyName(Indexed);
                                    item.PrimitiveCollection(d => d.Numbers).HasJsonPropertyName(Quoted);
                                });
                        });
                    box.ComplexProperty(
                        b => b.Complex,
                        part =>
                        {
                            part.ToJson("complex").HasColumnType(storeType);
                            part.Property(p => p.A).HasJsonPropertyName(Dotted);
                            part.Property(p => p.C).HasJsonPropertyName(Indexed);
                            part.Property(p => p.D).HasJsonPropertyName(Quoted);
                            part.Property(p => p.E).HasJsonPropertyName(Dollar);
                            part.Property(p => p.G).HasJsonPropertyName(Spaced);
                            part.ComplexProperty(
                                p => p.Inner,
                                inner =>
                                {
                                    inner.HasJsonPropertyName(Inner);
                                    inner.Property(d => d.A).HasJsonPropertyName(Dotted);
                                    inner.Property(d => d.C).HasJsonPropertyName(Indexed);
                                    inner.PrimitiveCollection(d => d.Numbers).HasJsonPropertyName(Quoted);
                                });
                            part.ComplexCollection(
                                p => p.Items,
                                item =>
                                {
                                    item.HasJsonPropertyName(Items);
                                    item.Property(d => d.A).HasJsonPropertyName(Dotted);
                                    item.Property(d => d.C).HasJsonPropertyName(Indexed);
                                    item.PrimitiveCollection(d => d.Numbers).HasJsonPropertyName(Quoted);
                                });
                        });
                });
    }

    private sealed class PerStoreType : Microsoft.EntityFrameworkCore.Infrastructure.IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime)
            => (context.GetType(), (context as BoxContext)?.StoreType, designTime);
    }

    private static Part NewPart()
        => new()
        {
            A = 1,
            C = "c",
            D = "d",
            E = 1.5m,
            G = true,
            Inner = new Detail { A = 2, C = "ic", Numbers = [1, 2] },
            Items = [new Detail { A = 3, C = "x", Numbers = [3] }, new Detail { A = 4, C = "y" }],
        };

    private static JsonObject Expected()
        => new()
        {
            [Dotted] = 1,
            [Indexed] = "c",
            [Quoted] = "d",
            [Dollar] = 1.5m,
            [Spaced] = true,
            [Inner] = new JsonObject { [Dotted] = 2, [Indexed] = "ic", [Quoted] = new JsonArray(1, 2) },
            [Items] = new JsonArray(
                new JsonObject { [Dotted] = 3, [Indexed] = "x", [Quoted] = new JsonArray(3) },
                new JsonObject { [Dotted] = 4, [Indexed] = "y", [Quoted] = new JsonArray() }),
        };

    private static BareMetalDataSource Create(string storeType, out Func<BoxContext> context)
    {
        var source = BareMetalDataSource.Create("Data Source=:memory:");
        var options = new DbContextOptionsBuilder().UseBareMetal(source).Options;
        context = () => new BoxContext(options, storeType);
        using var first = context();
        first.Database.EnsureCreated();
        first.Add(new Box { Id = 1, Part = NewPart(), Complex = NewPart() });
        first.Add(new Box { Id = 2, Part = new Part { C = "other" }, Complex = new Part { C = "other" } });
        first.SaveChanges();
        return source;
    }

    private static void AssertDocument(BareMetalDataSource source, string column, JsonObject expected)
    {
        using var connection = source.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT CAST(\"{column}\" AS text) FROM \"Boxes\" WHERE \"Id\" = 1";
        var actual = JsonNode.Parse((string)command.ExecuteScalar()!);
        Assert.True(JsonNode.DeepEquals(expected, actual), $"Expected {expected.ToJsonString()}, actual {actual!.ToJsonString()}");
    }

    [Theory]
    [InlineData("json")]
    [InlineData("jsonb")]
    [InlineData("text")]
    public void A_change_of_one_member_changes_that_member_alone(string storeType)
    {
        using var source = Create(storeType, out var context);
        var expected = Expected();
        AssertDocument(source, "part.json", expected);
        AssertDocument(source, "complex", expected);

        Change(p => p.A = 10, e => e[Dotted] = 10);
        Change(p => p.C = "é'\"", e => e[Indexed] = "é'\"");
        Change(p => p.D = null, e => e[Quoted] = null);
        Change(p => p.E = 2.25m, e => e[Dollar] = 2.25m);
        Change(p => p.G = false, e => e[Spaced] = false);
        Change(p => p.Inner.A = 20, e => e[Inner]![Dotted] = 20);
        Change(p => p.Inner.Numbers = [7, 8], e => e[Inner]![Quoted] = new JsonArray(7, 8));
        Change(p => p.Items[1].C = "yy", e => e[Items]![1]![Indexed] = "yy");
        Change(p => p.Items[0].Numbers.Add(9), e => e[Items]![0]![Quoted] = new JsonArray(3, 9));
        Change(
            p => p.Inner = new Detail { A = 5, C = "new" },
            e => e[Inner] = new JsonObject { [Dotted] = 5, [Indexed] = "new", [Quoted] = new JsonArray() });
        Change(
            p =>
            {
                p.Items[1].A = 50;
                p.Items[1].C = "both";
            },
            e =>
            {
                e[Items]![1]![Dotted] = 50;
                e[Items]![1]![Indexed] = "both";
            });
        Change(p => p.Items.RemoveAt(0), e => ((JsonArray)e[Items]!).RemoveAt(0));

        void Change(Action<Part> change, Action<JsonObject> same)
        {
            using var c = context();
            var box = c.Boxes.Single(b => b.Id == 1);
            change(box.Part);
            c.SaveChanges();
            same(expected);
            AssertDocument(source, "part.json", expected);
        }
    }

    [Theory]
    [InlineData("json")]
    [InlineData("jsonb")]
    [InlineData("text")]
    public void Queries_reach_members_of_any_name(string storeType)
    {
        using var source = Create(storeType, out var create);
        using var context = create();
        Assert.Equal(1, context.Boxes.Single(b => b.Part.A == 1 && b.Part.C == "c" && b.Part.D == "d" && b.Part.E == 1.5m && b.Part.G).Id);
        Assert.Equal(1, context.Boxes.Single(b => b.Complex.Inner.A == 2 && b.Complex.Inner.C == "ic" && b.Complex.Inner.Numbers.Contains(2)).Id);
        Assert.Equal([2, 1], context.Boxes.OrderBy(b => b.Part.Inner.A).Select(b => b.Id).ToList());
        Assert.Equal([1], context.Boxes.Where(b => b.Part.Items.Any(i => i.C == "y" && i.A == 4)).Select(b => b.Id).ToList());
        Assert.Equal([1], context.Boxes.Where(b => b.Complex.Items.Count == 2).Select(b => b.Id).ToList());
        Assert.Equal(new[] { "x", null }, context.Boxes.OrderBy(b => b.Id).Select(b => b.Part.Items[0].C).ToList());
        Assert.Equal([7], context.Boxes.Where(b => b.Id == 1).Select(b => b.Complex.Items.Sum(i => i.A)).ToList());
        Assert.Equal([3], context.Boxes.Where(b => b.Id == 1).Select(b => b.Part.Items[0].Numbers[0]).ToList());
        Assert.Equal([1], context.Boxes.Where(b => b.Part.Items.Any(i => i.Numbers.Contains(3) && i.Numbers.Count == 1)).Select(b => b.Id).ToList());
        Assert.Equal([3], context.Boxes.Where(b => b.Complex.Items[0].Numbers.Any(n => n > 2)).Select(b => b.Complex.Items[0].Numbers.Max()).ToList());
        Assert.Equal(["x", "y"], context.Boxes.AsNoTracking().Single(b => b.Id == 1).Part.Items.Select(i => i.C));
        Assert.Equal("ic", context.Boxes.AsNoTracking().Where(b => b.Id == 1).Select(b => b.Part.Inner).Single().C);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("jsonb")]
    [InlineData("text")]
    public void Updates_by_query_set_members_of_any_name(string storeType)
    {
        using var source = Create(storeType, out var create);
        using var context = create();
        Assert.Equal(
            1,
            context.Boxes.Where(b => b.Id == 1).ExecuteUpdate(
                s => s.SetProperty(b => b.Complex.A, 11)
                    .SetProperty(b => b.Complex.C, b => b.Complex.C + "!")
                    .SetProperty(b => b.Complex.D, (string?)null)
                    .SetProperty(b => b.Complex.E, b => b.Complex.E * 2)
                    .SetProperty(b => b.Complex.Inner.A, b => b.Id + 30)
                    .SetProperty(b => b.Complex.Inner.Numbers, new List<int> { 5 })
                    .SetProperty(b => b.Complex.Items[1].C, "set")));
        var expected = Expected();
        expected[Dotted] = 11;
        expected[Indexed] = "c!";
        expected[Quoted] = null;
        expected[Dollar] = 3.0m;
        expected[Inner]![Dotted] = 31;
        expected[Inner]![Quoted] = new JsonArray(5);
        expected[Items]![1]![Indexed] = "set";
        AssertDocument(source, "complex", expected);
        Assert.Equal(1, context.Boxes.Where(b => b.Id == 1).ExecuteUpdate(s => s.SetProperty(b => b.Complex.Inner, new Detail { A = 1, C = "z" })));
        expected[Inner] = new JsonObject { [Dotted] = 1, [Indexed] = "z", [Quoted] = new JsonArray() };
        AssertDocument(source, "complex", expected);
    }
}
