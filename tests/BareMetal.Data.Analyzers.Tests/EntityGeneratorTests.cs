using Microsoft.CodeAnalysis;
using Xunit;

namespace BareMetal.Data.Analyzers.Tests;

public sealed class EntityGeneratorTests
{
    private const string Rich = """
        using System;
        using System.ComponentModel.DataAnnotations;
        using System.ComponentModel.DataAnnotations.Schema;
        using BareMetal.Data;

        namespace Shop.Model;

        public enum Colour : byte { Red, Green = 7 }

        public sealed class Address
        {
            public string Street { get; set; } = "";
            public string? City { get; init; }
            public int Number { get; set; }
            public decimal? Rent { get; set; }
            public Colour Door { get; set; }
            public Colour? Roof { get; set; }
            public DateOnly Since { get; set; }
            public TimeOnly? Opens { get; set; }
            public TimeSpan Walk { get; set; }
            public Guid? Plot { get; set; }
            public byte[]? Photo { get; set; }
            public char Door2 { get; set; }
            public DateTimeOffset Seen { get; set; }
        }

        public struct Size
        {
            public double Width { get; set; }
            public double? Height { get; set; }
        }

        public abstract class Base
        {
            public DateTime Created { get; set; }
        }

        [Entity(Table = "items", Version = 3)]
        [EntityIndex(nameof(Name), nameof(Colour), IsUnique = true)]
        [EntityIndex("Size.Width", Name = "by_width")]
        public partial class Item : Base
        {
            public long Id { get; set; }
            [MaxLength(40)] public required string Name { get; init; }
            [Column("note")] public string? Note { get; set; }
            [Column(TypeName = "decimal(18,4)")] public decimal Price { get; set; }
            public Colour Colour { get; set; }
            public Colour? Other { get; set; }
            public bool @class { get; set; }
            public int? Count { get; set; }
            public byte[] Data { get; set; } = [];
            public TimeSpan? Wait { get; set; }
            public ulong Big { get; set; }
            public char Letter { get; set; }
            [NotMapped] public Version? Ignored { get; set; }
            public string Computed => Name + Note;
            [EntityObject] public Address? Home { get; set; }
            [EntityObject(EntityObjectStorage.Columns)] public Size Size { get; set; }
        }

        public static partial class Outer
        {
            [Entity]
            internal partial class Pair
            {
                [Key] public Guid Left { get; set; }
                [Key] public int Right { get; set; }
            }
        }
        """;

    [Fact]
    public void What_is_generated_compiles_without_a_warning()
    {
        GeneratorDriver driver = new(Rich);
        Assert.Empty(driver.Diagnostics);
        Assert.Empty(driver.CompilerDiagnostics);
        Assert.Equal(["Shop.Model.Item.Entity.g.cs", "Shop.Model.Outer.Pair.Entity.g.cs"], driver.Result.GeneratedSources.Select(s => s.HintName).Order());
        string item = driver.Generated("Shop.Model.Item.Entity.g.cs");
        Assert.Contains("\"varchar(40)\"", item);
        Assert.Contains("\"decimal(18,4)\"", item);
        Assert.Contains("\"Size_Width\"", item);
        Assert.Contains("IsIdentity = true", item);
        Assert.DoesNotContain("Ignored", item);
        Assert.DoesNotContain("Computed", item);
        Assert.DoesNotContain("IsIdentity", driver.Generated("Shop.Model.Outer.Pair.Entity.g.cs"));
    }

    [Fact]
    public void The_mapping_is_written_only_where_EF_Core_is_referenced_and_compiles_there()
    {
        Assert.DoesNotContain(new GeneratorDriver(Rich).Result.GeneratedSources, s => s.HintName.Contains("ModelBuilder"));
        GeneratorDriver driver = new(Rich, entityFramework: true);
        Assert.Empty(driver.CompilerDiagnostics);
        string mapping = driver.Generated("GeneratedEntityModelBuilderExtensions.g.cs");
        Assert.Contains("ApplyGeneratedEntities", mapping);
        Assert.Contains("ToTable(\"items\")", mapping);
        Assert.Contains("HasKey(\"Left\", \"Right\")", mapping);
    }

