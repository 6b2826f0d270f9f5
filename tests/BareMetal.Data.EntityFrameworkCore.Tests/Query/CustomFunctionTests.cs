using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Query;

public sealed class CustomFunctionTests
{
    private static readonly BareMetalFunctions Functions = new BareMetalFunctions()
        .AddScalar("slug", (string s) => s.ToLowerInvariant().Replace(' ', '-'), isDeterministic: true)
        .AddAggregate("longest", () => "", (string state, string s) => s.Length > state.Length ? s : state, state => state)
        .AddTable("letters", (string s) => s.Select((c, i) => new { Position = i, Letter = c.ToString() }));

    [Fact]
    public void Queries_call_functions_in_CSharp()
    {
        using Db db = new(new DbContextOptionsBuilder<Db>().UseBareMetal($"Data Source=:memory:functions{Guid.NewGuid():N}", o => o.UseFunctions(Functions)).Options);
        db.Database.EnsureCreated();
        db.Posts.AddRange(new Post { Title = "Hello World", Kind = 1 }, new Post { Title = "Hi", Kind = 1 }, new Post { Title = "Good Day", Kind = 2 });
        db.SaveChanges();
        Assert.Equal("Hello World", db.Posts.Single(p => Db.Slug(p.Title) == "hello-world").Title);
        Assert.Equal(["good-day", "hello-world", "hi"], db.Posts.Select(p => Db.Slug(p.Title)).OrderBy(s => s));
        Assert.Equal("H,i", string.Join(",", db.Letters("Hi").OrderBy(l => l.Position).Select(l => l.Letter)));
        Assert.Equal(
            ["Good Day:d", "Hello World:d", "Hi:i"],
            db.Posts.SelectMany(p => db.Letters(p.Title).OrderByDescending(l => l.Position).Take(1), (p, l) => p.Title + ":" + (l.Letter == "y" ? "d" : l.Letter)).OrderBy(s => s));
        Assert.Equal(["Hello World", "Good Day"], db.Database.SqlQuery<string>($"""SELECT longest("Title") AS "Value" FROM "Posts" GROUP BY "Kind" ORDER BY "Kind" """));
    }

    public sealed class Post
    {
        public int Id { get; set; }
        public string Title { get; set; } = "";
        public int Kind { get; set; }
    }

    public sealed class LetterRow
    {
        public int Position { get; set; }
        public string Letter { get; set; } = "";
    }

    public sealed class Db(DbContextOptions<Db> options) : DbContext(options)
    {
        public DbSet<Post> Posts => Set<Post>();

        [DbFunction("slug")]
        public static string Slug(string s) => throw new NotSupportedException();

        public IQueryable<LetterRow> Letters(string text) => FromExpression(() => Letters(text));

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<LetterRow>().HasNoKey();
            modelBuilder.HasDbFunction(typeof(Db).GetMethod(nameof(Letters))!).HasName("letters");
        }
    }
}
