using System.Buffers.Binary;
using BareMetal.Data.Storage;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog;

/// <summary>
/// Catalog objects as entries of the catalog tree: key = object id (8 bytes, big-endian), value = format version, kind, fields.
/// Fields are only ever appended, with a higher format version; readers know every version up to their own.
/// </summary>
internal static partial class CatalogCodec
{
    private const byte FormatVersion = 4;

    private enum Kind : byte
    {
        Schema = 1,
        Table = 2,
        Sequence = 3,
        View = 4,
        Routine = 5,
    }

    public static byte[] EncodeKey(long id)
    {
        byte[] key = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(key, id);
        return key;
    }

    public static byte[] Encode(CatalogObject o)
    {
        CatalogWriter w = new();
        w.Byte(FormatVersion);
        w.Byte((byte)(o switch
        {
            SchemaObject => Kind.Schema,
            Table => Kind.Table,
            Sequence => Kind.Sequence,
            View => Kind.View,
            Routine => Kind.Routine,
            _ => throw new ArgumentException($"{o.GetType().Name} has no entry of its own.", nameof(o)),
        }));
        WriteCommon(w, o);
        switch (o)
        {
            case Table table:
                WriteTable(w, table);
                break;
            case Sequence sequence:
                WriteSequence(w, sequence);
                break;
            case View view:
                WriteView(w, view);
                break;
            case Routine routine:
                WriteRoutine(w, routine);
                break;
        }

        return w.ToArray();
    }

    public static CatalogObject Decode(ReadOnlySpan<byte> bytes)
    {
        CatalogReader r = new(bytes);
        byte format = r.Byte();
        if (format is 0 or > FormatVersion)
            throw new BareMetalException(SqlStates.CannotConnect, $"The catalog is of format {format}; this engine knows formats up to {FormatVersion}.") { Hint = "Open the database with a newer version of BareMetal.Data." };
        Kind kind = (Kind)r.Byte();
        Common common = ReadCommon(ref r);
        CatalogObject o = kind switch
        {
            Kind.Schema => new SchemaObject { Id = common.Id, Version = common.Version, Name = common.Name, Comment = common.Comment },
            Kind.Table => ReadTable(ref r, common, format),
            Kind.Sequence => ReadSequence(ref r, common),
            Kind.View => ReadView(ref r, common, format),
            Kind.Routine => ReadRoutine(ref r, common),
            _ => throw CatalogReader.Damaged(),
        };
        return r.IsAtEnd ? o : throw CatalogReader.Damaged();
    }

    private readonly record struct Common(long Id, int Version, string Name, string? Schema, string? Comment);

    private static void WriteCommon(CatalogWriter w, CatalogObject o)
    {
        w.Int(o.Id);
        w.Int(o.Version);
        w.Text(o.Name);
        w.OptionalText(o.Schema);
        w.OptionalText(o.Comment);
    }

    private static Common ReadCommon(ref CatalogReader r) => new(r.Int(), r.Int32(), r.Text(), r.OptionalText(), r.OptionalText());

    private static void WriteTable(CatalogWriter w, Table t)
    {
        w.UInt(t.Tree.Value);
        w.UInt(t.RowIdSequence);
        w.Int(t.RowSchemaVersion);
        w.Int(t.NextColumnId);
        w.UInt((ulong)t.Columns.Count);
        foreach (Column c in t.Columns)
            WriteColumn(w, c);
        w.Bool(t.PrimaryKey is not null);
        if (t.PrimaryKey is not null)
            WriteKey(w, t.PrimaryKey);
        w.UInt((ulong)t.UniqueConstraints.Count);
        foreach (KeyConstraint k in t.UniqueConstraints)
            WriteKey(w, k);
        w.UInt((ulong)t.Indexes.Count);
        foreach (TableIndex i in t.Indexes)
            WriteIndex(w, i);
        w.UInt((ulong)t.ForeignKeys.Count);
        foreach (ForeignKey f in t.ForeignKeys)
            WriteForeignKey(w, f);
        w.UInt((ulong)t.Checks.Count);
        foreach (CheckConstraint c in t.Checks)
        {
            w.Text(c.Name);
            w.Text(c.Sql);
            w.OptionalText(c.Comment);
        }

        w.UInt((ulong)t.SchemaHistory.Count);
        foreach (RowSchema s in t.SchemaHistory)
        {
            w.Int(s.Version);
            w.UInt((ulong)s.Columns.Count);
            foreach (RowSchemaColumn c in s.Columns)
            {
                w.Int(c.ColumnId);
                w.Type(c.Type);
            }
        }

        w.Byte((byte)t.Compression);
    }