    [Theory]
    [InlineData("BMD0001", "[Entity] public class A { public int Id { get; set; } }")]
    [InlineData("BMD0001", "public class Outer { [Entity] public partial class A { public int Id { get; set; } } }")]
    [InlineData("BMD0002", "[Entity] public partial class A { public int Number { get; set; } }")]
    [InlineData("BMD0003", "[Entity] public partial class A { public int Id { get; set; } public object? Thing { get; set; } }")]
    [InlineData("BMD0003", "public class B { public object? C { get; set; } } [Entity] public partial class A { public int Id { get; set; } [EntityObject] public B? Thing { get; set; } }")]
    [InlineData("BMD0004", "[Entity] public partial class A { public int Id { get; init; } }")]
    [InlineData("BMD0005", "public class B { public int C { get; set; } } [Entity] public partial class A { public int Id { get; set; } [EntityObject(EntityObjectStorage.Columns)] public B? Thing { get; set; } }")]
    [InlineData("BMD0006", "[Entity, EntityIndex(\"Nmae\")] public partial class A { public int Id { get; set; } public string Name { get; set; } = \"\"; }")]
    [InlineData("BMD0007", "[Entity] public partial class A { public int Id { get; set; } public string Name { get; set; } = \"\"; [System.ComponentModel.DataAnnotations.Schema.Column(\"name\")] public string Other { get; set; } = \"\"; }")]
    [InlineData("BMD0008", "[Entity] public partial class A<T> { public int Id { get; set; } }")]
    [InlineData("BMD0008", "[Entity] public abstract partial class A { public int Id { get; set; } }")]
    [InlineData("BMD0008", "[Entity] public partial class A(int x) { public int Id { get; set; } = x; }")]
    public void What_cannot_be_stored_is_reported_where_it_stands(string id, string source)
    {
        GeneratorDriver driver = new("using BareMetal.Data;\n" + source);
        Diagnostic diagnostic = Assert.Single(driver.Diagnostics);
        Assert.Equal(id, diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Equal("Probe.cs", diagnostic.Location.GetLineSpan().Path);
        Assert.Equal(1, diagnostic.Location.GetLineSpan().StartLinePosition.Line);
        Assert.Empty(driver.Result.GeneratedSources);
    }

    private const string Small = "using BareMetal.Data;\n[Entity(Version = 2)] public partial class Box { public int Id { get; set; } public string Name { get; set; } = \"\"; }";

    [Fact]
    public void A_schema_recorded_under_its_version_is_fine()
        => Assert.Empty(new GeneratorDriver(Small, lockFile: $"# entities\nBox 1 0123456789abcdef\nBox 2 {HashOf(Small)}\n").Diagnostics);

    [Fact]
    public void Without_a_lock_file_nothing_is_compared() => Assert.Empty(new GeneratorDriver(Small).Diagnostics);

    [Fact]
    public void A_change_under_the_same_version_is_an_error_that_names_the_next()
    {
        Diagnostic diagnostic = Assert.Single(new GeneratorDriver(Small, lockFile: "Box 2 0123456789abcdef").Diagnostics);
        Assert.Equal("BMD0010", diagnostic.Id);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.Contains($"Box 3 {HashOf(Small)}", diagnostic.GetMessage());
    }

    [Theory]
    [InlineData("Box 1 0123456789abcdef")]
    [InlineData("Other 2 0123456789abcdef")]
    [InlineData("")]
    public void A_version_that_is_not_recorded_is_a_warning_with_the_line_to_add(string lockFile)
    {
        Diagnostic diagnostic = Assert.Single(new GeneratorDriver(Small, lockFile: lockFile).Diagnostics);
        Assert.Equal("BMD0011", diagnostic.Id);
        Assert.Contains($"Box 2 {HashOf(Small)}", diagnostic.GetMessage());
    }

    [Fact]
    public void A_version_older_than_recorded_is_an_error()
        => Assert.Equal("BMD0012", Assert.Single(new GeneratorDriver(Small, lockFile: "Box 5 0123456789abcdef").Diagnostics).Id);

    [Fact]
    public void The_hash_follows_the_schema_and_nothing_else()
    {
        string hash = HashOf(Small);
        Assert.Equal(hash, HashOf(Small.Replace("Version = 2", "Version = 9").Replace("{ get; set; } }", "{ get; set; }\n\n  public string Both => Id + Name; }")));
        Assert.NotEqual(hash, HashOf(Small.Replace("string Name", "string? Name")));
        Assert.NotEqual(hash, HashOf(Small.Replace("string Name", "string Title")));
        Assert.NotEqual(hash, HashOf(Small.Replace("[Entity(", "[EntityIndex(\"Name\"), Entity(")));
        Assert.NotEqual(hash, HashOf(Small.Replace("int Id", "long Id")));
    }

    [Fact]
    public void An_unrelated_edit_runs_nothing_again()
    {
        GeneratorDriver driver = new(Rich);
        driver.Add("namespace Elsewhere { public class Other { public int X; } }");
        var outputs = driver.Result.TrackedSteps[EntityGenerator.EntitiesStep].SelectMany(s => s.Outputs);
        Assert.All(outputs, o => Assert.True(o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, o.Reason.ToString()));
        Assert.All(
            driver.Result.TrackedOutputSteps.SelectMany(s => s.Value).SelectMany(s => s.Outputs),
            o => Assert.True(o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, o.Reason.ToString()));
    }

    private static string HashOf(string source)
    {
        GeneratorDriver driver = new(source);
        string code = Assert.Single(driver.Result.GeneratedSources).SourceText.ToString();
        int at = code.IndexOf("\"Box\", \"Box\", ", StringComparison.Ordinal);
        int quote = code.IndexOf('"', at + 15);
        return code.Substring(quote + 1, 16);
    }
}
