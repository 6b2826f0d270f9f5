using BareMetal.Data.Storage;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>An object of the catalog. Immutable: a change makes a new object with the same <see cref="Id"/> and a higher version.</summary>
internal abstract record CatalogObject
{
    /// <summary>Never reused.</summary>
    public required long Id { get; init; }

    /// <summary>Grows with each change of the object; plans depend on (id, version).</summary>
    public int Version { get; init; } = 1;

    public required string Name { get; init; }

    /// <summary>The schema it lies in; null for schemas themselves.</summary>
    public string? Schema { get; init; }

    public string? Comment { get; init; }
}

internal sealed record SchemaObject : CatalogObject;

/// <summary>A table. Columns are in ordinal order; dropped ones are gone from here but remain in the schema history.</summary>
internal sealed record Table : CatalogObject
{
    /// <summary>The clustered tree: key → row.</summary>
    public required TreeId Tree { get; init; }

    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>Null: rows are clustered by a hidden row id (bigint, from <see cref="RowIdSequence"/>).</summary>
    public KeyConstraint? PrimaryKey { get; init; }

    /// <summary>Storage sequence of hidden row ids; 0 when there is a primary key.</summary>
    public ulong RowIdSequence { get; init; }

    /// <summary>Unique constraints other than the primary key; each is enforced by the index named by its IndexId.</summary>
    public IReadOnlyList<KeyConstraint> UniqueConstraints { get; init; } = [];

    /// <summary>Secondary indexes, those of unique constraints included.</summary>
    public IReadOnlyList<TableIndex> Indexes { get; init; } = [];

    public IReadOnlyList<ForeignKey> ForeignKeys { get; init; } = [];

    /// <summary>How rows too large for a page are stored from now on; those that are there stay as they are until they are written again.</summary>
    public TableCompression Compression { get; init; }

    public IReadOnlyList<CheckConstraint> Checks { get; init; } = [];

    /// <summary>Of a temporary table: what becomes of its rows, or of itself, when a transaction commits. Not stored.</summary>
    public OnCommit OnCommit { get; init; }

    /// <summary>The id that the next new column takes.</summary>
    public int NextColumnId { get; init; } = 1;

    /// <summary>Version under which rows are written now; see <see cref="SchemaHistory"/>.</summary>
    public required int RowSchemaVersion { get; init; }

    /// <summary>Every row layout that a stored row may still have, by row schema version: column ids and types, and evaluated defaults for columns added later.</summary>
    public required IReadOnlyList<RowSchema> SchemaHistory { get; init; }

    public Column? FindColumn(string name)
    {
        foreach (Column c in Columns)
        {
            if (string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase))
                return c;
        }

        return null;
    }

    public Column? FindColumn(int id)
    {
        foreach (Column c in Columns)
        {
            if (c.Id == id)
                return c;
        }

        return null;
    }
}

/// <summary>How large values of a table are stored.</summary>
internal enum TableCompression : byte
{
    None,
    Brotli,
}

/// <summary>A row layout of one schema version.</summary>
internal sealed record RowSchema(int Version, IReadOnlyList<RowSchemaColumn> Columns);

/// <summary>A column as rows of a schema version store it.</summary>
internal sealed record RowSchemaColumn(int ColumnId, SqlType Type);

internal sealed record Column
{
    /// <summary>Unique within the table, never reused: dropping and adding a name again never shows old data.</summary>
    public required int Id { get; init; }

    /// <summary>Position in <see cref="Table.Columns"/>.</summary>
    public required int Ordinal { get; init; }

    public required string Name { get; init; }

    public required SqlType Type { get; init; }

    public bool IsNullable { get; init; } = true;

    /// <summary>SQL text of the default, null without.</summary>
    public string? DefaultSql { get; init; }

    /// <summary>SQL text of a generated column.</summary>
    public string? GeneratedSql { get; init; }

    /// <summary>Whether a generated column is stored (otherwise virtual: computed when read).</summary>
    public bool IsStored { get; init; }

    public IdentityOptions? Identity { get; init; }

    public string? Comment { get; init; }

    /// <summary>For rows written before the column was added: the default evaluated then, in the row codec's encoding; null is SQL NULL.</summary>
    public byte[]? MissingValue { get; init; }
}

