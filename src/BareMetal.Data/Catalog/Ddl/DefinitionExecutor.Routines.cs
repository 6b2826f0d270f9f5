using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;
using TableBinder = BareMetal.Data.Binding.TableBinder;

namespace BareMetal.Data.Catalog.Ddl;

/// <summary>Functions and procedures: CREATE, ALTER, DROP, COMMENT, and what names them.</summary>
internal sealed partial class DefinitionExecutor
{
    private void CreateRoutine(CreateRoutineStatement statement)
    {
        string schema = CreationSchema(statement.Name);
        List<RoutineParameter> parameters = [];
        foreach (RoutineParameterSyntax p in statement.Parameters)
            parameters.Add(new RoutineParameter(p.Mode, p.Name?.Name, ParameterType(p.Type)) { DefaultSql = p.DefaultText });
        SqlType? returns = ReturnType(statement, parameters);
        CheckParameters(statement, parameters);

        Routine routine = new()
        {
            Id = 0,
            Schema = schema,
            Name = statement.Name.Name,
            Kind = statement.Kind,
            Language = statement.Language,
            Parameters = parameters,
            ReturnType = returns,
            ReturnsSet = statement.ReturnsSet,
            Volatility = Volatility.Volatile,
            IsStrict = statement.Strict,
            BodyKind = statement.BodyKind,
            Body = statement.Body,
        };
        SqlType[] inputs = [.. routine.Inputs.Select(p => p.Type)];
        Routine? existing = Current.FindRoutines(schema, routine.Name).FirstOrDefault(r => r.Takes(inputs));
        if (existing is not null)
            CheckReplacement(existing, routine, statement);
        routine = routine with
        {
            Id = existing?.Id ?? NewId(),
            Version = existing is null ? 1 : existing.Version + 1,
            Name = existing?.Name ?? routine.Name,
            Comment = existing?.Comment,
        };

        // It may name itself; what it is to give is known by now, and it is not expanded before its volatility is.
        Catalog.Put(routine);
        RoutineCheck check = RoutineCheck.Run(routine, Current, _context.SearchPath, statement);
        Volatility volatility = statement.Volatility switch
        {
            "immutable" => Volatility.Immutable,
            "stable" => Volatility.Stable,
            "volatile" => Volatility.Volatile,
            _ => check.Volatility,
        };
        if (routine.Kind == RoutineKind.Procedure)
            volatility = Volatility.Volatile;
        if (volatility != Volatility.Volatile && check.Writes)
        {
            throw CatalogErrors.Make(
                SqlStates.InvalidFunctionDefinition, $"The function {routine.Signature} changes rows and can't be declared {statement.Volatility}.", statement.Position, "Leave the attribute out.");
        }

        Catalog.Put(routine with { Volatility = volatility, Dependencies = check.Dependencies });
        if (existing is null)
            return;

        // Bound expressions of tables are kept by the table's version.
        foreach (Table table in TablesMentioning(routine.Name))
        {
            TableBinder.Validate(table, Current, _context.SearchPath);
            Save(table);
        }
    }

    private SqlType ParameterType(TypeName name)
    {
        SqlType type = TypeNames.Resolve(name);

        // As in PostgreSQL length and digits of a parameter say nothing.
        return type with { Length = null, IsFixedLength = false, Precision = null, Scale = null };
    }

    /// <summary>What the routine returns: a plain type, or null when output parameters (columns of a named table are made such) or nothing say it.</summary>
    private SqlType? ReturnType(CreateRoutineStatement statement, List<RoutineParameter> parameters)
    {
        int outputs = parameters.Count(p => p.Mode is RoutineParameterMode.Out or RoutineParameterMode.InOut);
        bool hasColumns = parameters.Exists(p => p.Mode == RoutineParameterMode.Table);
        if (statement.Kind == RoutineKind.Procedure)
            return null;
        if (hasColumns)
            return outputs == 0 ? null : throw Definition(statement, "OUT parameters and RETURNS TABLE do not go together.");
        if (statement.Returns is not { } name)
            return outputs > 0 ? null : throw Definition(statement, "What the function returns is not said.", "Write RETURNS type, or RETURNS void.");
        if (name is { ArrayDimensions: 0, Schema: null } && name.Name.Equals("void", StringComparison.OrdinalIgnoreCase))
            return outputs == 0 ? null : throw Definition(statement, "A function with OUT parameters does not return void.");
        if (name is { ArrayDimensions: 0, Schema: null } && name.Name.Equals("record", StringComparison.OrdinalIgnoreCase))
            return outputs > 0 ? null : throw Definition(statement, "Rows without known columns can't be returned.", "Write RETURNS TABLE (…).");
        if (name.ArrayDimensions == 0 && Current.Resolve(name.Schema, name.Name, _context.SearchPath) is Table or View)
        {
            if (outputs > 0)
                throw Definition(statement, "OUT parameters and a table's rows do not go together.");
            foreach ((string column, SqlType type) in RowOf(Current.Resolve(name.Schema, name.Name, _context.SearchPath)!))
                parameters.Add(new RoutineParameter(RoutineParameterMode.Table, column, type));
            return null;
        }

        SqlType plain = ParameterType(name);
        if (outputs > 1 || (outputs == 1 && parameters.Find(p => p.Mode is RoutineParameterMode.Out or RoutineParameterMode.InOut)!.Type.Kind != plain.Kind))
            throw Definition(statement, "What is returned follows from the OUT parameters.", outputs > 1 ? "Write RETURNS record, or leave RETURNS out." : "Leave RETURNS out.");
        return outputs == 1 ? null : plain;
    }

