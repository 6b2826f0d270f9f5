using Microsoft.EntityFrameworkCore;
using Xunit;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Update;

/// <summary>Entities written through stored procedures, and functions of the database in queries.</summary>
public sealed class StoredProcedureTests : IDisposable
{
    private readonly BareMetalDataSource _source = BareMetalDataSource.Create("Data Source=:memory:");

    public void Dispose() => _source.Dispose();

    public sealed class Part
    {
        public int Id { get; set; }

        public string Name { get; set; } = "";

        public int Version { get; set; }

        public int Doubled { get; set; }
    }

    public enum Style
    {
        Parameters,
        Results,
        ReturnValue,
    }

    [Theory]
    [InlineData(Style.Parameters, false)]
    [InlineData(Style.Parameters, true)]
    [InlineData(Style.Results, false)]
    [InlineData(Style.Results, true)]
    [InlineData(Style.ReturnValue, true)]
    public async Task Inserts_updates_and_deletes_go_through_procedures(Style style, bool async)
    {
        using (PartContext db = Make(style))
        {
            Part a = new() { Name = "a" };
            Part b = new() { Name = "b" };
            db.AddRange(a, b);
            Assert.Equal(2, await Save(db, async));
            Assert.Equal([1, 2], [a.Id, b.Id]);
            Assert.Equal([10, 20], [a.Doubled, b.Doubled]);
            a.Name = "changed";
            a.Version = 1;
            Part c = new() { Name = "c" };
            db.Remove(b);
            db.Add(c);
            Assert.Equal(3, await Save(db, async));
            Assert.Equal(3, c.Id);
        }

        using (PartContext db = Make(style))
        {
            Assert.Equal(["1 changed 1", "3 c 0"], db.Parts.OrderBy(p => p.Id).AsEnumerable().Select(p => $"{p.Id} {p.Name} {p.Version}"));
            Part stale = db.Parts.Single(p => p.Id == 1);
            db.Database.ExecuteSqlRaw("UPDATE \"Parts\" SET \"Version\" = 7 WHERE \"Id\" = 1");
            stale.Name = "lost";
            DbUpdateConcurrencyException e = await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => Save(db, async));
            Assert.Same(stale, Assert.Single(e.Entries).Entity);
        }

