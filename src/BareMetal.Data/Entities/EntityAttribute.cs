namespace BareMetal.Data;

/// <summary>
/// Marks a partial class as an entity: the source generator writes its row codec, its schema and its EF Core mapping. The usual
/// attributes of System.ComponentModel.DataAnnotations say more about members: <c>[Key]</c>, <c>[Column]</c>, <c>[MaxLength]</c>,
/// <c>[NotMapped]</c>, <c>[DatabaseGenerated]</c>. Without <c>[Key]</c> a member <c>Id</c> is the key.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EntityAttribute : Attribute
{
    /// <summary>The table's name; the class's by default.</summary>
    public string? Table { get; set; }

    /// <summary>
    /// The version of the schema, to be raised with each change of it. Default 1. A database that holds an earlier version is brought
    /// up to this one when the set is first used; one that holds a later version is refused.
    /// </summary>
    public int Version { get; set; } = 1;
}