    private static IEnumerable<(string Name, SqlType Type)> RowOf(CatalogObject relation) => relation is Table table
        ? table.Columns.Select(c => (c.Name, c.Type))
        : ((View)relation).Columns.Select(c => (c.Name, c.Type));

    private static void CheckParameters(CreateRoutineStatement statement, List<RoutineParameter> parameters)
    {
        HashSet<string> inputs = new(StringComparer.OrdinalIgnoreCase);
        HashSet<string> outputs = new(StringComparer.OrdinalIgnoreCase);
        bool hasDefault = false;
        foreach (RoutineParameter p in parameters)
        {
            if (p.Name is not null && p.Mode is not RoutineParameterMode.Table && !inputs.Add(p.Name))
                throw Definition(statement, $"The parameter \"{p.Name}\" is there twice.");
            if (p.Name is not null && p.Mode is not RoutineParameterMode.In && !outputs.Add(p.Name))
                throw Definition(statement, $"\"{p.Name}\" is returned twice.");
            if (p.Mode is RoutineParameterMode.In or RoutineParameterMode.InOut)
            {
                if (p.DefaultSql is null && hasDefault)
                    throw Definition(statement, "Parameters behind one with a default need one, too.");
                hasDefault |= p.DefaultSql is not null;
            }
        }
    }

    private void CheckReplacement(Routine existing, Routine routine, CreateRoutineStatement statement)
    {
        if (!statement.OrReplace)
            throw CatalogErrors.Make(SqlStates.DuplicateFunction, $"The {KindName(existing)} {existing.Signature} already exists.", statement.Name.Position, "Write CREATE OR REPLACE.");
        if (existing.Kind != routine.Kind)
            throw CatalogErrors.Make(SqlStates.WrongObjectType, $"{existing.Signature} is a {KindName(existing)}.", statement.Name.Position, "Drop it first.");
        bool same = existing.ReturnType?.Kind == routine.ReturnType?.Kind && existing.ReturnsSet == routine.ReturnsSet && existing.ResultColumns.Count == routine.ResultColumns.Count;
        for (int i = 0; same && i < existing.ResultColumns.Count; i++)
        {
            same = existing.ResultColumns[i].Type.Kind == routine.ResultColumns[i].Type.Kind
                && string.Equals(existing.ResultColumns[i].Name, routine.ResultColumns[i].Name, StringComparison.OrdinalIgnoreCase);
        }

        if (!same)
            throw Definition(statement, $"What {existing.Signature} returns can't be changed.", "Drop it first.");
        for (int i = 0; i < existing.Inputs.Count; i++)
        {
            if (existing.Inputs[i].Name is { } name && !string.Equals(name, routine.Inputs[i].Name, StringComparison.OrdinalIgnoreCase))
                throw Definition(statement, $"The parameter \"{name}\" can't be renamed.", "Drop the routine first.");
            if (existing.Inputs[i].DefaultSql is not null && routine.Inputs[i].DefaultSql is null)
                throw Definition(statement, $"The default of \"{existing.Inputs[i].Name}\" can't be removed.", "Drop the routine first.");
        }

        foreach (Table table in TablesCalling(existing))
        {
            if (KeptTexts(table).Any(t => SqlText.Calls(t, existing.Name)))
            {
                throw CatalogErrors.Make(
                    SqlStates.DependentObjectsStillExist, $"The function {existing.Signature} can't be replaced because stored columns or indexes of \"{table.Name}\" hold its results.", statement.Name.Position,
                    "Drop the index or column, make the change and create it anew.");
            }
        }
    }

