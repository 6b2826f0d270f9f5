using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace BareMetal.Data.EntityFrameworkCore.Tests.Migrations.Catalogue;

/// <summary>Everything that migrations and scaffolding carry. A new feature is a line here.</summary>
public static class FeatureCatalogue
{
    public static Feature[] All { get; } =
    [
        // Tables and schemas.
        new("table", _ => { }, Thing(_ => { })),
        new("table_without_key", _ => { }, b => b.Entity("Thing", e => { e.Property<int>("A"); e.HasNoKey(); e.ToTable("Thing"); })),
        new("table_composite_key", _ => { }, b => b.Entity("Thing", e => { e.Property<int>("A"); e.Property<string>("B").HasMaxLength(9); e.HasKey("B", "A"); e.ToTable("Thing"); })),
        new("table_named_key", Thing(_ => { }), b => b.Entity("Thing", e => { e.Property<int>("Id"); e.HasKey("Id").HasName("my_key"); e.ToTable("Thing"); })),
        new("table_comment", Thing(_ => { }), Thing(e => e.ToTable("Thing", t => t.HasComment("it's\nlong")))),
        new("table_comment_changed", Thing(e => e.ToTable("Thing", t => t.HasComment("one"))), Thing(e => e.ToTable("Thing", t => t.HasComment("two")))),
        new("table_renamed", Thing(e => e.ToTable("Old")), Thing(e => e.ToTable("New"))),
        new("table_schema", _ => { }, Thing(e => e.ToTable("Thing", "other"))),
        new("table_moved", b => { Thing(e => e.ToTable("Thing", "here"))(b); b.HasSequence("k", "there"); }, b => { Thing(e => e.ToTable("Thing", "there"))(b); b.HasSequence("k", "here"); }),
        new("default_schema", _ => { }, b => { b.HasDefaultSchema("mine"); Thing(e => { e.Property<int?>("ParentId"); e.HasOne("Thing").WithMany().HasForeignKey("ParentId"); })(b); }),
        new("table_compressed", Thing(e => e.Property<string>("Text")), Thing(e => { e.Property<string>("Text"); e.ToTable("Thing", t => t.HasCompression()); })),
        new("view_excluded", Thing(_ => { }), b => { Thing(e => e.Property<int>("More"))(b); b.Entity("Seen", e => { e.Property<int>("Id"); e.HasNoKey(); e.ToView("Seen"); }); }),
        new("excluded_from_migrations", Thing(_ => { }), b => { Thing(e => e.Property<int>("More"))(b); b.Entity("Else", e => { e.Property<int>("Id"); e.HasKey("Id"); e.ToTable("Else", t => t.ExcludeFromMigrations()); }); }),
        new("strange_names", _ => { }, b => b.Entity("Thing", e => { e.Property<int>("Id"); e.Property<string>("Text").HasColumnName("it's \"a\" column; -- x"); e.HasKey("Id"); e.HasIndex("Text").HasDatabaseName("an \"index\""); e.ToTable("a \"table\" of things"); })),

        // Columns.
        .. Types(),
        new("column_nullable", Thing(e => e.Property<int>("A")), Thing(e => e.Property<int?>("A"))),
        new("column_required", Thing(e => e.Property<string>("A")), Thing(e => e.Property<string>("A").IsRequired().HasDefaultValue("x"))),
        new("column_comment", Thing(e => e.Property<int>("A")), Thing(e => e.Property<int>("A").HasComment("a 'number'"))),
        new("column_collation", Thing(e => e.Property<string>("A")), Thing(e => e.Property<string>("A").UseCollation("ordinal_ci"))),
        new("column_renamed", Thing(e => e.Property<int>("A").HasColumnName("Old")), Thing(e => e.Property<int>("A").HasColumnName("New"))),
        new("column_widened", Thing(e => e.Property<int>("A")), Thing(e => e.Property<long>("A"))),
        new("column_longer", Thing(e => e.Property<string>("A").HasMaxLength(10)), Thing(e => e.Property<string>("A").HasMaxLength(20))),
        new("column_precision", Thing(e => e.Property<decimal>("A").HasPrecision(8, 2)), Thing(e => e.Property<decimal>("A").HasPrecision(12, 4))),
        new("column_converted", Thing(e => e.Property<string>("A")), Thing(e => e.Property<int?>("A"))),
        new("column_text_to_json", Thing(e => e.Property<string>("A").HasColumnType("text")), Thing(e => e.Property<string>("A").HasColumnType("json"))),
        new("column_order", _ => { }, Thing(e => { e.Property<int>("A").HasColumnOrder(2); e.Property<int>("B").HasColumnOrder(1); e.Property<int>("Id").HasColumnOrder(0); })) { Lost = ["AlterColumn"] }, // EF Core scaffolds an order for every table; it has no statement
        new("column_fixed_length", Thing(_ => { }), Thing(e => e.Property<string>("A").HasMaxLength(7).IsFixedLength())),

        // Defaults.
        new("default_int", Thing(e => e.Property<int>("A")), Thing(e => e.Property<int>("A").HasDefaultValue(7))),
        new("default_negative", Thing(_ => { }), Thing(e => e.Property<long>("A").HasDefaultValue(-7L))),
        new("default_string", Thing(_ => { }), Thing(e => e.Property<string>("A").HasDefaultValue("it's \\ \n here"))),
        new("default_bool", Thing(_ => { }), Thing(e => e.Property<bool>("A").HasDefaultValue(true))),
        new("default_decimal", Thing(_ => { }), Thing(e => e.Property<decimal>("A").HasDefaultValue(1.50m))),
        new("default_double", Thing(_ => { }), Thing(e => e.Property<double>("A").HasDefaultValue(0.25))),
        new("default_guid", Thing(_ => { }), Thing(e => e.Property<Guid>("A").HasDefaultValue(new Guid("11111111-2222-3333-4444-555555555555")))),
        new("default_datetime", Thing(_ => { }), Thing(e => e.Property<DateTime>("A").HasDefaultValue(new DateTime(2024, 2, 29, 1, 2, 3)))),
        new("default_date", Thing(_ => { }), Thing(e => e.Property<DateOnly>("A").HasDefaultValue(new DateOnly(2024, 2, 29)))),
        new("default_time", Thing(_ => { }), Thing(e => e.Property<TimeOnly>("A").HasDefaultValue(new TimeOnly(1, 2, 3)))),
        new("default_timespan", Thing(_ => { }), Thing(e => e.Property<TimeSpan>("A").HasDefaultValue(new TimeSpan(1, 2, 3, 4)))),
        new("default_offset", Thing(_ => { }), Thing(e => e.Property<DateTimeOffset>("A").HasDefaultValue(new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.FromHours(2))))),
        new("default_sql", Thing(e => e.Property<DateTime>("A")), Thing(e => e.Property<DateTime>("A").HasDefaultValueSql("now()"))),
        new("default_changed", Thing(e => e.Property<int>("A").HasDefaultValue(1)), Thing(e => e.Property<int>("A").HasDefaultValue(2))),
        new("default_value_to_sql", Thing(e => e.Property<int>("A").HasDefaultValue(1)), Thing(e => e.Property<int>("A").HasDefaultValueSql("1 + 1"))),