    private static Table ReadTable(ref CatalogReader r, Common common, byte format)
    {
        TreeId tree = new(r.UInt());
        ulong rowIds = r.UInt();
        int schemaVersion = r.Int32();
        int nextColumnId = r.Int32();
        Column[] columns = new Column[r.Count()];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = ReadColumn(ref r, i);
        KeyConstraint? primaryKey = r.Bool() ? ReadKey(ref r) : null;
        KeyConstraint[] uniques = new KeyConstraint[r.Count()];
        for (int i = 0; i < uniques.Length; i++)
            uniques[i] = ReadKey(ref r);
        TableIndex[] indexes = new TableIndex[r.Count()];
        for (int i = 0; i < indexes.Length; i++)
            indexes[i] = ReadIndex(ref r);
        ForeignKey[] foreignKeys = new ForeignKey[r.Count()];
        for (int i = 0; i < foreignKeys.Length; i++)
            foreignKeys[i] = ReadForeignKey(ref r);
        CheckConstraint[] checks = new CheckConstraint[r.Count()];
        for (int i = 0; i < checks.Length; i++)
            checks[i] = new CheckConstraint(r.Text(), r.Text()) { Comment = r.OptionalText() };
        RowSchema[] history = new RowSchema[r.Count()];
        for (int i = 0; i < history.Length; i++)
        {
            int version = r.Int32();
            RowSchemaColumn[] stored = new RowSchemaColumn[r.Count()];
            for (int j = 0; j < stored.Length; j++)
                stored[j] = new RowSchemaColumn(r.Int32(), r.Type());
            history[i] = new RowSchema(version, stored);
        }

        TableCompression compression = format >= 2 ? (TableCompression)r.Byte() : TableCompression.None;
        if (compression > TableCompression.Brotli)
            throw CatalogReader.Damaged();
        return new Table
        {
            Compression = compression,
            Id = common.Id,
            Version = common.Version,
            Name = common.Name,
            Schema = common.Schema,
            Comment = common.Comment,
            Tree = tree,
            RowIdSequence = rowIds,
            RowSchemaVersion = schemaVersion,
            NextColumnId = nextColumnId,
            Columns = columns,
            PrimaryKey = primaryKey,
            UniqueConstraints = uniques,
            Indexes = indexes,
            ForeignKeys = foreignKeys,
            Checks = checks,
            SchemaHistory = history,
        };
    }

    private static void WriteColumn(CatalogWriter w, Column c)
    {
        w.Int(c.Id);
        w.Text(c.Name);
        w.Type(c.Type);
        w.Bool(c.IsNullable);
        w.OptionalText(c.DefaultSql);
        w.OptionalText(c.GeneratedSql);
        w.Bool(c.IsStored);
        w.Bool(c.Identity is not null);
        if (c.Identity is not null)
        {
            w.Bool(c.Identity.IsAlways);
            w.Int(c.Identity.SequenceId);
        }

        w.OptionalText(c.Comment);
        w.OptionalBytes(c.MissingValue);
    }

    private static Column ReadColumn(ref CatalogReader r, int ordinal) => new()
    {
        Ordinal = ordinal,
        Id = r.Int32(),
        Name = r.Text(),
        Type = r.Type(),
        IsNullable = r.Bool(),
        DefaultSql = r.OptionalText(),
        GeneratedSql = r.OptionalText(),
        IsStored = r.Bool(),
        Identity = r.Bool() ? new IdentityOptions(r.Bool(), r.Int()) : null,
        Comment = r.OptionalText(),
        MissingValue = r.OptionalBytes(),
    };

    private static void WriteKey(CatalogWriter w, KeyConstraint k)
    {
        w.Byte((byte)k.Kind);
        w.Text(k.Name);
        w.Ids(k.ColumnIds);
        w.Int(k.IndexId);
        w.OptionalText(k.Comment);
    }

    private static KeyConstraint ReadKey(ref CatalogReader r) =>
        new((KeyConstraintKind)r.Byte(), r.Text(), r.Ids()) { IndexId = r.Int(), Comment = r.OptionalText() };

    private static void WriteIndex(CatalogWriter w, TableIndex i)
    {
        WriteCommon(w, i);
        w.UInt(i.Tree.Value);
        w.Bool(i.IsUnique);
        w.Bool(i.NullsNotDistinct);
        w.UInt((ulong)i.Keys.Count);
        foreach (IndexKeyPart k in i.Keys)
        {
            w.Int(k.ColumnId);
            w.Bool(k.Descending);
            w.Bool(k.NullsFirst);
            w.OptionalText(k.ExpressionSql);
            w.Type(k.Type);
        }

        w.Ids(i.IncludedColumnIds);
        w.OptionalText(i.FilterSql);
    }

