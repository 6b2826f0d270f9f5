namespace BareMetal.Data.Storage.Log;

/// <summary>Takes records of the log: chunks of a commit come directly before it, nothing comes twice.</summary>
/// <param name="kind">Commit, chunk or counter's mark.</param>
/// <param name="payload">The record's payload.</param>
internal delegate void LogRecordSink(LogRecordKind kind, ReadOnlySpan<byte> payload);
