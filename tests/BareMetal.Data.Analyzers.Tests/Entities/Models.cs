using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;

namespace BareMetal.Data.Analyzers.Tests.Entities;

public enum Level : byte
{
    Low,
    High = 9,
}

public sealed class Address
{
    public string Street { get; set; } = "";
    public string? City { get; set; }
    public int Number { get; set; }
    public decimal? Rent { get; set; }
    public Level Level { get; set; }
    public DateTime Since { get; set; }
}

public sealed class Size
{
    public double Width { get; set; }
    public int? Height { get; set; }
}

[Entity(Table = "customers")]
[EntityIndex(nameof(City), nameof(Name))]
[EntityIndex(nameof(Code), IsUnique = true)]
public sealed partial class Customer
{
    public long Id { get; set; }

    [MaxLength(40)]
    public required string Name { get; set; }

    public string? City { get; set; }
    public Guid Code { get; set; }

    [Column("balance", TypeName = "decimal(18,2)")]
    public decimal Balance { get; set; }

    public DateTime Created { get; set; }
    public DateOnly? Born { get; set; }
    public DateTimeOffset Seen { get; set; }
    public TimeSpan Wait { get; set; }
    public TimeOnly? Opens { get; set; }
    public Level Level { get; set; }
    public Level? Former { get; set; }
    public bool Active { get; set; }
    public byte[]? Photo { get; set; }
    public double Score { get; set; }
    public float? Weight { get; set; }
    public ushort Points { get; set; }

    [EntityObject]
    public Address? Home { get; set; }

    [EntityObject(EntityObjectStorage.Columns)]
    public Size Size { get; set; } = new();
}

[Entity]
public sealed partial class Line
{
    [Key]
    public Guid Order { get; set; }

    [Key]
    public int Position { get; set; }

    public string Text { get; set; } = "";
}

[Entity]
public sealed partial class Ticket
{
    public Guid Id { get; set; }
    public string Title { get; set; } = "";
}

/// <summary>The same table in three versions of a program.</summary>
public static partial class Versions
{
    [Entity(Table = "things", Version = 1)]
    public sealed partial class Thing1
    {
        public int Id { get; set; }
        public string Name { get; set; } = "";
        public int Count { get; set; }
        public string Old { get; set; } = "";
    }

    [Entity(Table = "things", Version = 2)]
    [EntityIndex(nameof(Price))]
    public sealed partial class Thing2
    {
        public int Id { get; set; }
        public string Name { get; set; } = "";
        public long Count { get; set; }
        public decimal Price { get; set; }
        public string? Note { get; set; }
        public Level Level { get; set; }
    }

    [Entity(Table = "things", Version = 2)]
    public sealed partial class Thing2Changed
    {
        public int Id { get; set; }
        public string Name { get; set; } = "";
    }
}