        // Generated columns and values.
        new("computed_virtual", Thing(e => e.Property<int>("A")), Thing(e => { e.Property<int>("A"); e.Property<int>("Twice").HasComputedColumnSql("\"A\" * 2", stored: false); })),
        new("computed_stored", Thing(e => e.Property<int>("A")), Thing(e => { e.Property<int>("A"); e.Property<int>("Twice").HasComputedColumnSql("\"A\" * 2", stored: true); })),
        new("computed_changed", Computed("\"A\" * 2", true), Computed("\"A\" * 3", true)),
        new("computed_made_stored", Computed("\"A\" * 2", false), Computed("\"A\" * 2", true)),
        new("computed_indexed", Computed("\"A\" * 2", true, indexed: true), Computed("\"A\" + 5", true, indexed: true)),
        new("computed_made_plain", Computed("\"A\" * 2", true), Thing(e => { e.Property<int>("A"); e.Property<int>("Twice"); })),
        new("computed_comment_collation", Thing(e => e.Property<string>("A")), Thing(e => { e.Property<string>("A"); e.Property<string>("U").HasComputedColumnSql("upper(\"A\")", stored: true).UseCollation("ordinal_ci").HasComment("up"); })),
        new("row_version", Thing(_ => { }), Thing(e => e.Property<byte[]>("Version").IsRequired().IsRowVersion())),
        new("row_version_number", Thing(_ => { }), Thing(e => e.Property<ulong>("Version").IsRowVersion())),
        new("identity_none", Thing(_ => { }), Thing(e => e.Property<int>("Id").ValueGeneratedNever())),
        new("identity_options", Thing(_ => { }), Thing(e => e.Property<int>("Id").UseIdentityColumn(100, 5))),
        new("identity_long", _ => { }, b => b.Entity("Thing", e => { e.Property<long>("Id").UseIdentityColumn(seed: 1, increment: 3); e.HasKey("Id"); e.ToTable("Thing"); })),
        new("identity_not_key", Thing(_ => { }), Thing(e => { e.Property<int>("Id").ValueGeneratedNever(); e.Property<int>("No").UseIdentityColumn(); })),
        new("identity_key_widened", Thing(_ => { }), b => b.Entity("Thing", e => { e.Property<long>("Id"); e.HasKey("Id"); e.ToTable("Thing"); })),
        new("key_hilo", _ => { }, b => { b.UseHiLo(); Thing(_ => { })(b); }),
        new("key_sequence", _ => { }, b => { b.UseKeySequences(); Thing(_ => { })(b); }),
        new("guid_key", _ => { }, b => b.Entity("Thing", e => { e.Property<Guid>("Id"); e.HasKey("Id"); e.ToTable("Thing"); })),

