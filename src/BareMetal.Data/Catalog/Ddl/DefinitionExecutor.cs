using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>
/// Carries out definition statements. Everything goes through the transaction: a failing statement, a rolled-back savepoint or
/// transaction leaves no trace. The caller has taken the catalog's lock, so that DDL transactions come one after another.
/// </summary>
internal sealed partial class DefinitionExecutor(DefinitionContext context)
{
    private readonly DefinitionContext _context = context;
    private readonly TableData _data = new(context);

    private CatalogEditor Catalog => _context.Catalog;

    private CatalogSnapshot Current => _context.Catalog.Current;

    private StorageTransaction Transaction => _context.Transaction;

    /// <summary>Whether a statement defines or changes objects.</summary>
    public static bool IsDefinition(Statement statement) => statement is CreateSchemaStatement or DropStatement or RenameStatement or SetSchemaStatement
        or CreateTableStatement or AlterTableStatement or CreateIndexStatement or ReindexStatement or CreateSequenceStatement or AlterSequenceStatement
        or CreateViewStatement or CommentStatement or TruncateStatement or CreateRoutineStatement or DropRoutineStatement or AlterRoutineStatement
        or CommentRoutineStatement;

    // Whether the statement makes or changes what is the session's own.
    private bool _temporary;

    /// <summary>Whether a statement makes or changes temporary objects only.</summary>
    public static bool IsTemporary(Statement statement, CatalogSnapshot catalog, IReadOnlyList<string> searchPath)
    {
        return statement switch
        {
            CreateTableStatement s => s.Temporary || Temporary.IsSchema(s.Name.Schema),
            CreateSequenceStatement s => s.Temporary || Temporary.IsSchema(s.Name.Schema),
            CreateIndexStatement s => Is(s.Table),
            AlterTableStatement s => Is(s.Name),
            AlterSequenceStatement s => Is(s.Name),
            TruncateStatement s => s.Tables.All(Is),
            DropStatement { Kind: ObjectKind.Index } s => s.Names.All(IsIndex),
            DropStatement { Kind: not ObjectKind.Schema } s => s.Names.All(Is),
            ReindexStatement s => s.Kind == ObjectKind.Index ? IsIndex(s.Name) : Is(s.Name),
            RenameStatement { Kind: ObjectKind.Index } s => IsIndex(s.Name),
            RenameStatement { Kind: not ObjectKind.Schema } s => Is(s.Name),
            CommentStatement { Kind: ObjectKind.Table or ObjectKind.Sequence or ObjectKind.Column or ObjectKind.Constraint } s => Is(s.Name),
            _ => false,
        };

        bool Is(ObjectName name) => catalog.HasTemporary && catalog.Resolve(name.Schema, name.Name, searchPath) is { } o && o.IsTemporary();
        bool IsIndex(ObjectName name) => catalog.HasTemporary && catalog.TryResolveIndex(name.Schema, name.Name, searchPath, out Table? table, out _) && table.IsTemporary();
    }

    private long NewId() => _temporary ? Temporary.NewId() : Catalog.Store.NewId();

    private ulong NewCounter() => _temporary ? Temporary.NewCounter() : Catalog.Store.NewStorageSequence();

    private TreeId CreateTree() => _temporary ? Transaction.CreateTemporaryTree() : Transaction.CreateTree();

    public void Execute(Statement statement)
    {
        _temporary = IsTemporary(statement, Current, _context.SearchPath);
        switch (statement)
        {
            case CreateSchemaStatement s: CreateSchema(s); break;
            case DropStatement s: Drop(s); break;
            case RenameStatement s: Rename(s); break;
            case SetSchemaStatement s: SetSchema(s); break;
            case CreateTableStatement s: CreateTable(s); break;
            case AlterTableStatement s: AlterTable(s); break;
            case CreateIndexStatement s: CreateIndex(s); break;
            case ReindexStatement s: Reindex(s); break;
            case CreateSequenceStatement s: CreateSequence(s); break;
            case AlterSequenceStatement s: AlterSequence(s); break;
            case CreateViewStatement s: CreateView(s); break;
            case CommentStatement s: Comment(s); break;
            case TruncateStatement s: Truncate(s); break;
            case CreateRoutineStatement s: CreateRoutine(s); break;
            case DropRoutineStatement s: DropRoutines(s); break;
            case AlterRoutineStatement s: AlterRoutine(s); break;
            case CommentRoutineStatement s: CommentOnRoutine(s); break;
            default: throw new ArgumentException($"{statement.GetType().Name} is not a definition statement.", nameof(statement));
        }
    }

    /// <summary>The schema that a new object goes to.</summary>
    private string CreationSchema(ObjectName name)
    {
        if (_temporary)
        {
            return name.Schema is null || Temporary.IsSchema(name.Schema)
                ? Temporary.Schema
                : throw CatalogErrors.Make(SqlStates.InvalidTableDefinition, "A temporary object lies in no schema of the database.", name.Position, "Leave the schema out.");
        }

        if (name.Schema is null)
        {
            foreach (string s in _context.SearchPath)
            {
                if (Current.FindSchema(s) is { Id: > 0 } found)
                    return found.Name;
            }

            throw CatalogErrors.Make(SqlStates.SchemaDoesNotExist, "No schema of the search path exists in which the object could be made.", name.Position, "SET search_path, or write the schema before the name.");
        }

        SchemaObject schema = FindSchema(name.Schema, name.Position);
        if (schema.IsTemporary())
            throw CatalogErrors.Make(SqlStates.FeatureNotSupported, "Only tables and sequences can be temporary.", name.Position);
        return schema.Id > 0 ? schema.Name : throw SystemObject($"schema \"{schema.Name}\"", name.Position);
    }

