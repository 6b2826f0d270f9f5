namespace BareMetal.Data.Sql.Syntax;

internal sealed class CreateSchemaStatement : Statement
{
    public required Identifier Name { get; init; }

    public bool IfNotExists { get; init; }
}

internal enum ObjectKind : byte
{
    Schema, Table, View, Index, Sequence, Column, Constraint, Database,
}

/// <summary>DROP SCHEMA | TABLE | VIEW | INDEX | SEQUENCE. A schema's name stands in <see cref="ObjectName.Name"/>.</summary>
internal sealed class DropStatement : Statement
{
    public required ObjectKind Kind { get; init; }

    public required ObjectName[] Names { get; init; }

    public bool IfExists { get; init; }

    /// <summary>CASCADE; otherwise RESTRICT.</summary>
    public bool Cascade { get; init; }
}

/// <summary>ALTER SCHEMA | VIEW | INDEX | SEQUENCE | TABLE … RENAME TO.</summary>
internal sealed class RenameStatement : Statement
{
    public required ObjectKind Kind { get; init; }

    public required ObjectName Name { get; init; }

    public required Identifier NewName { get; init; }

    public bool IfExists { get; init; }
}

/// <summary>ALTER TABLE | VIEW | SEQUENCE … SET SCHEMA.</summary>
internal sealed class SetSchemaStatement : Statement
{
    public required ObjectKind Kind { get; init; }

    public required ObjectName Name { get; init; }

    public required Identifier NewSchema { get; init; }

    public bool IfExists { get; init; }
}

internal sealed class CreateTableStatement : Statement
{
    public required ObjectName Name { get; init; }

    public bool IfNotExists { get; init; }

    public bool Temporary { get; init; }

    public ColumnDefinition[] Columns { get; init; } = [];

    /// <summary>The constraints of the table; those written on a column are on the column.</summary>
    public TableConstraint[] Constraints { get; init; } = [];

    /// <summary>WITH (option = value, …): the options of the table.</summary>
    public TableOption[] Options { get; init; } = [];

    /// <summary>ON COMMIT PRESERVE ROWS | DELETE ROWS | DROP.</summary>
    public Catalog.OnCommit OnCommit { get; init; }

    /// <summary>CREATE TABLE … AS; <see cref="AsColumns"/> are its column names.</summary>
    public Query? As { get; init; }

    public Identifier[] AsColumns { get; init; } = [];

    /// <summary>False for WITH NO DATA.</summary>
    public bool WithData { get; init; } = true;
}

internal enum GeneratedKind : byte
{
    None, Stored, Virtual,
}

internal enum IdentityKind : byte
{
    None, Always, ByDefault,
}

internal sealed class ColumnDefinition : SyntaxNode
{
    public required Identifier Name { get; init; }

    public required TypeName Type { get; init; }

    public ObjectName? Collation { get; init; }

    public bool NotNull { get; init; }

    public Expression? Default { get; init; }

    /// <summary>The expression as it was written, which the catalog keeps.</summary>
    public string? DefaultText { get; init; }

    public GeneratedKind Generated { get; init; }

    public Expression? GeneratedExpression { get; init; }

    public string? GeneratedText { get; init; }

    public IdentityKind Identity { get; init; }

    public SequenceOptions? IdentityOptions { get; init; }

    /// <summary>PRIMARY KEY, UNIQUE, CHECK and REFERENCES written on the column; PRIMARY KEY, UNIQUE and REFERENCES name the column.</summary>
    public TableConstraint[] Constraints { get; init; } = [];
}

internal abstract class TableConstraint : SyntaxNode
{
    /// <summary>The name; null when the engine is to make one.</summary>
    public Identifier? Name { get; init; }
}

internal sealed class KeyConstraint : TableConstraint
{
    /// <summary>PRIMARY KEY, otherwise UNIQUE.</summary>
    public required bool IsPrimary { get; init; }

    public required Identifier[] Columns { get; init; }

    public Identifier[] Include { get; init; } = [];

