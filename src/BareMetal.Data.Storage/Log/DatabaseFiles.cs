using System.Globalization;

namespace BareMetal.Data.Storage;

/// <summary>The names of the files of one database: the data file's own, and siblings that begin with it.</summary>
/// <param name="Data">Name of the data file.</param>
internal readonly record struct DatabaseFiles(string Data)
{
    private const string LogPart = "-log-";
    private const string ReservePart = "reserve";

    /// <summary>The data file while it is being made.</summary>
    public string Unfinished => Data + "-new";

    /// <summary>The file that carries the owner lock.</summary>
    public string Lock => Data + "-lock";

    /// <summary>The log extent that is kept for a full disk.</summary>
    public string Reserve => Data + LogPart + ReservePart;

    /// <summary>Who holds the log, beyond the life of a process.</summary>
    public string Fences => Data + "-fences";

    /// <summary>The checksums that the data file's pages have.</summary>
    public string Stamps => Data + "-stamps";

    /// <summary>Prefix of the temporary files for spilled page images, which are deleted at open.</summary>
    public string SpillPrefix => Data + "-spill";

    /// <summary>The checkpoint file: one is in use, the other takes over when writing the first fails.</summary>
    public string Checkpoint(int which) => Data + (which == 0 ? "-ckpt" : "-ckpt2");

    /// <summary>A log extent.</summary>
    public string Extent(ulong number) => Data + LogPart + number.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Whether a file is one of this database's log extents, and which.</summary>
    public bool IsExtent(string name, out ulong number)
    {
        number = 0;
        return name.Length == Data.Length + LogPart.Length + 16 &&
            name.StartsWith(Data, StringComparison.Ordinal) &&
            name.AsSpan(Data.Length).StartsWith(LogPart, StringComparison.Ordinal) &&
            ulong.TryParse(name.AsSpan(Data.Length + LogPart.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Whether a file belongs to this database besides the data file.</summary>
    public bool IsSibling(string name) =>
        name == Unfinished || name == Lock || name == Reserve || name == Fences || name == Stamps || name == Checkpoint(0) || name == Checkpoint(1) ||
        name.StartsWith(SpillPrefix, StringComparison.Ordinal) || IsExtent(name, out _);

    /// <summary>The numbers of all extents present, ascending.</summary>
    public List<ulong> ListExtents(IStorageProvider provider)
    {
        List<ulong> numbers = [];
        foreach (string name in provider.List())
        {
            if (IsExtent(name, out ulong number))
                numbers.Add(number);
        }

        numbers.Sort();
        return numbers;
    }
}