    private SchemaObject FindSchema(string name, SourcePosition at) =>
        Current.FindSchema(name) ?? throw CatalogErrors.Make(SqlStates.SchemaDoesNotExist, $"The schema \"{name}\" does not exist.", at);

    private static BareMetalException SystemObject(string what, SourcePosition at) =>
        CatalogErrors.Make(SqlStates.WrongObjectType, $"The {what} belongs to the engine and can't be changed.", at);

    private Table FindTable(ObjectName name) => FindTable(name, false)!;

    private Table? FindTable(ObjectName name, bool optional)
    {
        switch (Current.Resolve(name.Schema, name.Name, _context.SearchPath))
        {
            case Table table:
                return table;
            case null when optional:
                return null;
            case null:
                throw CatalogErrors.NoTable(name.ToString(), name.Position);
            case { } other:
                throw CatalogErrors.Make(SqlStates.WrongObjectType, $"\"{other.Name}\" is not a table but a {KindName(other)}.", name.Position);
        }
    }

    /// <summary>Waits until nobody else writes the table, and keeps others from it until the transaction ends.</summary>
    private void LockExclusively(Table table) =>
        Transaction.LockTree(table.Tree, LockMode.Exclusive, _context.LockTimeout, _context.Query.Cancellation);

    private static Column FindColumn(Table table, Identifier name) =>
        table.FindColumn(name.Name) ?? throw CatalogErrors.NoColumn(table, name.Name, name.Position);

    private static string KindName(CatalogObject o) => o switch
    {
        Table => "table",
        View => "view",
        Sequence => "sequence",
        SchemaObject => "schema",
        Routine { Kind: RoutineKind.Procedure } => "procedure",
        Routine => "function",
        _ => "index",
    };

    private void CheckNameIsFree(string schema, string name, SourcePosition at)
    {
        if (Current.IsNameTaken(schema, name))
            throw CatalogErrors.Exists(Current.Find(schema, name) is { } o ? KindName(o) : "index", name, at);
    }

    /// <summary>A name made of parts that no relation of the schema has yet, nor <paramref name="taken"/> says is used.</summary>
    private string MakeName(string schema, string stem, Func<string, bool>? taken = null)
    {
        string name = stem;
        for (int i = 1; Current.IsNameTaken(schema, name) || (taken is not null && taken(name)); i++)
            name = stem + i.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return name;
    }

    private static SqlType ResolveType(TypeName name, ObjectName? collation)
    {
        SqlType type = TypeNames.Resolve(name);
        if (collation is null)
            return type;
        if (type.Kind != SqlTypeKind.Text)
            throw CatalogErrors.Make(SqlStates.DatatypeMismatch, $"Values of type {name} have no collation.", collation.Position);
        string collationName = Collation.Get(collation.Name).Name;
        return type with { Collation = Collation.Get(collationName).IsOrdinal ? null : collationName };
    }

    private static bool IsInteger(SqlType type) => type.Kind is >= SqlTypeKind.TinyInt and <= SqlTypeKind.UBigInt;

    /// <summary>Columns in new order, with their ordinals set.</summary>
    private static Column[] Renumber(IEnumerable<Column> columns)
    {
        Column[] result = [.. columns];
        for (int i = 0; i < result.Length; i++)
        {
            if (result[i].Ordinal != i)
                result[i] = result[i] with { Ordinal = i };
        }

        return result;
    }

    /// <summary>The table under a new row schema that has its stored columns as they are now.</summary>
    private static Table WithNewLayout(Table table, bool forgetHistory = false)
    {
        int version = table.RowSchemaVersion + 1;
        RowSchema schema = new(version, StoredColumns(table.Columns));
        return table with
        {
            RowSchemaVersion = version,
            SchemaHistory = forgetHistory ? [schema] : [.. table.SchemaHistory, schema],
        };
    }

    private static RowSchemaColumn[] StoredColumns(IReadOnlyList<Column> columns)
    {
        List<RowSchemaColumn> stored = [];
        foreach (Column c in columns)
        {
            if (c.GeneratedSql is null || c.IsStored)
                stored.Add(new RowSchemaColumn(c.Id, c.Type));
        }

        return [.. stored];
    }

    /// <summary>Puts a changed table into the catalog as its next version.</summary>
    private Table Save(Table table)
    {
        Table next = table with { Version = table.Version + 1 };
        Catalog.Put(next);
        return next;
    }

    /// <summary>Makes a new version of a table so that plans over it are made anew.</summary>
    private void Touch(long tableId)
    {
        if (Current.Find<Table>(tableId) is { } table)
            Save(table);
    }
}