    /// <summary>UNIQUE NULLS NOT DISTINCT.</summary>
    public bool NullsNotDistinct { get; init; }
}

internal sealed class CheckConstraint : TableConstraint
{
    public required Expression Expression { get; init; }

    /// <summary>The expression as it was written, which the catalog keeps.</summary>
    public required string Text { get; init; }
}

internal enum ReferentialActionName : byte
{
    NoAction, Restrict, Cascade, SetNull, SetDefault,
}

internal sealed class ForeignKeyConstraint : TableConstraint
{
    public required Identifier[] Columns { get; init; }

    public required ObjectName Table { get; init; }

    /// <summary>The referenced columns; empty for the primary key.</summary>
    public Identifier[] ReferencedColumns { get; init; } = [];

    public ReferentialActionName OnDelete { get; init; }

    public ReferentialActionName OnUpdate { get; init; }

    public bool MatchFull { get; init; }

    public bool Deferrable { get; init; }

    public bool InitiallyDeferred { get; init; }
}

internal sealed class AlterTableStatement : Statement
{
    public required ObjectName Name { get; init; }

    public bool IfExists { get; init; }

    /// <summary>What to do, in order. Renames and SET SCHEMA are statements of their own kind, except of columns and constraints.</summary>
    public required AlterTableAction[] Actions { get; init; }
}

internal abstract class AlterTableAction : SyntaxNode;

/// <summary>An option of a table: name and value as written, no value for RESET.</summary>
internal sealed class TableOption : SyntaxNode
{
    public required Identifier Name { get; init; }

    public string? Value { get; init; }
}

/// <summary>SET (option = value, …) and RESET (option, …).</summary>
internal sealed class SetTableOptionsAction : AlterTableAction
{
    public required TableOption[] Options { get; init; }
}

internal sealed class AddColumnAction : AlterTableAction
{
    public required ColumnDefinition Column { get; init; }

    public bool IfNotExists { get; init; }
}

internal sealed class DropColumnAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public bool IfExists { get; init; }

    public bool Cascade { get; init; }
}

internal sealed class AlterColumnTypeAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public required TypeName Type { get; init; }

    public ObjectName? Collation { get; init; }

    /// <summary>USING; null for the cast.</summary>
    public Expression? Using { get; init; }
}

/// <summary>SET DEFAULT, or DROP DEFAULT (<see cref="Default"/> null).</summary>
internal sealed class AlterColumnDefaultAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public required Expression? Default { get; init; }

    public string? Text { get; init; }
}

/// <summary>SET NOT NULL and DROP NOT NULL.</summary>
internal sealed class AlterColumnNullAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public required bool NotNull { get; init; }
}

internal enum IdentityChange : byte
{
    Add, Set, Drop,
}

/// <summary>ADD GENERATED … AS IDENTITY, SET GENERATED … and sequence options, DROP IDENTITY.</summary>
internal sealed class AlterColumnIdentityAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public required IdentityChange Change { get; init; }

    /// <summary>The kind to set; None when only options change, and for a drop.</summary>
    public IdentityKind Kind { get; init; }

    public SequenceOptions? Options { get; init; }

    public bool IfExists { get; init; }
}

/// <summary>DROP EXPRESSION [IF EXISTS], or SET EXPRESSION AS (…).</summary>
internal sealed class AlterColumnExpressionAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    /// <summary>The new expression; null to drop it.</summary>
    public required Expression? Expression { get; init; }

    public string? Text { get; init; }

    public bool IfExists { get; init; }
}

internal sealed class RenameColumnAction : AlterTableAction
{
    public required Identifier Column { get; init; }

    public required Identifier NewName { get; init; }
}

internal sealed class RenameConstraintAction : AlterTableAction
{
    public required Identifier Constraint { get; init; }

    public required Identifier NewName { get; init; }
}

internal sealed class AddConstraintAction : AlterTableAction
{
    public required TableConstraint Constraint { get; init; }

