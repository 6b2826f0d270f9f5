using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// ALTER.
internal sealed partial class SqlParser
{
    private Statement ParseAlter()
    {
        SourcePosition position = Position;
        Advance();
        if (IsRoutineWord)
            return ParseAlterRoutine(position);
        ObjectKind kind = ParseObjectKind();
        bool ifExists = ParseIfExists();
        if (kind == ObjectKind.Table)
            TryTake(Keyword.Only);
        ObjectName name = ParseObjectName(NameOf(kind));
        if (Is(Keyword.Rename, Keyword.To))
        {
            Advance();
            Advance();
            Identifier newName = ParseName("the new name");
            return new RenameStatement { Position = position, Kind = kind, Name = name, NewName = newName, IfExists = ifExists };
        }

        if (kind is not (ObjectKind.Index or ObjectKind.Schema) && TryTake(Keyword.Set, Keyword.Schema))
        {
            Identifier schema = ParseName("the name of a schema");
            return new SetSchemaStatement { Position = position, Kind = kind, Name = name, NewSchema = schema, IfExists = ifExists };
        }

        switch (kind)
        {
            case ObjectKind.Sequence:
            {
                int before = _at;
                SequenceOptions options = ParseSequenceOptions();
                if (_at == before)
                    throw Expected("an option of the sequence, RENAME TO or SET SCHEMA", "RESTART", "INCREMENT", "START", "RENAME", "SET", "MINVALUE", "MAXVALUE", "CYCLE", "CACHE");
                return new AlterSequenceStatement { Position = position, Name = name, IfExists = ifExists, Options = options };
            }

            case ObjectKind.Table:
            {
                var actions = new List<AlterTableAction>();
                do
                {
                    actions.Add(ParseAlterTableAction());
                }
                while (TryTake(TokenKind.Comma));
                return new AlterTableStatement { Position = position, Name = name, IfExists = ifExists, Actions = [.. actions] };
            }

            default:
                throw Expected(kind is ObjectKind.View ? "RENAME TO or SET SCHEMA" : "RENAME TO", "RENAME", "SET");
        }
    }

