namespace BareMetal.Data.Rows;

/// <summary>Where a row lies in a block of bytes such as a page.</summary>
internal readonly record struct RowRange(int Offset, int Length);
