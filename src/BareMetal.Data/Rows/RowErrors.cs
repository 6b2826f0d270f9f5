namespace BareMetal.Data.Rows;

/// <summary>Errors of bytes that are not a row, key or value of the layout they are read by.</summary>
internal static class RowErrors
{
    public static BareMetalException Corrupted(string what) => new(
        SqlStates.DataCorrupted,
        $"Stored bytes do not fit the layout they are read by: {what}.")
    {
        Hint = "Check the database's files and restore from a backup if pages are damaged.",
    };
}