        // Indexes.
        new("index", Two(_ => { }), Two(e => e.HasIndex("A"))),
        new("index_composite", Two(_ => { }), Two(e => e.HasIndex("B", "A"))),
        new("index_unique", Two(e => e.HasIndex("A")), Two(e => e.HasIndex("A").IsUnique())),
        new("index_named", Two(e => e.HasIndex("A")), Two(e => e.HasIndex("A").HasDatabaseName("my_index"))),
        new("index_two_on_one_column", Two(_ => { }), Two(e => { e.HasIndex(["A"], "one"); e.HasIndex(["A"], "two").IsDescending(); })),
        new("index_descending", Two(_ => { }), Two(e => e.HasIndex("A", "B").IsDescending())),
        new("index_mixed", Two(e => e.HasIndex("A", "B")), Two(e => e.HasIndex("A", "B").IsDescending(false, true))),
        new("index_filtered", Two(e => e.HasIndex("A")), Two(e => e.HasIndex("A").HasFilter("\"A\" > 5"))),
        new("index_unique_filtered", Two(_ => { }), Two(e => e.HasIndex("A").IsUnique().HasFilter("\"B\" IS NOT NULL"))),
        new("index_included", Two(e => e.HasIndex("A")), Two(e => e.HasIndex("A").IncludeProperties("B"))),
        new("index_nulls_not_distinct", Two(e => e.HasIndex("A", "B").IsUnique()), Two(e => e.HasIndex("A", "B").IsUnique().AreNullsDistinct(false))),