    private static TableIndex ReadIndex(ref CatalogReader r)
    {
        Common common = ReadCommon(ref r);
        TreeId tree = new(r.UInt());
        bool unique = r.Bool();
        bool nullsNotDistinct = r.Bool();
        IndexKeyPart[] keys = new IndexKeyPart[r.Count()];
        for (int i = 0; i < keys.Length; i++)
            keys[i] = new IndexKeyPart(r.Int32(), r.Bool(), r.Bool()) { ExpressionSql = r.OptionalText(), Type = r.Type() };
        return new TableIndex
        {
            Id = common.Id,
            Version = common.Version,
            Name = common.Name,
            Schema = common.Schema,
            Comment = common.Comment,
            Tree = tree,
            IsUnique = unique,
            NullsNotDistinct = nullsNotDistinct,
            Keys = keys,
            IncludedColumnIds = r.Ids(),
            FilterSql = r.OptionalText(),
        };
    }

    private static void WriteForeignKey(CatalogWriter w, ForeignKey f)
    {
        w.Text(f.Name);
        w.Ids(f.ColumnIds);
        w.Int(f.ReferencedTableId);
        w.Ids(f.ReferencedColumnIds);
        w.Byte((byte)f.OnDelete);
        w.Byte((byte)f.OnUpdate);
        w.OptionalText(f.Comment);
    }

    private static ForeignKey ReadForeignKey(ref CatalogReader r) =>
        new(r.Text(), r.Ids(), r.Int(), r.Ids(), (ReferentialAction)r.Byte(), (ReferentialAction)r.Byte()) { Comment = r.OptionalText() };

    private static void WriteSequence(CatalogWriter w, Sequence s)
    {
        w.Type(s.Type);
        w.Int(s.StartValue);
        w.Int(s.Increment);
        w.Int(s.MinValue);
        w.Int(s.MaxValue);
        w.Bool(s.IsCycle);
        w.Int(s.Cache);
        w.UInt(s.StorageSequence);
        w.Int(s.BaseValue);
        w.Bool(s.OwnedBy is not null);
        if (s.OwnedBy is { } owner)
        {
            w.Int(owner.TableId);
            w.Int(owner.ColumnId);
        }
    }

    private static Sequence ReadSequence(ref CatalogReader r, Common common) => new()
    {
        Id = common.Id,
        Version = common.Version,
        Name = common.Name,
        Schema = common.Schema,
        Comment = common.Comment,
        Type = r.Type(),
        StartValue = r.Int(),
        Increment = r.Int(),
        MinValue = r.Int(),
        MaxValue = r.Int(),
        IsCycle = r.Bool(),
        Cache = r.Int32(),
        StorageSequence = r.UInt(),
        BaseValue = r.Int(),
        OwnedBy = r.Bool() ? (r.Int(), r.Int32()) : null,
    };

    private static void WriteView(CatalogWriter w, View v)
    {
        w.Text(v.Sql);
        w.Bool(v.ColumnNames is not null);
        if (v.ColumnNames is not null)
        {
            w.UInt((ulong)v.ColumnNames.Count);
            foreach (string name in v.ColumnNames)
                w.Text(name);
        }

        w.UInt((ulong)v.Columns.Count);
        foreach (ViewColumn c in v.Columns)
        {
            w.Text(c.Name);
            w.Type(c.Type);
            w.Bool(c.IsNullable);
        }

        w.UInt((ulong)v.Dependencies.Count);
        foreach (ObjectDependency d in v.Dependencies)
        {
            w.Int(d.ObjectId);
            w.Int(d.ColumnId);
        }

        w.Byte((byte)v.CheckOption);
    }

    private static View ReadView(ref CatalogReader r, Common common, byte format)
    {
        string sql = r.Text();
        string[]? names = null;
        if (r.Bool())
        {
            names = new string[r.Count()];
            for (int i = 0; i < names.Length; i++)
                names[i] = r.Text();
        }

        ViewColumn[] columns = new ViewColumn[r.Count()];
        for (int i = 0; i < columns.Length; i++)
            columns[i] = new ViewColumn(r.Text(), r.Type(), r.Bool());
        ObjectDependency[] dependencies = new ObjectDependency[r.Count()];
        for (int i = 0; i < dependencies.Length; i++)
            dependencies[i] = new ObjectDependency(r.Int(), r.Int32());
        ViewCheckOption option = format >= 4 ? (ViewCheckOption)r.Byte() : ViewCheckOption.None;
        if (option > ViewCheckOption.Cascaded)
            throw CatalogReader.Damaged();
        return new View
        {
            CheckOption = option,
            Id = common.Id,
            Version = common.Version,
            Name = common.Name,
            Schema = common.Schema,
            Comment = common.Comment,
            Sql = sql,
            ColumnNames = names,
            Columns = columns,
            Dependencies = dependencies,
        };
    }
}
