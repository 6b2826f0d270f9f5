using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>CREATE and ALTER SEQUENCE, and the sequences of identity columns.</summary>
internal sealed partial class DefinitionExecutor
{
    private void CreateSequence(CreateSequenceStatement statement)
    {
        string schema = CreationSchema(statement.Name);
        if (Current.IsNameTaken(schema, statement.Name.Name))
        {
            if (!statement.IfNotExists)
                CheckNameIsFree(schema, statement.Name.Name, statement.Name.Position);
            _context.Notice($"\"{statement.Name}\" already exists, skipping.");
            return;
        }

        SqlType type = statement.Options.Type is { } t ? ResolveType(t, null) : SqlType.BigInt;
        Sequence sequence = NewSequence(schema, statement.Name.Name, type, statement.Options);
        Catalog.Put(sequence with { OwnedBy = Owner(statement.Options, schema) });
    }

    private Sequence NewSequence(string schema, string name, SqlType type, SequenceOptions? options)
    {
        Sequence blank = new()
        {
            Id = NewId(),
            Schema = schema,
            Name = name,
            Type = type,
            StorageSequence = NewCounter(),
            BaseValue = 0,
        };
        return ApplyOptions(blank, options, isNew: true);
    }

    /// <summary>The sequence with options applied and checked (22023); unsaid ones keep their values, or take the defaults of a new one.</summary>
    private static Sequence ApplyOptions(Sequence s, SequenceOptions? options, bool isNew)
    {
        SourcePosition at = options?.Position ?? default;
        SqlType type = options?.Type is { } t ? ResolveType(t, null) : s.Type;
        (long typeMin, long typeMax) = type.Kind switch
        {
            SqlTypeKind.TinyInt => (sbyte.MinValue, sbyte.MaxValue),
            SqlTypeKind.SmallInt => (short.MinValue, short.MaxValue),
            SqlTypeKind.Integer => (int.MinValue, int.MaxValue),
            SqlTypeKind.BigInt => (long.MinValue, long.MaxValue),
            SqlTypeKind.UTinyInt => (0, byte.MaxValue),
            SqlTypeKind.USmallInt => (0, ushort.MaxValue),
            SqlTypeKind.UInteger => (0, uint.MaxValue),
            SqlTypeKind.UBigInt => (0L, long.MaxValue),
            SqlTypeKind.Decimal => (long.MinValue, long.MaxValue),
            _ => throw CatalogErrors.Make(SqlStates.InvalidParameterValue, "The type of a sequence must be an integer type.", at),
        };
        bool typeChanged = !isNew && type.Kind != s.Type.Kind;
        long increment = options?.Increment ?? s.Increment;
        if (increment == 0)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, "INCREMENT must not be zero.", at);
        long defaultMin = increment > 0 ? 1 : typeMin;
        long defaultMax = increment > 0 ? typeMax : -1;
        bool oldMinWasDefault = isNew || typeChanged;
        long min = options?.MinValue ?? (options is { NoMinValue: true } || oldMinWasDefault ? defaultMin : s.MinValue);
        long max = options?.MaxValue ?? (options is { NoMaxValue: true } || oldMinWasDefault ? defaultMax : s.MaxValue);
        if (min < typeMin || max > typeMax)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"MINVALUE and MAXVALUE must lie within the type's range of {typeMin} to {typeMax}.", at);
        if (min >= max)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"MINVALUE ({min}) must be less than MAXVALUE ({max}).", at);
        long start = options?.Start ?? (isNew ? (increment > 0 ? min : max) : s.StartValue);
        if (start < min || start > max)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"START ({start}) must lie between MINVALUE ({min}) and MAXVALUE ({max}).", at);
        long cache = options?.Cache ?? s.Cache;
        if (cache is < 1 or > int.MaxValue)
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"CACHE ({cache}) must be at least 1.", at);
        return s with
        {
            Type = type,
            Increment = increment,
            MinValue = min,
            MaxValue = max,
            StartValue = start,
            IsCycle = options?.Cycle ?? s.IsCycle,
            Cache = (int)cache,
            BaseValue = isNew ? start : s.BaseValue,
        };
    }

    private (long TableId, int ColumnId)? Owner(SequenceOptions options, string schema)
    {
        if (options.OwnedBy is not { } parts || (parts.Length == 1 && parts[0].Is("none")))
            return null;
        if (parts.Length < 2)
            throw CatalogErrors.Make(SqlStates.SyntaxError, "OWNED BY takes table.column or NONE.", options.Position);
        Identifier tableName = parts[^2];
        Table table = FindTable(new ObjectName { Name = tableName.Name, Schema = parts.Length > 2 ? parts[^3].Name : null, Position = tableName.Position });
        if (!string.Equals(table.Schema, schema, StringComparison.OrdinalIgnoreCase))
            throw CatalogErrors.Make(SqlStates.ObjectNotInPrerequisiteState, "A sequence must be in the schema of the table that owns it.", tableName.Position);
        return (table.Id, FindColumn(table, parts[^1]).Id);
    }

    private void AlterSequence(AlterSequenceStatement statement)
    {
        CatalogObject? o = Current.Resolve(statement.Name.Schema, statement.Name.Name, _context.SearchPath);
        if (o is null)
        {
            if (!statement.IfExists)
                throw CatalogErrors.Make(SqlStates.UndefinedTable, $"The sequence \"{statement.Name}\" does not exist.", statement.Name.Position);
            _context.Notice($"The sequence \"{statement.Name}\" does not exist, skipping.");
            return;
        }

        CheckKind(o, ObjectKind.Sequence, statement.Name.Position);
        Sequence sequence = (Sequence)o;
        if (statement.Options.OwnedBy is not null)
        {
            if (IsIdentity(sequence))
                throw CatalogErrors.Make(SqlStates.FeatureNotSupported, $"The owner of the identity sequence \"{sequence.Name}\" can't be changed.", statement.Position);
            sequence = sequence with { OwnedBy = Owner(statement.Options, sequence.Schema!) };
        }

        Catalog.Put(Altered(sequence, statement.Options));
    }

    /// <summary>The sequence with changed options over a new storage counter, so that the change ends with the transaction.</summary>
    private Sequence Altered(Sequence sequence, SequenceOptions options)
    {
        ulong taken = Transaction.EngineOf(sequence.StorageSequence).PeekSequence(sequence.StorageSequence);
        Sequence next = ApplyOptions(sequence, options, isNew: false);
        long baseValue;
        if (options.Restart)
            baseValue = options.RestartWith ?? next.StartValue;
        else if (taken == 0)
            baseValue = options.Start ?? sequence.BaseValue;
        else if (SequenceValues.TryGet(sequence, taken - 1, out long last) && SequenceValues.TryAdd(last, next.Increment, out long following))
            baseValue = following;
        else
            baseValue = next.Increment > 0 ? next.MaxValue : next.MinValue;
        bool exhausted = !options.Restart && taken > 0 && (baseValue < next.MinValue || baseValue > next.MaxValue);
        if (!exhausted && (baseValue < next.MinValue || baseValue > next.MaxValue))
            throw CatalogErrors.Make(SqlStates.InvalidParameterValue, $"RESTART ({baseValue}) must lie between MINVALUE ({next.MinValue}) and MAXVALUE ({next.MaxValue}).", options.Position);
        return next with
        {
            Version = sequence.Version + 1,
            BaseValue = baseValue,
            StorageSequence = NewCounter(),
        };
    }

    private bool IsIdentity(Sequence sequence) =>
        sequence.OwnedBy is { } owner && Current.Find<Table>(owner.TableId)?.FindColumn(owner.ColumnId)?.Identity?.SequenceId == sequence.Id;

    private void DropSequence(Sequence sequence, bool cascade)
    {
        if (IsIdentity(sequence))
        {
            Table owner = Current.Find<Table>(sequence.OwnedBy!.Value.TableId)!;
            string column = owner.FindColumn(sequence.OwnedBy.Value.ColumnId)!.Name;
            throw CatalogErrors.Make(SqlStates.DependentObjectsStillExist, $"The sequence \"{sequence.Name}\" belongs to the identity column \"{column}\" of table \"{owner.Name}\".", hint: "ALTER TABLE … ALTER COLUMN … DROP IDENTITY.");
        }

        List<(Table Table, Column Column)> users = DefaultsOver(sequence);
        if (users.Count > 0 && !cascade)
            throw CatalogErrors.Dependents($"The sequence \"{sequence.Name}\"", users.Select(u => $"default of column \"{u.Column.Name}\" of table \"{u.Table.Name}\""));
        foreach ((Table table, Column column) in users)
        {
            Table now = Current.Find<Table>(table.Id)!;
            LockExclusively(now);
            Save(now with { Columns = [.. now.Columns.Select(c => c.Id == column.Id ? c with { DefaultSql = null } : c)] });
        }

        Catalog.Remove(sequence);
    }

    /// <summary>Columns whose default draws from the sequence: the name stands as text in nextval('…').</summary>
    private List<(Table Table, Column Column)> DefaultsOver(Sequence sequence)
    {
        List<(Table, Column)> found = [];
        foreach (CatalogObject o in Current.Objects)
        {
            if (o is not Table table)
                continue;
            foreach (Column column in table.Columns)
            {
                if (column.DefaultSql is { } sql && SqlText.NamesSequence(sql, sequence, _context.SearchPath))
                    found.Add((table, column));
            }
        }

        return found;
    }

    private void RenameInDefaults(Sequence sequence, string schema, string name)
    {
        foreach ((Table table, Column column) in DefaultsOver(sequence))
        {
            Table now = Current.Find<Table>(table.Id)!;
            LockExclusively(now);
            string sql = SqlText.RenameSequence(column.DefaultSql!, sequence, _context.SearchPath, schema, name);
            Save(now with { Columns = [.. now.Columns.Select(c => c.Id == column.Id ? c with { DefaultSql = sql } : c)] });
        }
    }
}
