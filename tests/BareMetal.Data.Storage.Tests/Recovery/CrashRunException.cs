namespace BareMetal.Data.Storage.Tests.Recovery;

/// <summary>A crash run found a broken promise.</summary>
internal sealed class CrashRunException(string message, Exception? inner) : Exception(message, inner);
