namespace BareMetal.Data.Catalog;

/// <summary>A function context that knows the catalog which the statement sees; the catalog's own functions ask for it.</summary>
internal interface ICatalogSource
{
    CatalogSnapshot Catalog { get; }

    /// <summary>What is known of a table's rows; null when nothing is.</summary>
    Statistics.TableStatistics? StatisticsOf(Table table);
}
