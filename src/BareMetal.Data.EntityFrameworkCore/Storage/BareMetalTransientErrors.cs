namespace BareMetal.Data.EntityFrameworkCore.Storage;

/// <summary>Tells errors that can pass from those that cannot.</summary>
internal static class BareMetalTransientErrors
{
    /// <summary>Whether trying again can succeed: the engine says so of each of its errors.</summary>
    internal static bool IsTransient(Exception? exception)
        => exception is BareMetalException { IsTransient: true };
}
