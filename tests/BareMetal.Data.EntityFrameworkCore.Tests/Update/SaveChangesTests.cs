using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

public sealed class SaveChangesTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");
    private readonly CommandCounter _commands = new();

    public SaveChangesTests()
    {
        using var context = Create();
        context.Database.EnsureCreated();
        _commands.Texts.Clear();
    }

    public void Dispose()
        => _source.Dispose();

    private ItemContext Create()
        => new(new DbContextOptionsBuilder<ItemContext>().UseBareMetal(_source).AddInterceptors(_commands).Options);

    public sealed class Item
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public int? Number { get; set; }

        public DateTime Made { get; set; }

        public byte[] Version { get; set; } = [];

        public Box? Box { get; set; }

        public int? BoxId { get; set; }
    }

    public sealed class Box
    {
        public int Id { get; set; }

        public string Label { get; set; } = "";

        public ulong Stamp { get; set; }

        public List<Item> Items { get; set; } = [];
    }

    public sealed class Token
    {
        public Guid Id { get; set; }

        public string Text { get; set; } = "";

        public string? Owner { get; set; }
    }

    public sealed class Block
    {
        public long Id { get; set; }

        public string Name { get; set; } = "";
    }

    public sealed class Nothing
    {
        public int Id { get; set; }
    }

    public abstract class Animal
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";
    }

    public sealed class Cat : Animal
    {
        public int Lives { get; set; }
    }

    public sealed class Dog : Animal
    {
        public string? Toy { get; set; }
    }

    public sealed class Document
    {
        public int Id { get; set; }

        public Content Content { get; set; } = new();

        public List<string> Labels { get; set; } = [];
    }

    public sealed class Content
    {
        public string? Title { get; set; }

        public int Pages { get; set; }

        public DateTime? Read { get; set; }

        public List<Chapter> Chapters { get; set; } = [];
    }

    public sealed class Chapter
    {
        public string Name { get; set; } = "";

        public bool Done { get; set; }
    }

    public sealed class ItemContext(DbContextOptions<ItemContext> options) : DbContext(options)
    {
        public DbSet<Item> Items
            => Set<Item>();

        public DbSet<Box> Boxes
            => Set<Box>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Item>(
                item =>
                {
                    item.Property(i => i.Version).IsRowVersion();
                    item.Property(i => i.Made).HasDefaultValueSql("now_utc()");
                    item.HasIndex(i => i.Name);
                });
            modelBuilder.Entity<Box>().Property(b => b.Stamp).IsRowVersion();
            modelBuilder.Entity<Token>().Property(t => t.Owner).IsConcurrencyToken();
            modelBuilder.Entity<Block>().Property(b => b.Id).UseHiLo("block_ids");
            modelBuilder.Entity<Nothing>();
            modelBuilder.Entity<Animal>().UseTpcMappingStrategy();
            modelBuilder.Entity<Cat>();
            modelBuilder.Entity<Dog>();
            modelBuilder.Entity<Document>().OwnsOne(
                d => d.Content, content =>
                {
                    content.ToJson();
                    content.OwnsMany(c => c.Chapters);
                });
        }
    }

    [Fact]
    public void A_thousand_inserts_take_at_most_two_commands_and_give_every_entity_its_key()
    {
        using var context = Create();
        var items = Enumerable.Range(0, 1000).Select(i => new Item { Name = $"n{i}", Number = i }).ToList();
        context.AddRange(items);
        context.SaveChanges();
        Assert.InRange(_commands.Texts.Count, 1, 2);
        Assert.Equal(1000, items.Select(i => i.Id).Distinct().Count());

        using var other = Create();
        var stored = other.Items.AsNoTracking().ToDictionary(i => i.Id);
        Assert.All(items, i => Assert.Equal((i.Name, i.Number), (stored[i.Id].Name, stored[i.Id].Number)));
        Assert.All(items, i => Assert.Equal(stored[i.Id].Version, i.Version));
        Assert.All(items, i => Assert.Equal(stored[i.Id].Made, i.Made));
        Assert.All(items, i => Assert.InRange((DateTime.UtcNow - i.Made).TotalMinutes, -5, 5));
    }

    [Fact]
    public void A_graph_is_saved_with_its_links()
    {
        using (var context = Create())
        {
            context.Add(new Box { Label = "a", Items = { new Item { Name = "x" }, new Item { Name = "y" } } });
            context.Add(new Box { Label = "b", Items = { new Item { Name = "z" } } });
            context.SaveChanges();
        }

        using var other = Create();
        var boxes = other.Boxes.Include(b => b.Items).OrderBy(b => b.Label).ToList();
        Assert.Equal(["x", "y"], boxes[0].Items.Select(i => i.Name).Order());
        Assert.Equal(["z"], boxes[1].Items.Select(i => i.Name));
        Assert.NotEqual(boxes[0].Stamp, boxes[1].Stamp);
    }

    [Fact]
    public void Rows_without_columns_of_their_own_are_inserted()
    {
        using var context = Create();
        var rows = new[] { new Nothing(), new Nothing(), new Nothing() };
        context.AddRange(rows);
        context.SaveChanges();
        Assert.Equal(3, rows.Select(r => r.Id).Distinct().Count());
    }

    [Fact]
    public void Many_updates_and_deletes_take_one_command()
    {
        using var context = Create();
        var items = Enumerable.Range(0, 60).Select(i => new Item { Name = $"n{i}" }).ToList();
        context.AddRange(items);
        context.SaveChanges();
        _commands.Texts.Clear();

        for (var i = 0; i < 40; i++)
            items[i].Name += "!";
        context.RemoveRange(items.Skip(40));
        var before = items[0].Version;
        context.SaveChanges();
        Assert.Single(_commands.Texts);
        Assert.NotEqual(before, items[0].Version);

        using var other = Create();
        Assert.Equal(40, other.Items.Count());
        Assert.True(other.Items.All(i => i.Name.EndsWith("!")));
    }

    [Fact]
    public void A_concurrency_failure_names_the_entry_whose_row_changed()
    {
        using var first = Create();
        var items = Enumerable.Range(0, 10).Select(i => new Item { Name = $"n{i}" }).ToList();
        first.AddRange(items);
        first.SaveChanges();

        using (var second = Create())
        {
            second.Items.Single(i => i.Id == items[6].Id).Name = "changed by another";
            second.SaveChanges();
        }

        foreach (var item in items)
            item.Name += "?";
        var exception = Assert.Throws<DbUpdateConcurrencyException>(() => first.SaveChanges());
        Assert.Same(items[6], Assert.Single(exception.Entries).Entity);

        // Nothing of the batch stayed.
        using var third = Create();
        Assert.Equal(0, third.Items.Count(i => i.Name.EndsWith("?")));

        exception.Entries[0].OriginalValues.SetValues(exception.Entries[0].GetDatabaseValues()!);
        first.SaveChanges();
        Assert.Equal(10, third.Items.Count(i => i.Name.EndsWith("?")));
    }

    [Fact]
    public void A_property_token_guards_null_as_well_as_values()
    {
        var id = Guid.CreateVersion7();
        using var first = Create();
        var token = new Token { Id = id, Text = "t" };
        first.Add(token);
        first.SaveChanges();

        using (var second = Create())
        {
            second.Set<Token>().Single(t => t.Id == id).Owner = "someone";
            second.SaveChanges();
        }

        token.Text = "u";
        Assert.Throws<DbUpdateConcurrencyException>(() => first.SaveChanges());
    }

    [Fact]
    public void Deleting_what_is_gone_is_a_concurrency_failure()
    {
        using var first = Create();
        var item = new Item { Name = "x" };
        first.Add(item);
        first.SaveChanges();
        using (var second = Create())
            second.Items.Where(i => i.Id == item.Id).ExecuteDelete();
        first.Remove(item);
        Assert.Throws<DbUpdateConcurrencyException>(() => first.SaveChanges());
    }

    [Fact]
    public void Hi_lo_keys_come_in_blocks_of_one_sequence()
    {
        using var context = Create();
        var blocks = Enumerable.Range(0, 25).Select(i => new Block { Name = $"b{i}" }).ToList();
        context.AddRange(blocks);
        Assert.Equal(3, _commands.Texts.Count(t => t.Contains("NEXT VALUE FOR")) + 0 * context.SaveChanges());
        Assert.Equal(25, blocks.Select(b => b.Id).Distinct().Count());
        Assert.Equal(25, context.Set<Block>().AsNoTracking().Count());
    }

    [Fact]
    public void Tables_of_one_hierarchy_share_their_keys()
    {
        using var context = Create();
        context.AddRange(new Cat { Name = "c", Lives = 9 }, new Dog { Name = "d", Toy = "ball" }, new Cat { Name = "e" });
        context.SaveChanges();
        using var other = Create();
        var animals = other.Set<Animal>().OrderBy(a => a.Name).ToList();
        Assert.Equal(3, animals.Select(a => a.Id).Distinct().Count());
        Assert.Equal(9, Assert.IsType<Cat>(animals[0]).Lives);
        Assert.Equal("ball", Assert.IsType<Dog>(animals[1]).Toy);
        Assert.Equal(2, other.Set<Cat>().Count());
    }

    [Fact]
    public void A_member_of_a_document_is_changed_without_writing_the_document()
    {
        int id;
        using (var context = Create())
        {
            var document = new Document
            {
                Content = new Content { Title = "t", Pages = 3, Chapters = { new Chapter { Name = "one" }, new Chapter { Name = "two" } } },
                Labels = ["a", "b"],
            };
            context.Add(document);
            context.SaveChanges();
            id = document.Id;
        }

        using (var context = Create())
        {
            var document = context.Set<Document>().Single(d => d.Id == id);
            document.Content.Pages = 4;
            context.SaveChanges();
            Assert.Contains("json_set", _commands.Texts[^1]);
            document.Content.Title = null;
            document.Content.Chapters[1].Done = true;
            context.SaveChanges();
            document.Content.Read = new DateTime(2024, 2, 29, 1, 2, 3);
            document.Content.Chapters.Add(new Chapter { Name = "it's \"three\"" });
            document.Labels.Add("c");
            context.SaveChanges();
        }

        using (var context = Create())
        {
            var document = context.Set<Document>().Single(d => d.Id == id);
            Assert.Equal((null, 4, new DateTime(2024, 2, 29, 1, 2, 3)), (document.Content.Title, document.Content.Pages, document.Content.Read));
            Assert.Equal([("one", false), ("two", true), ("it's \"three\"", false)], document.Content.Chapters.Select(c => (c.Name, c.Done)));
            Assert.Equal(["a", "b", "c"], document.Labels);
            Assert.Equal(1, context.Set<Document>().Count(d => d.Content.Chapters.Any(c => c.Done) && d.Content.Pages == 4));
        }
    }

    [Fact]
    public void Rows_are_updated_and_deleted_by_query()
    {
        using var context = Create();
        context.AddRange(Enumerable.Range(0, 30).Select(i => new Item { Name = $"n{i}", Number = i, Box = i % 10 == 0 ? new Box { Label = $"b{i}" } : null }));
        context.SaveChanges();
        context.ChangeTracker.Clear();

        Assert.Equal(10, context.Items.Where(i => i.Number < 10).ExecuteUpdate(s => s.SetProperty(i => i.Number, i => i.Number * 100).SetProperty(i => i.Name, "low")));
        Assert.Equal(10, context.Items.Count(i => i.Name == "low"));
        Assert.Equal(4500, context.Items.Where(i => i.Name == "low").Sum(i => i.Number));
        Assert.Equal(3, context.Items.Join(context.Boxes, i => i.BoxId, b => (int?)b.Id, (item, box) => new { item, box })
            .ExecuteUpdate(s => s.SetProperty(x => x.item.Name, x => x.box.Label)));
        Assert.Equal(["b0", "b10", "b20"], context.Items.Where(i => i.BoxId != null).Select(i => i.Name).OrderBy(n => n).ToList());
        Assert.Equal(1, context.Items.Where(i => i.Box!.Label == "b20").ExecuteDelete());
        Assert.Equal(5, context.Items.OrderByDescending(i => i.Number).Take(5).ExecuteDelete());
        Assert.Equal(24, context.Items.Count());
    }

    [Fact]
    public void A_savepoint_takes_back_what_came_after_it()
    {
        using var context = Create();
        using var transaction = context.Database.BeginTransaction();
        context.Add(new Item { Name = "kept" });
        context.SaveChanges();
        transaction.CreateSavepoint("s");
        context.Add(new Item { Name = "dropped" });
        context.SaveChanges();
        transaction.RollbackToSavepoint("s");
        transaction.Commit();
        using var other = Create();
        Assert.Equal(["kept"], other.Items.Select(i => i.Name).ToList());
    }

    [Fact]
    public void A_violated_key_says_which_and_leaves_nothing_behind()
    {
        var id = Guid.CreateVersion7();
        using (var context = Create())
        {
            context.Add(new Token { Id = id, Text = "a" });
            context.SaveChanges();
        }

        using (var context = Create())
        {
            context.AddRange(new Token { Id = Guid.CreateVersion7(), Text = "new" }, new Token { Id = id, Text = "again" });
            var exception = Assert.Throws<DbUpdateException>(() => context.SaveChanges());
            var inner = Assert.IsType<BareMetalException>(exception.InnerException);
            Assert.Equal("23505", inner.SqlState);
            Assert.Equal("Token", inner.TableName);
        }

        using var other = Create();
        Assert.Equal(["a"], other.Set<Token>().Select(t => t.Text).ToList());
    }

    [Fact]
    public async Task Everything_works_without_blocking_too()
    {
        await using var context = Create();
        context.Add(new Box { Label = "a", Items = { new Item { Name = "x" } } });
        await context.SaveChangesAsync();
        var box = await context.Boxes.AsNoTracking().Include(b => b.Items).SingleAsync();
        Assert.Equal("x", Assert.Single(box.Items).Name);
        Assert.Equal(1, await context.Items.ExecuteUpdateAsync(s => s.SetProperty(i => i.Name, "y")));
        Assert.Equal("y", await context.Items.AsNoTracking().Select(i => i.Name).SingleAsync());
    }

    [Fact]
    public void Eight_tasks_write_while_others_read()
    {
        Parallel.For(
            0, 8, task =>
            {
                for (var round = 0; round < 10; round++)
                {
                    using var context = Create();
                    context.Add(new Item { Name = $"t{task}", Number = round });
                    context.SaveChanges();
                    Assert.True(context.Items.Count(i => i.Name == $"t{task}") == round + 1);
                }
            });
        using var other = Create();
        Assert.Equal(80, other.Items.Count());
    }
}