    /// <summary>(name = value, …), or names alone.</summary>
    private TableOption[] ParseTableOptions(bool withValues)
    {
        List<TableOption> options = [];
        ExpectOpen();
        do
        {
            SourcePosition position = Position;
            Identifier name = ParseName("the name of an option");
            string? value = null;
            if (withValues)
            {
                value = "on";
                if (TryTake(TokenKind.Equal))
                {
                    value = Text(Current).Trim('\'').ToString();
                    Advance();
                }
            }

            options.Add(new TableOption { Position = position, Name = name, Value = value });
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return [.. options];
    }

    private AlterTableAction ParseAlterTableAction()
    {
        SourcePosition position = Position;
        switch (Word)
        {
            case Keyword.Set or Keyword.Reset when Ahead(1).Kind == TokenKind.OpenParenthesis:
            {
                bool isSet = Is(Keyword.Set);
                Advance();
                return new SetTableOptionsAction { Position = position, Options = ParseTableOptions(isSet) };
            }

            case Keyword.Add:
            {
                Advance();
                if (IsTableConstraint)
                {
                    TableConstraint constraint = ParseTableConstraint();
                    return new AddConstraintAction
                    {
                        Position = position, Constraint = constraint, NotValid = TryTake(Keyword.Not, Keyword.Valid),
                    };
                }

                TryTake(Keyword.Column);
                bool ifNotExists = ParseIfNotExists();
                return new AddColumnAction { Position = position, IfNotExists = ifNotExists, Column = ParseColumnDefinition() };
            }

            case Keyword.Drop:
            {
                Advance();
                if (TryTake(Keyword.Constraint))
                {
                    bool exists = ParseIfExists();
                    Identifier constraint = ParseName("the name of a constraint");
                    return new DropConstraintAction { Position = position, Constraint = constraint, IfExists = exists, Cascade = ParseDropBehaviour() };
                }

                TryTake(Keyword.Column);
                bool ifExists = ParseIfExists();
                Identifier column = ParseName("the name of a column");
                return new DropColumnAction { Position = position, Column = column, IfExists = ifExists, Cascade = ParseDropBehaviour() };
            }

            case Keyword.Rename:
            {
                Advance();
                if (TryTake(Keyword.Constraint))
                {
                    Identifier constraint = ParseName("the name of a constraint");
                    Expect(Keyword.To);
                    return new RenameConstraintAction { Position = position, Constraint = constraint, NewName = ParseName("the new name") };
                }

                TryTake(Keyword.Column);
                Identifier column = ParseName("the name of a column");
                Expect(Keyword.To);
                return new RenameColumnAction { Position = position, Column = column, NewName = ParseName("the new name") };
            }

            case Keyword.Alter:
                Advance();
                TryTake(Keyword.Column);
                return ParseAlterColumn(position, ParseName("the name of a column"));
            default:
                throw Expected("ADD, DROP, ALTER, RENAME or SET SCHEMA", "ADD", "DROP", "ALTER", "RENAME", "SET");
        }
    }

    private AlterTableAction ParseAlterColumn(SourcePosition position, Identifier column)
    {
        if (TryTake(Keyword.Type) || TryTake(Keyword.Set, Keyword.Data, Keyword.Type))
        {
            TypeName type = ParseTypeName();
            ObjectName? collation = TryTake(Keyword.Collate) ? ParseCollationName() : null;
            Expression? conversion = TryTake(Keyword.Using) ? ParseExpression() : null;
            return new AlterColumnTypeAction { Position = position, Column = column, Type = type, Collation = collation, Using = conversion };
        }

        if (TryTake(Keyword.Set, Keyword.Default))
        {
            int first = _at;
            Expression value = ParseExpression();
            return new AlterColumnDefaultAction { Position = position, Column = column, Default = value, Text = BareTextFrom(first) };
        }

        if (TryTake(Keyword.Drop, Keyword.Default))
            return new AlterColumnDefaultAction { Position = position, Column = column, Default = null };
        if (TryTake(Keyword.Set, Keyword.Not, Keyword.Null))
            return new AlterColumnNullAction { Position = position, Column = column, NotNull = true };
        if (TryTake(Keyword.Drop, Keyword.Not, Keyword.Null))
            return new AlterColumnNullAction { Position = position, Column = column, NotNull = false };
        if (TryTake(Keyword.Drop, Keyword.Identity))
            return new AlterColumnIdentityAction { Position = position, Column = column, Change = IdentityChange.Drop, IfExists = ParseIfExists() };
        if (TryTake(Keyword.Drop, Keyword.Expression))
            return new AlterColumnExpressionAction { Position = position, Column = column, Expression = null, IfExists = ParseIfExists() };
        if (TryTake(Keyword.Set, Keyword.Expression))
        {
            Expect(Keyword.As);
            ExpectOpen();
            int from = Current.Start;
            Expression expression = ParseExpression();
            string text = TextFrom(from);
            ExpectClose();
            return new AlterColumnExpressionAction { Position = position, Column = column, Expression = expression, Text = text };
        }

        if (TryTake(Keyword.Add, Keyword.Generated))
        {
            IdentityKind kind = ParseGeneratedWhen() ? IdentityKind.Always : IdentityKind.ByDefault;
            Expect(Keyword.As);
            Expect(Keyword.Identity);
            SequenceOptions? options = null;
            if (TryTake(TokenKind.OpenParenthesis))
            {
                options = ParseSequenceOptions();
                ExpectClose();
            }

            return new AlterColumnIdentityAction { Position = position, Column = column, Change = IdentityChange.Add, Kind = kind, Options = options };
        }

        return ParseSetIdentity(position, column);
    }

    /// <summary>SET GENERATED …, SET and sequence options, RESTART: any number, merged.</summary>
    private AlterColumnIdentityAction ParseSetIdentity(SourcePosition position, Identifier column)
    {
        IdentityKind kind = IdentityKind.None;
        SequenceOptions? options = null;
        while (true)
        {
            if (TryTake(Keyword.Set, Keyword.Generated))
            {
                kind = ParseGeneratedWhen() ? IdentityKind.Always : IdentityKind.ByDefault;
            }
            else if (Is(Keyword.Restart) || Is(Keyword.Set))
            {
                TryTake(Keyword.Set);
                int before = _at;
                SequenceOptions more = ParseSequenceOptions();
                if (_at == before)
                    throw Expected("DATA TYPE, DEFAULT, NOT NULL, EXPRESSION, GENERATED or an option of the sequence", "DATA", "DEFAULT", "NOT", "GENERATED", "START", "INCREMENT", "CACHE");
                options = options is null ? more : Merge(options, more);
            }
            else
            {
                break;
            }
        }

        if (kind == IdentityKind.None && options is null)
            throw Expected("TYPE, SET, DROP, ADD GENERATED or RESTART", "TYPE", "SET", "DROP", "ADD", "RESTART");
        return new AlterColumnIdentityAction { Position = position, Column = column, Change = IdentityChange.Set, Kind = kind, Options = options };
    }

    private static SequenceOptions Merge(SequenceOptions first, SequenceOptions second) => new()
    {
        Position = first.Position,
        Type = second.Type ?? first.Type,
        Start = second.Start ?? first.Start,
        Increment = second.Increment ?? first.Increment,
        MinValue = second.MinValue ?? first.MinValue,
        NoMinValue = second.NoMinValue || (first.NoMinValue && second.MinValue is null),
        MaxValue = second.MaxValue ?? first.MaxValue,
        NoMaxValue = second.NoMaxValue || (first.NoMaxValue && second.MaxValue is null),
        Cache = second.Cache ?? first.Cache,
        Cycle = second.Cycle ?? first.Cycle,
        Restart = first.Restart || second.Restart,
        RestartWith = second.RestartWith ?? first.RestartWith,
        OwnedBy = second.OwnedBy ?? first.OwnedBy,
    };
}
