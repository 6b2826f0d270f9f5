using System.ComponentModel.DataAnnotations;
using BareMetal.Data;

namespace BareMetal.Samples.Aot;

/// <summary>What a sensor measures.</summary>
public enum Quantity
{
    /// <summary>Degrees Celsius.</summary>
    Temperature,

    /// <summary>Percent.</summary>
    Humidity,
}

/// <summary>Where a sensor hangs.</summary>
public sealed class Place
{
    /// <summary>The building.</summary>
    public string Building { get; set; } = "";

    /// <summary>The floor, from 0.</summary>
    public int Floor { get; set; }
}

/// <summary>A measurement.</summary>
[Entity(Table = "readings", Version = 1)]
[EntityIndex(nameof(Sensor), nameof(At))]
public sealed partial class Reading
{
    /// <summary>Given by the database.</summary>
    public long Id { get; set; }

    /// <summary>The sensor's name.</summary>
    [StringLength(20)]
    public required string Sensor { get; set; }

    /// <summary>When it was measured.</summary>
    public DateTime At { get; set; }

    /// <summary>What was measured.</summary>
    public Quantity Quantity { get; set; }

    /// <summary>The value in the quantity's unit.</summary>
    public decimal Value { get; set; }

    /// <summary>A remark, if there is one.</summary>
    public string? Remark { get; set; }

    /// <summary>Where the sensor hangs; stored as json.</summary>
    [EntityObject]
    public Place Place { get; set; } = new();
}