        // Keys, foreign keys, checks.
        new("key_added", b => b.Entity("Thing", e => { e.Property<int>("A"); e.HasNoKey(); e.ToTable("Thing"); }), b => b.Entity("Thing", e => { e.Property<int>("A").ValueGeneratedNever(); e.HasKey("A"); e.ToTable("Thing"); })),
        new("key_changed", Two(e => e.Property<int>("Id").ValueGeneratedNever()), b => b.Entity("Thing", e => { e.Property<int>("Id").ValueGeneratedNever(); e.Property<int>("A"); e.Property<string>("B"); e.HasKey("Id", "A"); e.ToTable("Thing"); })),
        new("alternate_key", Two(_ => { }), Two(e => e.HasAlternateKey("A"))),
        new("alternate_key_named", Two(_ => { }), b => b.Entity("Thing", e => { e.Property<int>("Id"); e.Property<int>("A"); e.Property<string>("B").IsRequired(); e.HasKey("Id"); e.HasAlternateKey("B", "A").HasName("AK_my"); e.ToTable("Thing"); })),
        new("foreign_key", Parents(_ => { }), Parents(e => e.HasOne("Parent").WithMany().HasForeignKey("ParentId"))),
        new("foreign_key_named", Parents(_ => { }), Parents(e => e.HasOne("Parent").WithMany().HasForeignKey("ParentId").HasConstraintName("my_fk"))),
        .. Enum.GetValues<DeleteBehavior>().Where(d => d is DeleteBehavior.Cascade or DeleteBehavior.Restrict or DeleteBehavior.SetNull or DeleteBehavior.NoAction)
            .Select(d => new Feature("foreign_key_" + d, Parents(_ => { }), Parents(e => e.HasOne("Parent").WithMany().HasForeignKey("ParentId").OnDelete(d)))),
        new("foreign_key_one_to_one", Parents(_ => { }), Parents(e => e.HasOne("Parent").WithOne().HasForeignKey("Child", "ParentId"))),
        new("foreign_key_composite", _ => { }, b =>
        {
            b.Entity("Parent", e => { e.Property<int>("A"); e.Property<string>("B").HasMaxLength(5); e.HasKey("A", "B"); e.ToTable("Parent"); });
            b.Entity("Child", e => { e.Property<int>("Id"); e.Property<int>("PA"); e.Property<string>("PB").HasMaxLength(5).IsRequired(); e.HasKey("Id"); e.HasOne("Parent").WithMany().HasForeignKey("PA", "PB"); e.ToTable("Child"); });
        }),
        new("foreign_key_self", Thing(e => e.Property<int?>("ParentId")), Thing(e => { e.Property<int?>("ParentId"); e.HasOne("Thing").WithMany().HasForeignKey("ParentId"); })),
        new("foreign_key_to_alternate", _ => { }, b =>
        {
            b.Entity("Parent", e => { e.Property<int>("Id"); e.Property<int>("Code"); e.HasKey("Id"); e.HasAlternateKey("Code"); e.ToTable("Parent"); });
            b.Entity("Child", e => { e.Property<int>("Id"); e.Property<int>("ParentCode"); e.HasKey("Id"); e.HasOne("Parent").WithMany().HasForeignKey("ParentCode").HasPrincipalKey("Code"); e.ToTable("Child"); });
        }) { Lost = ["Index"] }, // EF Core scaffolds the key that is referred to, and a unique index beside it
        new("many_to_many", _ => { }, b => { b.Entity<Left>().ToTable("Left"); b.Entity<Right>().ToTable("Right"); b.Entity<Left>().HasMany(l => l.Rights).WithMany(r => r.Lefts); }),
        new("check", Two(_ => { }), Two(e => e.ToTable("Thing", t => t.HasCheckConstraint("CK_A", "\"A\" > 0")))),
        new("check_changed", Two(e => e.ToTable("Thing", t => t.HasCheckConstraint("CK_A", "\"A\" > 0"))), Two(e => e.ToTable("Thing", t => t.HasCheckConstraint("CK_A", "\"A\" > 1")))),
        new("check_two", Two(_ => { }), Two(e => e.ToTable("Thing", t => { t.HasCheckConstraint("CK_A", "\"A\" > 0"); t.HasCheckConstraint("CK_B", "\"B\" <> 'it''s'"); }))),

        // Sequences.
        new("sequence", _ => { }, b => b.HasSequence("S")),
        new("sequence_int", _ => { }, b => b.HasSequence<int>("S")),
        new("sequence_short", _ => { }, b => b.HasSequence<short>("S")),
        new("sequence_all", b => b.HasSequence("S"), b => b.HasSequence("S").StartsAt(3).IncrementsBy(2).HasMin(2).HasMax(900).IsCyclic()),
        new("sequence_down", _ => { }, b => b.HasSequence("S").StartsAt(-1).IncrementsBy(-2)),
        new("sequence_increment", b => b.HasSequence("S"), b => b.HasSequence("S").IncrementsBy(5)),
        new("sequence_start", b => b.HasSequence("S"), b => b.HasSequence("S").StartsAt(50)),
        new("sequence_renamed", b => b.HasSequence("S"), b => b.HasSequence("T")),
        new("sequence_moved", b => { b.HasSequence("S"); b.HasSequence("U", "other"); }, b => { b.HasSequence("S", "other"); b.HasSequence("U"); }),
        new("sequence_default", b => { b.HasSequence("S"); Two(_ => { })(b); }, b => { b.HasSequence("S"); Two(e => e.Property<int>("A").HasDefaultValueSql("nextval('\"S\"')"))(b); }),

