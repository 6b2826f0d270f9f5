using System.Text;

namespace BareMetal.Data;

/// <summary>What an integrity check found wrong, or what its repair did.</summary>
public enum BareMetalIntegrityProblemKind
{
    /// <summary>A page can't be read, its checksum does not fit, or its header is wrong.</summary>
    Page,

    /// <summary>The nodes of a tree: order of keys, balance, separators.</summary>
    Tree,

    /// <summary>The pages of a large value.</summary>
    LargeValue,

    /// <summary>The allocation maps against what refers to pages: pages that leak, and used pages that count as free.</summary>
    Allocation,

    /// <summary>A page that more than one place refers to.</summary>
    SharedPage,

    /// <summary>The directory of trees.</summary>
    Directory,

    /// <summary>A copy of the data file's header.</summary>
    Header,

    /// <summary>The log.</summary>
    Log,

    /// <summary>The catalog: an entry that can't be decoded, an object that names another that does not exist.</summary>
    Catalog,

    /// <summary>A row that does not fit its schema version, or does not belong under its key.</summary>
    Row,

    /// <summary>A row without the index entry that it should have.</summary>
    IndexEntryMissing,

    /// <summary>An index entry that no row has.</summary>
    IndexEntryExtra,

    /// <summary>An index entry with the right key and another content than its row gives.</summary>
    IndexEntryWrong,

    /// <summary>A null in a column that can't be null.</summary>
    NotNull,

    /// <summary>A row that breaks a check constraint.</summary>
    Check,

    /// <summary>Rows with the same unique key.</summary>
    Unique,

    /// <summary>A row that refers to one that does not exist.</summary>
    ForeignKey,

    /// <summary>A counter (row ids, object ids, row versions) that would give a number again.</summary>
    Counter,

    /// <summary>The database can't be opened.</summary>
    Open,

    /// <summary>Not a problem: something was repaired.</summary>
    Repaired,

    /// <summary>A repair that was tried and failed.</summary>
    NotRepaired,
}

/// <summary>One finding of an integrity check, with its place.</summary>
public sealed record BareMetalIntegrityProblem
{
    /// <summary>What it concerns.</summary>
    public required BareMetalIntegrityProblemKind Kind { get; init; }

    /// <summary>What is wrong, with what was expected.</summary>
    public required string Message { get; init; }

    /// <summary>The file; null when it is the data file or not about a file.</summary>
    public string? File { get; init; }

    /// <summary>The page of the data file; null when it is not about a page.</summary>
    public long? Page { get; init; }

    /// <summary>The schema of the table; null when none is concerned.</summary>
    public string? SchemaName { get; init; }

    /// <summary>The table; null when none is concerned.</summary>
    public string? TableName { get; init; }

    /// <summary>The index; null when none is concerned.</summary>
    public string? IndexName { get; init; }

    /// <summary>The constraint; null when none is concerned.</summary>
    public string? ConstraintName { get; init; }

    /// <summary>The key of the row or entry: its columns and values, or its bytes in hexadecimal when they can't be told.</summary>
    public string? Key { get; init; }

    /// <summary>Whether <see cref="BareMetalIntegrityOptions.Repair"/> can put it right.</summary>
    public bool CanRepair { get; init; }

    /// <summary>The problem in a line.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(Kind);
        if (File is not null)
            text.Append(", file ").Append(File);
        if (Page is { } page)
            text.Append(", page ").Append(page);
        if (TableName is not null)
            text.Append(", table ").Append(SchemaName).Append('.').Append(TableName);
        if (IndexName is not null)
            text.Append(", index ").Append(IndexName);
        if (ConstraintName is not null)
            text.Append(", constraint ").Append(ConstraintName);
        if (Key is not null)
            text.Append(", key ").Append(Key);
        return text.Append(": ").Append(Message).ToString();
    }
}
