namespace BareMetal.Data.Storage.Pages;

/// <summary>How a read without a cursor ended.</summary>
internal enum PointRead
{
    /// <summary>The entry is there and its value was copied.</summary>
    Found,

    /// <summary>There is no such entry.</summary>
    Missing,

    /// <summary>A page is not in memory, or the value is large or longer than the buffer.</summary>
    UseCursor,
}
