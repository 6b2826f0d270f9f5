using System.ComponentModel.DataAnnotations.Schema;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.OneThreadChild;

/// <summary>A row.</summary>
[Table("items")]
internal sealed class Item
{
    [Column("id")]
    [DatabaseGenerated(DatabaseGeneratedOption.None)]
    public long Id { get; set; }

    [Column("name")]
    public required string Name { get; set; }
}

/// <summary>The model over a data source.</summary>
internal sealed class ItemContext(BareMetalDataSource source) : DbContext
{
    public DbSet<Item> Items => Set<Item>();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) => optionsBuilder.UseBareMetal(source);
}