    private static BareMetalException Definition(CreateRoutineStatement statement, string message, string? hint = null) =>
        CatalogErrors.Make(SqlStates.InvalidFunctionDefinition, message, statement.Name.Position, hint);

    // ---- finding

    private Routine? FindRoutine(RoutineReference reference, RoutineKind? kind, bool optional)
    {
        List<Routine> found = [.. Current.ResolveRoutines(reference.Name.Schema, reference.Name.Name, _context.SearchPath).Where(r => kind is null || r.Kind == kind)];
        string kindName = kind switch { RoutineKind.Function => "function", RoutineKind.Procedure => "procedure", _ => "routine" };
        if (reference.Arguments is { } types)
        {
            SqlType[] wanted = [.. types.Select(ParameterType)];

            // Output parameters may be written among the types, as PostgreSQL takes them for procedures.
            Routine? exact = found.Find(r => r.Takes(wanted)) ?? found.Find(r => r.Kind == RoutineKind.Procedure && r.Parameters.Select(p => p.Type.Kind).SequenceEqual(wanted.Select(t => t.Kind)));
            if (exact is not null || optional)
                return exact;
            throw CatalogErrors.Make(
                SqlStates.UndefinedFunction, $"The {kindName} {reference.Name}({string.Join(", ", wanted.Select(TypeNames.Format))}) does not exist.", reference.Position,
                found.Count == 0 ? null : "There is " + string.Join(", ", found.Select(r => r.Signature)) + ".");
        }

        return found.Count switch
        {
            1 => found[0],
            0 when optional => null,
            0 => throw CatalogErrors.Make(SqlStates.UndefinedFunction, $"The {kindName} {reference.Name} does not exist.", reference.Position),
            _ => throw CatalogErrors.Make(SqlStates.AmbiguousFunction, $"There are several routines {reference.Name}.", reference.Position, "Say which: " + string.Join(", ", found.Select(r => r.Signature)) + "."),
        };
    }

    /// <summary>The expressions of a table.</summary>
    private static IEnumerable<string> Texts(Table table)
    {
        foreach (Column c in table.Columns)
        {
            if (c.DefaultSql is not null)
                yield return c.DefaultSql;
            if (c.GeneratedSql is not null)
                yield return c.GeneratedSql;
        }

        foreach (CheckConstraint c in table.Checks)
            yield return c.Sql;
        foreach (string text in KeptTexts(table))
            yield return text;
    }

    /// <summary>The expressions whose results are stored.</summary>
    private static IEnumerable<string> KeptTexts(Table table)
    {
        foreach (Column c in table.Columns)
        {
            if (c is { GeneratedSql: not null, IsStored: true })
                yield return c.GeneratedSql;
        }

        foreach (TableIndex i in table.Indexes)
        {
            if (i.FilterSql is not null)
                yield return i.FilterSql;
            foreach (IndexKeyPart k in i.Keys)
            {
                if (k.ExpressionSql is not null)
                    yield return k.ExpressionSql;
            }
        }
    }

    private List<Table> TablesMentioning(string name)
    {
        List<Table> tables = [];
        foreach (CatalogObject o in Current.Objects)
        {
            if (o is Table table && Texts(table).Any(t => SqlText.Calls(t, name)))
                tables.Add(table);
        }

        return tables;
    }

    /// <summary>Tables whose expressions call the routine, by what binding them finds.</summary>
    private List<Table> TablesCalling(Routine routine)
    {
        List<Table> tables = TablesMentioning(routine.Name);
        tables.RemoveAll(t => !TableBinder.ObjectsOf(t, Current, _context.SearchPath).Contains(routine.Id));
        return tables;
    }

    // ---- changing

    private void DropRoutines(DropRoutineStatement statement)
    {
        foreach (RoutineReference reference in statement.Routines)
        {
            if (FindRoutine(reference, statement.Kind, statement.IfExists) is { } routine)
                DropRoutine(routine, statement.Cascade);
            else
                _context.Notice($"The routine {reference.Name} does not exist, skipping.");
        }
    }