        using (PartContext db = Make(style))
            Assert.Equal("changed", db.Parts.Single(p => p.Id == 1).Name);
    }

    [Fact]
    public void A_procedure_that_fails_undoes_the_whole_save()
    {
        using PartContext db = Make(Style.Parameters);
        db.AddRange(new Part { Name = "good" }, new Part { Name = new string('x', 41) });
        Assert.Equal(SqlStates.StringTooLong, ((BareMetalException)Assert.Throws<DbUpdateException>(() => db.SaveChanges()).InnerException!).SqlState);
        Assert.Equal(0, db.Parts.Count());
    }

    [Fact]
    public void Raw_calls_give_entities_and_counts()
    {
        using PartContext db = Make(Style.Parameters);
        db.AddRange(new Part { Name = "a" }, new Part { Name = "b" });
        db.SaveChanges();
        db.Database.ExecuteSqlRaw("CREATE PROCEDURE all_parts() LANGUAGE SQL AS $$ SELECT * FROM \"Parts\" ORDER BY \"Id\" $$");
        db.Database.ExecuteSqlRaw("CREATE PROCEDURE clear_parts(least int) LANGUAGE SQL AS $$ DELETE FROM \"Parts\" WHERE \"Id\" >= least $$");
        Assert.Equal(["a", "b"], db.Parts.FromSqlRaw("CALL all_parts()").AsEnumerable().Select(p => p.Name));
        Assert.Equal(1, db.Database.ExecuteSqlInterpolated($"CALL clear_parts({2})"));
        Assert.Single(db.Parts.FromSqlRaw("CALL all_parts()").AsNoTracking().ToList());
    }

    [Fact]
    public async Task Mapped_functions_are_called_in_queries_and_seen_through()
    {
        using PartContext db = Make(Style.Parameters);
        db.Database.ExecuteSqlRaw("""
            CREATE SCHEMA tools;
            CREATE FUNCTION tools.twice(x int) RETURNS int RETURN x * 2;
            CREATE FUNCTION parts_from(least int) RETURNS SETOF "Parts" LANGUAGE SQL AS $$ SELECT * FROM "Parts" WHERE "Id" >= least $$;
            CREATE FUNCTION names(least int) RETURNS TABLE ("Id" int, "Text" text) LANGUAGE SQL AS $$ SELECT "Id", upper("Name") FROM "Parts" WHERE "Id" >= least $$;
            CREATE FUNCTION "CountFrom"(least int) RETURNS int LANGUAGE SQL AS $$ SELECT count(*)::int FROM "Parts" WHERE "Id" >= least $$;
            """);
        db.AddRange(new Part { Name = "a" }, new Part { Name = "b" }, new Part { Name = "c" });
        db.SaveChanges();
        Assert.Equal([2, 4, 6], db.Parts.OrderBy(p => p.Id).Select(p => PartContext.Twice(p.Id)));
        Assert.Equal([2], db.Parts.Where(p => PartContext.Twice(p.Id) == 4).Select(p => p.Id));
        Assert.Equal(["b", "c"], await db.PartsFrom(2).OrderBy(p => p.Name).Select(p => p.Name).ToListAsync());
        Assert.Equal(["B", "C"], db.NamesFrom(2).OrderBy(n => n.Text).Select(n => n.Text));
        Assert.Equal([3, 2, 1], db.Parts.OrderBy(p => p.Id).Select(p => db.CountFrom(p.Id)));
        Assert.Equal(["a: B", "a: C", "b: B", "b: C"], db.Parts.Where(p => p.Id < 3).OrderBy(p => p.Id)
            .SelectMany(p => db.NamesFrom(2), (p, n) => new { p.Name, n.Text }).OrderBy(x => x.Name).ThenBy(x => x.Text).AsEnumerable().Select(x => $"{x.Name}: {x.Text}"));
        Assert.Equal([3, 3, 3], db.Parts.OrderBy(p => p.Id).Select(p => db.PartsFrom(1).Count()));
        Assert.Equal(["a 1", "b 2", "c 3"], db.Parts.SelectMany(p => db.NamesFrom(p.Id).OrderBy(n => n.Id).Take(1), (p, n) => new { p.Name, n.Id })
            .OrderBy(x => x.Name).AsEnumerable().Select(x => $"{x.Name} {x.Id}"));
    }

    private static async Task<int> Save(DbContext db, bool async) => async ? await db.SaveChangesAsync() : db.SaveChanges();

    private PartContext Make(Style style)
    {
        PartContext db = new(_source, style);
        if (db.Database.EnsureCreated())
            db.Database.ExecuteSqlRaw(Procedures(style));
        return db;
    }

    private static string Procedures(Style style) => style switch
    {
        Style.Parameters => """
            CREATE PROCEDURE "Part_Insert"(name text, version int, OUT id int, OUT doubled int) LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO "Parts" ("Name", "Version") VALUES (name, version) RETURNING "Id", "Doubled" INTO id, doubled;
            END $$;
            CREATE PROCEDURE "Part_Update"(id int, old_version int, new_version int, name text, OUT doubled int, OUT rows int) LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE "Parts" SET "Name" = name, "Version" = new_version WHERE "Id" = id AND "Version" = old_version RETURNING "Doubled" INTO doubled;
                GET DIAGNOSTICS rows = ROW_COUNT;
            END $$;
            CREATE PROCEDURE "Part_Delete"(id int, old_version int, OUT rows int) LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM "Parts" WHERE "Id" = id AND "Version" = old_version;
                GET DIAGNOSTICS rows = ROW_COUNT;
            END $$;
            """,
        Style.Results => """
            CREATE PROCEDURE "Part_Insert"(name text, version int) LANGUAGE SQL AS $$
                INSERT INTO "Parts" ("Name", "Version") VALUES (name, version) RETURNING "Id", "Doubled" $$;
            CREATE PROCEDURE "Part_Update"(id int, old_version int, new_version int, name text, OUT doubled int) LANGUAGE plpgsql AS $$
            DECLARE rows int;
            BEGIN
                UPDATE "Parts" SET "Name" = name, "Version" = new_version WHERE "Id" = id AND "Version" = old_version RETURNING "Doubled" INTO doubled;
                GET DIAGNOSTICS rows = ROW_COUNT;
                SELECT rows;
            END $$;
            CREATE PROCEDURE "Part_Delete"(id int, old_version int) LANGUAGE plpgsql AS $$
            DECLARE rows int;
            BEGIN
                DELETE FROM "Parts" WHERE "Id" = id AND "Version" = old_version;
                GET DIAGNOSTICS rows = ROW_COUNT;
                SELECT rows;
            END $$;
            """,
        _ => """
            CREATE PROCEDURE "Part_Insert"(name text, version int, OUT id int) LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO "Parts" ("Name", "Version") VALUES (name, version) RETURNING "Id" INTO id;
                SELECT "Doubled" FROM "Parts" AS p WHERE p."Id" = "Part_Insert".id;
            END $$;
            CREATE PROCEDURE "Part_Update"(id int, old_version int, new_version int, name text, OUT doubled int) LANGUAGE plpgsql AS $$
            DECLARE rows int;
            BEGIN
                UPDATE "Parts" SET "Name" = name, "Version" = new_version WHERE "Id" = id AND "Version" = old_version RETURNING "Doubled" INTO doubled;
                GET DIAGNOSTICS rows = ROW_COUNT;
                RETURN rows;
            END $$;
            CREATE PROCEDURE "Part_Delete"(id int, old_version int) LANGUAGE plpgsql AS $$
            DECLARE rows int;
            BEGIN
                DELETE FROM "Parts" WHERE "Id" = id AND "Version" = old_version;
                GET DIAGNOSTICS rows = ROW_COUNT;
                RETURN rows;
            END $$;
            """,
    };

    [Keyless]
    public sealed class NameRow
    {
        public int Id { get; set; }

        public string Text { get; set; } = "";
    }

    private sealed class PartContext(BareMetalDataSource source, Style style) : DbContext
    {
        public DbSet<Part> Parts => Set<Part>();

        [DbFunction("twice", "tools")]
        public static int Twice(int x) => throw new NotSupportedException();

        [DbFunction("CountFrom")]
        public int CountFrom(int least) => throw new NotSupportedException();

        [DbFunction("parts_from")]
        public IQueryable<Part> PartsFrom(int least) => FromExpression(() => PartsFrom(least));

        [DbFunction("names")]
        public IQueryable<NameRow> NamesFrom(int least) => FromExpression(() => NamesFrom(least));

        protected override void OnConfiguring(DbContextOptionsBuilder options)
            => options.UseBareMetal(source).ReplaceService<Microsoft.EntityFrameworkCore.Infrastructure.IModelCacheKeyFactory, StyleKey>();

        protected override void OnModelCreating(ModelBuilder model)
        {
            model.Entity<NameRow>().ToView(null);
            var part = model.Entity<Part>();
            part.ToTable("Parts");
            part.Property(p => p.Name).HasMaxLength(40);
            part.Property(p => p.Version).IsConcurrencyToken();
            part.Property(p => p.Doubled).HasComputedColumnSql("\"Id\" * 10", stored: false);
            part.InsertUsingStoredProcedure("Part_Insert", p =>
            {
                p.HasParameter(x => x.Name);
                p.HasParameter(x => x.Version);
                if (Style == Style.Results)
                    p.HasResultColumn(x => x.Id);
                else
                    p.HasParameter(x => x.Id, o => o.IsOutput());
                if (Style == Style.Parameters)
                    p.HasParameter(x => x.Doubled, o => o.IsOutput());
                else
                    p.HasResultColumn(x => x.Doubled);
            });
            part.UpdateUsingStoredProcedure("Part_Update", p =>
            {
                p.HasOriginalValueParameter(x => x.Id);
                p.HasOriginalValueParameter(x => x.Version);
                p.HasParameter(x => x.Version);
                p.HasParameter(x => x.Name);
                p.HasParameter(x => x.Doubled, o => o.IsOutput());
                Count(p.HasRowsAffectedParameter, p.HasRowsAffectedResultColumn, p.HasRowsAffectedReturnValue);
            });
            part.DeleteUsingStoredProcedure("Part_Delete", p =>
            {
                p.HasOriginalValueParameter(x => x.Id);
                p.HasOriginalValueParameter(x => x.Version);
                Count(p.HasRowsAffectedParameter, p.HasRowsAffectedResultColumn, p.HasRowsAffectedReturnValue);
            });

            void Count(Func<object> parameter, Func<object> column, Func<bool, object> value)
            {
                switch (Style)
                {
                    case Style.Parameters: parameter(); break;
                    case Style.Results: column(); break;
                    default: value(true); break;
                }
            }
        }

        public Style Style { get; } = style;
    }

    private sealed class StyleKey : Microsoft.EntityFrameworkCore.Infrastructure.IModelCacheKeyFactory
    {
        public object Create(DbContext context, bool designTime) => (context.GetType(), ((PartContext)context).Style, designTime);
    }
}
