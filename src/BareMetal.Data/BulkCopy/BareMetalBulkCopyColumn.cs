namespace BareMetal.Data;

/// <summary>Which value of a source row goes into which column.</summary>
/// <param name="Source">The name of the source's column or property; null when <paramref name="SourceOrdinal"/> says it.</param>
/// <param name="Destination">The column of the table.</param>
/// <param name="SourceOrdinal">The position in the source, from 0; −1 when <paramref name="Source"/> says it.</param>
public readonly record struct BareMetalBulkCopyColumn(string? Source, string Destination, int SourceOrdinal = -1);