    /// <summary>NOT VALID: rows already there are not checked.</summary>
    public bool NotValid { get; init; }
}

internal sealed class DropConstraintAction : AlterTableAction
{
    public required Identifier Constraint { get; init; }

    public bool IfExists { get; init; }

    public bool Cascade { get; init; }
}

internal sealed class IndexItem : SyntaxNode
{
    /// <summary>A <see cref="ColumnExpression"/> of one part for a column, otherwise any expression.</summary>
    public required Expression Expression { get; init; }

    /// <summary>The item as it was written, which the catalog keeps for expressions.</summary>
    public required string Text { get; init; }

    public ObjectName? Collation { get; init; }

    public bool Descending { get; init; }

    public bool? NullsFirst { get; init; }
}

internal sealed class CreateIndexStatement : Statement
{
    /// <summary>The name; null when the engine is to make one.</summary>
    public Identifier? Name { get; init; }

    public required ObjectName Table { get; init; }

    public bool Unique { get; init; }

    public bool IfNotExists { get; init; }

    /// <summary>USING method (lower case); null for btree.</summary>
    public string? Method { get; init; }

    public required IndexItem[] Items { get; init; }

    public Identifier[] Include { get; init; } = [];

    public bool NullsNotDistinct { get; init; }

    public Expression? Where { get; init; }

    public string? WhereText { get; init; }
}

/// <summary>REINDEX INDEX | TABLE name.</summary>
internal sealed class ReindexStatement : Statement
{
    public required ObjectKind Kind { get; init; }

    public required ObjectName Name { get; init; }
}

/// <summary>The options of a sequence; null means unsaid.</summary>
internal sealed class SequenceOptions : SyntaxNode
{
    public TypeName? Type { get; init; }

    public long? Start { get; init; }

    public long? Increment { get; init; }

    public long? MinValue { get; init; }

    /// <summary>NO MINVALUE.</summary>
    public bool NoMinValue { get; init; }

    public long? MaxValue { get; init; }

    /// <summary>NO MAXVALUE.</summary>
    public bool NoMaxValue { get; init; }

    public long? Cache { get; init; }

    public bool? Cycle { get; init; }

    /// <summary>RESTART, with <see cref="RestartWith"/> when a value is given.</summary>
    public bool Restart { get; init; }

    public long? RestartWith { get; init; }

    /// <summary>OWNED BY table.column as its parts; one part "none" for OWNED BY NONE.</summary>
    public Identifier[]? OwnedBy { get; init; }
}

internal sealed class CreateSequenceStatement : Statement
{
    public required ObjectName Name { get; init; }

    public bool IfNotExists { get; init; }

    public bool Temporary { get; init; }

    public required SequenceOptions Options { get; init; }
}

internal sealed class AlterSequenceStatement : Statement
{
    public required ObjectName Name { get; init; }

    public bool IfExists { get; init; }

    public required SequenceOptions Options { get; init; }
}

internal sealed class CreateViewStatement : Statement
{
    public required ObjectName Name { get; init; }

    public bool OrReplace { get; init; }

    public bool Temporary { get; init; }

    public Identifier[] Columns { get; init; } = [];

    public required Query Query { get; init; }

    /// <summary>WITH [LOCAL | CASCADED] CHECK OPTION.</summary>
    public Catalog.ViewCheckOption CheckOption { get; init; }

    /// <summary>The query as it was written, which the catalog keeps.</summary>
    public required string Text { get; init; }
}

/// <summary>COMMENT ON SCHEMA | TABLE | VIEW | COLUMN | INDEX | SEQUENCE | CONSTRAINT | DATABASE.</summary>
internal sealed class CommentStatement : Statement
{
    public required ObjectKind Kind { get; init; }

    /// <summary>The object; for a column its table, for a constraint the table after ON.</summary>
    public required ObjectName Name { get; init; }

    /// <summary>The column or constraint.</summary>
    public Identifier? Member { get; init; }

    /// <summary>The comment; null removes it.</summary>
    public required string? Comment { get; init; }
}
