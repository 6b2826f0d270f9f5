namespace BareMetal.Data.Storage.Trees;

/// <summary>What kind of thing a fault concerns.</summary>
internal enum IntegrityProblemKind
{
    /// <summary>A page can't be read, or its header is wrong.</summary>
    Page,

    /// <summary>The nodes of a tree: order, balance, separators.</summary>
    Tree,

    /// <summary>The pages of a large value.</summary>
    Value,

    /// <summary>The allocation maps against what is referred to.</summary>
    Allocation,

    /// <summary>A page that more than one place refers to.</summary>
    Shared,

    /// <summary>The directory of trees.</summary>
    Directory,

    /// <summary>The header of the data file.</summary>
    Header,

    /// <summary>The log.</summary>
    Log,
}

/// <summary>A fault that the integrity check found.</summary>
/// <param name="Page">The page concerned; none when it is not about a page.</param>
/// <param name="Tree">The tree that it was reached through.</param>
/// <param name="Message">What is wrong, with expected and actual.</param>
internal sealed record IntegrityProblem(PageId Page, TreeId Tree, string Message)
{
    /// <summary>What it concerns.</summary>
    public IntegrityProblemKind Kind { get; init; }

    /// <summary>The key of the entry concerned; null when it is not about one.</summary>
    public byte[]? Key { get; init; }

    /// <summary>The file concerned; null for the data file as the page store sees it.</summary>
    public string? File { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Kind}: {(File is null ? string.Empty : File + ", ")}page {Page}, tree {Tree}{(Key is null ? string.Empty : ", key " + Convert.ToHexString(Key))}: {Message}";
}
