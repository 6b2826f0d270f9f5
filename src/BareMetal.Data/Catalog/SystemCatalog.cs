namespace BareMetal.Data.Catalog;

/// <summary>The schemas and views that every database has. They are not stored; their ids are negative.</summary>
internal static class SystemCatalog
{
    public const string InformationSchema = "information_schema";

    public const string EngineSchema = "bm_catalog";

    public static IReadOnlyList<CatalogObject> Objects { get; } =
    [
        new SchemaObject { Id = -1, Name = InformationSchema },
        new SchemaObject { Id = -2, Name = EngineSchema },
    ];
}