/// <summary>GENERATED … AS IDENTITY; the counter is the named sequence object.</summary>
internal sealed record IdentityOptions(bool IsAlways, long SequenceId);

internal enum KeyConstraintKind
{
    PrimaryKey,
    Unique,
}

internal sealed record KeyConstraint(KeyConstraintKind Kind, string Name, IReadOnlyList<int> ColumnIds)
{
    /// <summary>The index that enforces it; 0 for a primary key, which the clustered tree enforces.</summary>
    public long IndexId { get; init; }

    public string? Comment { get; init; }
}

/// <summary>A secondary index. Entry key: key parts, then (unless unique and no part null) the primary key; value: included columns and originals.</summary>
internal sealed record TableIndex : CatalogObject
{
    public required TreeId Tree { get; init; }

    public bool IsUnique { get; init; }

    /// <summary>Whether nulls count as equal for uniqueness (NULLS NOT DISTINCT).</summary>
    public bool NullsNotDistinct { get; init; }

    public required IReadOnlyList<IndexKeyPart> Keys { get; init; }

    public IReadOnlyList<int> IncludedColumnIds { get; init; } = [];

    /// <summary>SQL text of the predicate of a filtered index.</summary>
    public string? FilterSql { get; init; }
}

/// <summary>A part of an index key: a column, or an expression when <see cref="ExpressionSql"/> is set.</summary>
internal sealed record IndexKeyPart(int ColumnId, bool Descending, bool NullsFirst)
{
    public string? ExpressionSql { get; init; }

    public required SqlType Type { get; init; }
}

internal enum ReferentialAction
{
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

internal sealed record ForeignKey(
    string Name,
    IReadOnlyList<int> ColumnIds,
    long ReferencedTableId,
    IReadOnlyList<int> ReferencedColumnIds,
    ReferentialAction OnDelete,
    ReferentialAction OnUpdate)
{
    public string? Comment { get; init; }
}

internal sealed record CheckConstraint(string Name, string Sql)
{
    /// <summary>Whether it is the CHECK OPTION of the view of that name, within a statement.</summary>
    public bool IsViewOption { get; init; }

    public string? Comment { get; init; }
}

internal sealed record Sequence : CatalogObject
{
    public SqlType Type { get; init; } = SqlType.BigInt;
    public long StartValue { get; init; } = 1;
    public long Increment { get; init; } = 1;
    public long MinValue { get; init; } = 1;
    public long MaxValue { get; init; } = long.MaxValue;
    public bool IsCycle { get; init; }
    public int Cache { get; init; } = 1;

    /// <summary>Changes with RESTART and ALTER so that the storage counter begins anew.</summary>
    public required ulong StorageSequence { get; init; }

    /// <summary>The value that the storage counter's first number stands for: number n is BaseValue + n × Increment.</summary>
    public required long BaseValue { get; init; }

    /// <summary>Owned by an identity column: (table id, column id); null otherwise.</summary>
    public (long TableId, int ColumnId)? OwnedBy { get; init; }
}

internal sealed record View : CatalogObject
{
    public required string Sql { get; init; }

    /// <summary>The names given in CREATE VIEW; null when the query's own names hold.</summary>
    public IReadOnlyList<string>? ColumnNames { get; init; }

    /// <summary>What rows written through it must fulfil.</summary>
    public ViewCheckOption CheckOption { get; init; }

    /// <summary>Its columns as they were when it was made.</summary>
    public IReadOnlyList<ViewColumn> Columns { get; init; } = [];

    /// <summary>What its query names: they can't be dropped without it.</summary>
    public IReadOnlyList<ObjectDependency> Dependencies { get; init; } = [];
}

/// <summary>WITH CHECK OPTION: none, of the view itself, or also of the views that it reads.</summary>
internal enum ViewCheckOption : byte
{
    None,
    Local,
    Cascaded,
}

/// <summary>A column of a view.</summary>
internal sealed record ViewColumn(string Name, SqlType Type, bool IsNullable);

/// <summary>A reference to an object, or to one of its columns (0: the object as a whole).</summary>
internal readonly record struct ObjectDependency(long ObjectId, int ColumnId);
