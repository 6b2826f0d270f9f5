namespace BareMetal.Data.Execution.Operators;

/// <summary>A range of a scan that others read other ranges of at the same time.</summary>
/// <param name="Scan">Which scan of the plan.</param>
/// <param name="Low">The first key, inclusive; empty for the tree's first.</param>
/// <param name="High">The end, exclusive; empty for the tree's end.</param>
internal sealed record ScanPart(ScanSettings Scan, byte[] Low, byte[] High);