    private void DropRoutine(Routine routine, bool cascade)
    {
        List<Table> tables = TablesCalling(routine);
        List<CatalogObject> dependents = [.. DependentViews(routine.Id, 0).Where(o => o.Id != routine.Id)];
        if (!cascade && dependents.Count + tables.Count > 0)
            throw CatalogErrors.Dependents($"The {KindName(routine)} {routine.Signature}", [.. dependents.Select(Describe), .. tables.Select(t => $"an expression of table \"{t.Name}\"")]);
        DropDependentViews(routine.Id, 0, $"The {KindName(routine)} {routine.Signature}", cascade);
        foreach (Table table in tables)
            DropCalls(table, routine.Name);
        if (Current.TryGet(routine.Id, out CatalogObject? now))
            Catalog.Remove(now);
    }

    /// <summary>Removes from a table what calls a function: defaults and checks; generated columns and indexes go whole.</summary>
    private void DropCalls(Table table, string name)
    {
        LockExclusively(table);
        List<AlterTableAction> actions = [];
        foreach (Column c in table.Columns)
        {
            if (c.GeneratedSql is not null && SqlText.Calls(c.GeneratedSql, name))
                actions.Add(new DropColumnAction { Position = default, Column = new Identifier(c.Name, default), Cascade = true });
            else if (c.DefaultSql is not null && SqlText.Calls(c.DefaultSql, name))
                actions.Add(new AlterColumnDefaultAction { Position = default, Column = new Identifier(c.Name, default), Default = null });
        }

        foreach (CheckConstraint c in table.Checks)
        {
            if (SqlText.Calls(c.Sql, name))
                actions.Add(new DropConstraintAction { Position = default, Constraint = new Identifier(c.Name, default), Cascade = true });
        }

        foreach (TableIndex i in table.Indexes)
        {
            if ((i.FilterSql is not null && SqlText.Calls(i.FilterSql, name)) || i.Keys.Any(k => k.ExpressionSql is not null && SqlText.Calls(k.ExpressionSql, name)))
                DropIndex(new ObjectName { Position = default, Schema = table.Schema, Name = i.Name }, ifExists: true, cascade: true);
        }

        if (actions.Count > 0)
        {
            AlterTable(new AlterTableStatement
            {
                Position = default, Name = new ObjectName { Position = default, Schema = table.Schema, Name = table.Name }, Actions = [.. actions],
            });
        }
    }

    private void AlterRoutine(AlterRoutineStatement statement)
    {
        Routine routine = FindRoutine(statement.Routine, statement.Kind, optional: false)!;
        if (statement.NewName is null && statement.NewSchema is null)
        {
            Volatility volatility = statement.Volatility switch
            {
                "immutable" => Volatility.Immutable,
                "stable" => Volatility.Stable,
                "volatile" => Volatility.Volatile,
                _ => routine.Volatility,
            };
            if (volatility != Volatility.Volatile && RoutineCheck.Run(routine, Current, _context.SearchPath, null).Writes)
                throw CatalogErrors.Make(SqlStates.InvalidFunctionDefinition, $"The function {routine.Signature} changes rows and can't be declared {statement.Volatility}.", statement.Position);
            Catalog.Put(routine with { Volatility = volatility, IsStrict = statement.Strict ?? routine.IsStrict, Version = routine.Version + 1 });
            foreach (Table table in TablesMentioning(routine.Name))
            {
                TableBinder.Validate(table, Current, _context.SearchPath);
                Save(table);
            }

            return;
        }

        string name = statement.NewName?.Name ?? routine.Name;
        string schema = routine.Schema!;
        if (statement.NewSchema is { } wanted)
        {
            SchemaObject found = FindSchema(wanted.Name, wanted.Position);
            schema = found.Id > 0 ? found.Name : throw SystemObject($"schema \"{found.Name}\"", wanted.Position);
        }

        SqlType[] types = [.. routine.Inputs.Select(p => p.Type)];
        if (Current.FindRoutines(schema, name).FirstOrDefault(r => r.Id != routine.Id && r.Takes(types)) is { } other)
            throw CatalogErrors.Make(SqlStates.DuplicateFunction, $"The {KindName(other)} {other.Signature} already exists.", statement.Position);
        List<CatalogObject> dependents = [.. DependentViews(routine.Id, 0).Where(o => o.Id != routine.Id), .. TablesCalling(routine)];
        if (dependents.Count > 0)
            throw ViewsInTheWay($"{routine.Signature} can't be renamed or moved", dependents);
        Catalog.Put(routine with { Name = name, Schema = schema, Version = routine.Version + 1 });
    }

    private void CommentOnRoutine(CommentRoutineStatement statement)
    {
        Routine routine = FindRoutine(statement.Routine, statement.Kind, optional: false)!;
        Catalog.Put(routine with { Comment = statement.Comment, Version = routine.Version + 1 });
    }
}