        // Mapping strategies and documents.
        new("tph", _ => { }, b => { b.Entity<Animal>().ToTable("Animals"); b.Entity<Cat>(); b.Entity<Dog>(); }),
        new("tph_to_tpt", b => { b.Entity<Animal>().ToTable("Animals"); b.Entity<Cat>(); b.Entity<Dog>(); }, Tpt),
        new("tpt", _ => { }, Tpt),
        new("tpc", _ => { }, b => { b.Entity<Animal>().UseTpcMappingStrategy(); b.Entity<Cat>().ToTable("Cats"); b.Entity<Dog>().ToTable("Dogs"); }),
        new("owned", _ => { }, b => { b.Entity<Owner>().ToTable("Owners"); b.Entity<Owner>().OwnsOne(o => o.Home); b.Entity<Owner>().OwnsMany(o => o.Places); }),
        new("owned_json", _ => { }, b => { b.Entity<Owner>().ToTable("Owners"); b.Entity<Owner>().OwnsOne(o => o.Home, h => h.ToJson()); b.Entity<Owner>().OwnsMany(o => o.Places, p => p.ToJson("places")); }),
        new("owned_jsonb", _ => { }, b => { b.Entity<Owner>().ToTable("Owners"); b.Entity<Owner>().OwnsOne(o => o.Home, h => h.ToJson().HasColumnType("jsonb")); b.Entity<Owner>().OwnsMany(o => o.Places, p => p.ToJson("places")); }),
        new("complex", _ => { }, b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.ComplexProperty(o => o.Home); e.Ignore(o => o.Places); })),
        new("complex_json", _ => { }, b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.ComplexProperty(o => o.Home, c => c.ToJson()); e.ComplexCollection(o => o.Places, c => c.ToJson()); })),
        new("json_index", b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.ComplexProperty(o => o.Home, c => c.ToJson()); e.Ignore(o => o.Places); }), b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.ComplexProperty(o => o.Home, c => c.ToJson()); e.Ignore(o => o.Places); e.HasJsonIndex(o => o.Home.Street); e.HasJsonIndex(o => o.Home.Number, "by_number", unique: true); })),
        new("json_index_with_table", _ => { }, b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.OwnsOne(o => o.Home, c => c.ToJson("the home")); e.Ignore(o => o.Places); e.HasJsonIndex(o => new { o.Home.Street, o.Home.Number }); })),
        new("json_index_with_column", b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.Ignore(o => o.Home); e.Ignore(o => o.Places); }), b => b.Entity<Owner>(e => { e.ToTable("Owners"); e.ComplexProperty(o => o.Home, c => c.ToJson()); e.Ignore(o => o.Places); e.HasJsonIndex(o => o.Home.Street); })),
        new("expression_index", Thing(e => e.Property<string>("Name")), Thing(e => { e.Property<string>("Name"); e.HasExpressionIndex("by_lower", "lower(\"Name\")"); })),
        new("primitive_collection", b => b.Entity<Collector>(e => { e.ToTable("Collectors"); e.Ignore(c => c.Numbers); e.Ignore(c => c.Words); }), b => b.Entity<Collector>().ToTable("Collectors")),
        new("array_column", Thing(_ => { }), Thing(e => e.Property<int[]>("Numbers").HasColumnType("integer[]"))),
        new("table_splitting", b => b.Entity<Left>(e => { e.ToTable("Both"); e.Ignore(l => l.Rights); }), b =>
        {
            b.Entity<Left>(e => { e.ToTable("Both"); e.Ignore(l => l.Rights); e.HasOne<Right>().WithOne().HasForeignKey<Right>(r => r.Id); });
            b.Entity<Right>(e => { e.ToTable("Both"); e.Ignore(r => r.Lefts); e.Property(r => r.Name).HasColumnName("RightName"); });
        }),
        new("seeds", Thing(e => e.Property<string>("Name")), Thing(e => { e.Property<string>("Name"); e.HasData(new { Id = 1, Name = "it's" }, new { Id = 2, Name = "two" }); })),
    ];

    private static Action<ModelBuilder> Thing(Action<EntityTypeBuilder> more)
        => b => b.Entity(
            "Thing", e =>
            {
                e.Property<int>("Id");
                e.HasKey("Id");
                e.ToTable("Thing");
                more(e);
            });

    private static Action<ModelBuilder> Two(Action<EntityTypeBuilder> more)
        => Thing(
            e =>
            {
                e.Property<int>("A");
                e.Property<string>("B");
                more(e);
            });

    private static Action<ModelBuilder> Computed(string sql, bool stored, bool indexed = false)
        => Thing(
            e =>
            {
                e.Property<int>("A");
                e.Property<int>("Twice").HasComputedColumnSql(sql, stored);
                if (indexed)
                    e.HasIndex("Twice");
            });

    private static Action<ModelBuilder> Parents(Action<EntityTypeBuilder> more)
        => b =>
        {
            b.Entity("Parent", e => { e.Property<int>("Id"); e.HasKey("Id"); e.ToTable("Parent"); });
            b.Entity("Child", e => { e.Property<int>("Id"); e.Property<int?>("ParentId"); e.HasKey("Id"); e.ToTable("Child"); more(e); });
        };

    private static void Tpt(ModelBuilder b)
    {
        b.Entity<Animal>().UseTptMappingStrategy().ToTable("Animals");
        b.Entity<Cat>().ToTable("Cats");
        b.Entity<Dog>().ToTable("Dogs");
    }

    private static IEnumerable<Feature> Types()
    {
        (Type Type, string? Store)[] types =
        [
            (typeof(bool), null), (typeof(sbyte), null), (typeof(byte), null), (typeof(short), null), (typeof(ushort), null), (typeof(int), null), (typeof(uint), null),
            (typeof(long), null), (typeof(ulong), null), (typeof(float), null), (typeof(double), null), (typeof(decimal), null), (typeof(decimal), "decimal(9,3)"),
            (typeof(string), null), (typeof(string), "varchar(40)"), (typeof(string), "char(4)"), (typeof(string), "json"), (typeof(string), "jsonb"), (typeof(byte[]), null), (typeof(Guid), null),
            (typeof(DateTime), null), (typeof(DateTime), "date"), (typeof(DateTime), "timestamptz"), (typeof(DateTimeOffset), null), (typeof(DateOnly), null), (typeof(TimeOnly), null), (typeof(TimeSpan), null),
            (typeof(char), null), (typeof(DayOfWeek), null),
        ];
        foreach (var (type, store) in types)
        {
            var name = "type_" + (store is null ? type.Name.Replace("[]", "s") : new string([.. store.Select(c => char.IsLetterOrDigit(c) ? c : '_')]) + "_" + type.Name);
            yield return new Feature(
                name, Thing(_ => { }), Thing(
                    e =>
                    {
                        var required = e.Property(type, "A").IsRequired();
                        var optional = e.Property(type.IsValueType ? typeof(Nullable<>).MakeGenericType(type) : type, "B").IsRequired(false);
                        if (store is null)
                            return;
                        required.HasColumnType(store);
                        optional.HasColumnType(store);
                    }));
        }
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
        public string? Trick { get; set; }
    }

    public sealed class Owner
    {
        public int Id { get; set; }

        public Place Home { get; set; } = new();

        public List<Place> Places { get; } = [];
    }

    public sealed class Place
    {
        public string Street { get; set; } = "";

        public int? Number { get; set; }
    }

    public sealed class Collector
    {
        public int Id { get; set; }

        public List<int>? Numbers { get; set; }

        public string[] Words { get; set; } = [];
    }

    public sealed class Left
    {
        public int Id { get; set; }

        public string? Name { get; set; }

        public List<Right> Rights { get; } = [];
    }

    public sealed class Right
    {
        public int Id { get; set; }

        public string? Name { get; set; }

        public List<Left> Lefts { get; } = [];
    }
}
