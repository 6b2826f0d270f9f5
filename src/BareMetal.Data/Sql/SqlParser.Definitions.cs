using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// CREATE, DROP, COMMENT, REINDEX.
internal sealed partial class SqlParser
{
    private static readonly string[] CreateWords = ["TABLE", "INDEX", "UNIQUE", "SCHEMA", "SEQUENCE", "VIEW", "TEMPORARY", "OR", "FUNCTION", "PROCEDURE"];

    private static readonly string[] ObjectWords = ["TABLE", "INDEX", "SCHEMA", "SEQUENCE", "VIEW", "FUNCTION", "PROCEDURE"];

    private bool ParseIfExists() => TryTake(Keyword.If, Keyword.Exists);

    private bool ParseIfNotExists() => TryTake(Keyword.If, Keyword.Not, Keyword.Exists);

    private Statement ParseCreate()
    {
        SourcePosition position = Position;
        Advance();
        bool replace = TryTake(Keyword.Or, Keyword.Replace);
        if ((Is(Keyword.Local) || IsWord("GLOBAL")) && Ahead(1).Keyword is Keyword.Temporary or Keyword.Temp)
            Advance();
        bool temporary = TryTake(Keyword.Temporary) || TryTake(Keyword.Temp);
        if (!temporary && (IsWord("FUNCTION") || IsWord("PROCEDURE")))
            return ParseCreateRoutine(position, replace);
        if (replace && !Is(Keyword.View))
            throw Expected("VIEW, FUNCTION or PROCEDURE behind OR REPLACE", "VIEW", "FUNCTION", "PROCEDURE");
        if (temporary && Word is not (Keyword.Table or Keyword.View or Keyword.Sequence))
            throw Expected("TABLE, VIEW or SEQUENCE", "TABLE", "VIEW", "SEQUENCE");
        switch (Word)
        {
            case Keyword.Table:
                Advance();
                return ParseCreateTable(position, temporary);
            case Keyword.Unique or Keyword.Index:
                return ParseCreateIndex(position);
            case Keyword.Schema:
            {
                Advance();
                bool ifNotExists = ParseIfNotExists();
                return new CreateSchemaStatement { Position = position, IfNotExists = ifNotExists, Name = ParseName("the name of a schema") };
            }

            case Keyword.Sequence:
            {
                Advance();
                bool ifNotExists = ParseIfNotExists();
                ObjectName name = ParseObjectName("the name of a sequence");
                return new CreateSequenceStatement
                {
                    Position = position, Temporary = temporary, IfNotExists = ifNotExists, Name = name, Options = ParseSequenceOptions(),
                };
            }

            case Keyword.View:
            {
                Advance();
                ObjectName name = ParseObjectName("the name of a view");
                Identifier[] columns = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : [];
                Expect(Keyword.As);
                int start = Current.Start;
                Query query = ParseQuery();
                string text = TextFrom(start);
                Catalog.ViewCheckOption option = Catalog.ViewCheckOption.None;
                if (TryTake(Keyword.With))
                {
                    option = TryTake(Keyword.Local) ? Catalog.ViewCheckOption.Local : Catalog.ViewCheckOption.Cascaded;
                    if (option == Catalog.ViewCheckOption.Cascaded)
                        TryTakeWord("CASCADED");
                    Expect(Keyword.Check);
                    if (!TryTakeWord("OPTION"))
                        throw Expected("OPTION", "OPTION");
                }

                return new CreateViewStatement
                {
                    CheckOption = option,
                    Position = position,
                    OrReplace = replace,
                    Temporary = temporary,
                    Name = name,
                    Columns = columns,
                    Query = query,
                    Text = text,
                };
            }

            default:
                throw Expected("TABLE, [UNIQUE] INDEX, SCHEMA, SEQUENCE, VIEW, FUNCTION or PROCEDURE", CreateWords);
        }
    }

    private CreateTableStatement ParseCreateTable(SourcePosition position, bool temporary)
    {
        bool ifNotExists = ParseIfNotExists();
        ObjectName name = ParseObjectName("the name of a table");
        if (Word is Keyword.As or Keyword.On || (Is(TokenKind.OpenParenthesis) && IsName(Ahead(1))
            && Ahead(2).Kind is TokenKind.Comma or TokenKind.CloseParenthesis))
        {
            Identifier[] names = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : [];
            Catalog.OnCommit whenCommitted = ParseOnCommit();
            Expect(Keyword.As);
            Query query = ParseQuery();
            bool withData = true;
            if (TryTake(Keyword.With))
            {
                withData = !TryTake(Keyword.No);
                Expect(Keyword.Data);
            }

            return new CreateTableStatement
            {
                Position = position,
                Name = name,
                IfNotExists = ifNotExists,
                Temporary = temporary,
                As = query,
                OnCommit = whenCommitted,
                AsColumns = names,
                WithData = withData,
            };
        }

        ExpectOpen();
        var columns = new List<ColumnDefinition>();
        var constraints = new List<TableConstraint>();
        if (!Is(TokenKind.CloseParenthesis))
        {
            do
            {
                if (IsTableConstraint)
                    constraints.Add(ParseTableConstraint());
                else
                    columns.Add(ParseColumnDefinition());
            }
            while (TryTake(TokenKind.Comma));
        }

        ExpectClose();
        TableOption[] options = TryTake(Keyword.With) ? ParseTableOptions(withValues: true) : [];
        Catalog.OnCommit onCommit = ParseOnCommit();
        return new CreateTableStatement
        {
            Position = position,
            Name = name,
            IfNotExists = ifNotExists,
            Temporary = temporary,
            OnCommit = onCommit,
            Options = options,
            Columns = [.. columns],
            Constraints = [.. constraints],
        };
    }

    private Catalog.OnCommit ParseOnCommit()
    {
        if (!TryTake(Keyword.On, Keyword.Commit))
            return Catalog.OnCommit.PreserveRows;
        if (TryTake(Keyword.Drop))
            return Catalog.OnCommit.Drop;
        bool delete = TryTake(Keyword.Delete);
        if (!delete && !TryTakeWord("PRESERVE"))
            throw Expected("PRESERVE ROWS, DELETE ROWS or DROP", "PRESERVE", "DELETE", "DROP");
        Expect(Keyword.Rows);
        return delete ? Catalog.OnCommit.DeleteRows : Catalog.OnCommit.PreserveRows;
    }

    private bool IsTableConstraint =>
        Word is Keyword.Constraint or Keyword.Primary or Keyword.Unique or Keyword.Check or Keyword.Foreign;

    private TableConstraint ParseTableConstraint()
    {
        SourcePosition position = Position;
        Identifier? name = TryTake(Keyword.Constraint) ? ParseName("the name of a constraint") : null;
        switch (Word)
        {
            case Keyword.Primary or Keyword.Unique:
            {
                bool isPrimary = Is(Keyword.Primary);
                Advance();
                if (isPrimary)
                    Expect(Keyword.Key);
                bool nullsNotDistinct = !isPrimary && ParseNullsNotDistinct();
                Identifier[] columns = ParseNameList("the name of a column");
                Identifier[] include = TryTake(Keyword.Include) ? ParseNameList("the name of a column") : [];
                RefuseDeferrable();
                return new KeyConstraint
                {
                    Position = position, Name = name, IsPrimary = isPrimary, Columns = columns, Include = include, NullsNotDistinct = nullsNotDistinct,
                };
            }

            case Keyword.Check:
                return ParseCheck(position, name);
            case Keyword.Foreign:
            {
                Advance();
                Expect(Keyword.Key);
                Identifier[] columns = ParseNameList("the name of a column");
                return ParseReferences(position, name, columns);
            }

            default:
                throw Expected("PRIMARY KEY, UNIQUE, CHECK or FOREIGN KEY", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN");
        }
    }

    private bool ParseNullsNotDistinct()
    {
        if (TryTake(Keyword.Nulls, Keyword.Not, Keyword.Distinct))
            return true;
        TryTake(Keyword.Nulls, Keyword.Distinct);
        return false;
    }

    private void RefuseDeferrable()
    {
        TryTake(Keyword.Not, Keyword.Deferrable);
        TryTake(Keyword.Initially, Keyword.Immediate);
        if (Word is Keyword.Deferrable or Keyword.Initially)
            throw SqlErrors.NotSupported(Position, "Deferrable keys are not supported.", "Uniqueness is judged at the end of each statement.");
    }

    private CheckConstraint ParseCheck(SourcePosition position, Identifier? name)
    {
        Expect(Keyword.Check);
        ExpectOpen();
        int start = Current.Start;
        Expression expression = ParseExpression();
        string text = TextFrom(start);
        ExpectClose();
        return new CheckConstraint { Position = position, Name = name, Expression = expression, Text = text };
    }

    private ForeignKeyConstraint ParseReferences(SourcePosition position, Identifier? name, Identifier[] columns)
    {
        Expect(Keyword.References);
        ObjectName table = ParseObjectName("the name of a table");
        Identifier[] referenced = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : [];
        if (referenced.Length > 0 && referenced.Length != columns.Length)
        {
            throw SqlErrors.At(
                position, SqlStates.InvalidForeignKey,
                $"The foreign key has {columns.Length} columns, but references {referenced.Length}.");
        }

        bool full = false;
        bool? deferrable = null;
        bool deferred = false;
        ReferentialActionName? onDelete = null;
        ReferentialActionName? onUpdate = null;
        while (true)
        {
            if (TryTake(Keyword.Match))
            {
                if (TryTake(Keyword.Full))
                    full = true;
                else if (!TryTakeWord("SIMPLE"))
                    throw Expected("FULL or SIMPLE", "FULL", "SIMPLE");
            }
            else if (TryTake(Keyword.On, Keyword.Delete))
            {
                if (onDelete is not null)
                    ThrowDuplicate("ON DELETE");
                onDelete = ParseReferentialAction();
            }
            else if (TryTake(Keyword.On, Keyword.Update))
            {
                if (onUpdate is not null)
                    ThrowDuplicate("ON UPDATE");
                onUpdate = ParseReferentialAction();
            }
            else if (TryTake(Keyword.Deferrable))
            {
                deferrable = true;
            }
            else if (TryTake(Keyword.Not, Keyword.Deferrable))
            {
                deferrable = false;
            }
            else if (Is(Keyword.Initially))
            {
                Advance();
                deferred = TryTake(Keyword.Deferred);
                if (!deferred)
                    Expect(Keyword.Immediate);
            }
            else
            {
                break;
            }
        }

        return new ForeignKeyConstraint
        {
            Position = position,
            Name = name,
            Columns = columns,
            Table = table,
            ReferencedColumns = referenced,
            MatchFull = full,
            OnDelete = onDelete ?? ReferentialActionName.NoAction,
            OnUpdate = onUpdate ?? ReferentialActionName.NoAction,
            Deferrable = deferrable ?? deferred,
            InitiallyDeferred = deferred,
        };
    }

    private ReferentialActionName ParseReferentialAction()
    {
        if (TryTake(Keyword.Cascade))
            return ReferentialActionName.Cascade;
        if (TryTake(Keyword.Restrict))
            return ReferentialActionName.Restrict;
        if (TryTake(Keyword.No))
        {
            Expect(Keyword.Action);
            return ReferentialActionName.NoAction;
        }

        if (!TryTake(Keyword.Set))
            throw Expected("CASCADE, RESTRICT, NO ACTION, SET NULL or SET DEFAULT", "CASCADE", "RESTRICT", "NO", "SET");
        if (TryTake(Keyword.Null))
            return ReferentialActionName.SetNull;
        Expect(Keyword.Default);
        return ReferentialActionName.SetDefault;
    }

    private ColumnDefinition ParseColumnDefinition()
    {
        SourcePosition position = Position;
        Identifier name = ParseName("the name of a column or a constraint");
        TypeName type = ParseTypeName();
        ObjectName? collation = null;
        bool? notNull = null;
        Expression? defaultValue = null;
        string? defaultText = null;
        GeneratedKind generated = GeneratedKind.None;
        Expression? generatedExpression = null;
        string? generatedText = null;
        IdentityKind identity = IdentityKind.None;
        SequenceOptions? identityOptions = null;
        var constraints = new List<TableConstraint>();
        while (true)
        {
            SourcePosition start = Position;
            if (TryTake(Keyword.Collate))
            {
                if (collation is not null)
                    ThrowDuplicate("COLLATE");
                collation = ParseCollationName();
                continue;
            }

            Identifier? constraintName = TryTake(Keyword.Constraint) ? ParseName("the name of a constraint") : null;
            if (TryTake(Keyword.Not, Keyword.Null))
            {
                if (notNull == false)
                    throw SqlErrors.Syntax(start, $"Column \"{name}\" is both NULL and NOT NULL.");
                notNull = true;
            }
            else if (TryTake(Keyword.Null))
            {
                if (notNull == true)
                    throw SqlErrors.Syntax(start, $"Column \"{name}\" is both NULL and NOT NULL.");
                notNull = false;
            }
            else if (TryTake(Keyword.Default))
            {
                if (defaultValue is not null)
                    ThrowDuplicate("DEFAULT");
                int first = _at;
                defaultValue = ParseExpression();
                defaultText = BareTextFrom(first);
            }
            else if (TryTake(Keyword.Generated))
            {
                if (generated != GeneratedKind.None || identity != IdentityKind.None)
                    ThrowDuplicate("GENERATED");
                bool always = ParseGeneratedWhen();
                Expect(Keyword.As);
                if (TryTake(Keyword.Identity))
                {
                    identity = always ? IdentityKind.Always : IdentityKind.ByDefault;
                    if (Is(TokenKind.OpenParenthesis))
                    {
                        Advance();
                        identityOptions = ParseSequenceOptions();
                        ExpectClose();
                    }
                }
                else
                {
                    if (!always)
                        throw SqlErrors.Syntax(start, "A generated column is GENERATED ALWAYS.");
                    ExpectOpen();
                    int from = Current.Start;
                    generatedExpression = ParseExpression();
                    generatedText = TextFrom(from);
                    ExpectClose();
                    generated = TryTake(Keyword.Stored) ? GeneratedKind.Stored : GeneratedKind.Virtual;
                    if (generated == GeneratedKind.Virtual)
                        TryTake(Keyword.Virtual);
                }
            }
            else if (Word is Keyword.Primary or Keyword.Unique)
            {
                bool isPrimary = Is(Keyword.Primary);
                Advance();
                if (isPrimary)
                    Expect(Keyword.Key);
                bool nullsNotDistinct = !isPrimary && ParseNullsNotDistinct();
                RefuseDeferrable();
                constraints.Add(new KeyConstraint
                {
                    Position = start, Name = constraintName, IsPrimary = isPrimary, Columns = [name], NullsNotDistinct = nullsNotDistinct,
                });
            }
            else if (Is(Keyword.Check))
            {
                constraints.Add(ParseCheck(start, constraintName));
            }
            else if (Is(Keyword.References))
            {
                constraints.Add(ParseReferences(start, constraintName, [name]));
            }
            else if (constraintName is not null)
            {
                throw Expected(
                    "NOT NULL, DEFAULT, PRIMARY KEY, UNIQUE, CHECK or REFERENCES", "NOT", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES");
            }
            else
            {
                break;
            }
        }

        if (Kind is not (TokenKind.Comma or TokenKind.CloseParenthesis or TokenKind.End or TokenKind.Semicolon))
        {
            throw Expected(
                "a comma, ) or a constraint of the column", "NOT", "NULL", "DEFAULT", "GENERATED", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "COLLATE");
        }

        if (generated != GeneratedKind.None && defaultValue is not null)
            throw SqlErrors.Syntax(position, $"Column \"{name}\" is generated and has a default.");
        if (identity != IdentityKind.None && (defaultValue is not null || generated != GeneratedKind.None))
            throw SqlErrors.Syntax(position, $"Column \"{name}\" is an identity and has a default.");
        return new ColumnDefinition
        {
            Position = position,
            Name = name,
            Type = type,
            Collation = collation,
            NotNull = notNull ?? identity != IdentityKind.None,
            Default = defaultValue,
            DefaultText = defaultText,
            Generated = generated,
            GeneratedExpression = generatedExpression,
            GeneratedText = generatedText,
            Identity = identity,
            IdentityOptions = identityOptions,
            Constraints = [.. constraints],
        };
    }

    /// <summary>ALWAYS (true) or BY DEFAULT.</summary>
    private bool ParseGeneratedWhen()
    {
        if (TryTake(Keyword.Always))
            return true;
        if (!TryTake(Keyword.By, Keyword.Default))
            throw Expected("ALWAYS or BY DEFAULT", "ALWAYS", "BY");
        return false;
    }

    private SequenceOptions ParseSequenceOptions()
    {
        SourcePosition position = Position;
        TypeName? type = null;
        long? start = null;
        long? increment = null;
        long? minValue = null;
        long? maxValue = null;
        long? cache = null;
        long? restartWith = null;
        bool noMinValue = false;
        bool noMaxValue = false;
        bool restart = false;
        bool? cycle = null;
        Identifier[]? ownedBy = null;
        while (true)
        {
            SourcePosition here = Position;
            if (TryTake(Keyword.As))
            {
                type = ParseTypeName();
            }
            else if (TryTake(Keyword.Start))
            {
                TryTake(Keyword.With);
                start = ParseSignedInteger("the first value");
            }
            else if (TryTake(Keyword.Increment))
            {
                TryTake(Keyword.By);
                increment = ParseSignedInteger("the increment");
                if (increment == 0)
                    throw SqlErrors.At(here, SqlStates.InvalidParameterValue, "A sequence cannot have the increment 0.");
            }
            else if (TryTake(Keyword.Minvalue))
            {
                minValue = ParseSignedInteger("the smallest value");
            }
            else if (TryTake(Keyword.Maxvalue))
            {
                maxValue = ParseSignedInteger("the largest value");
            }
            else if (TryTake(Keyword.No, Keyword.Minvalue))
            {
                noMinValue = true;
            }
            else if (TryTake(Keyword.No, Keyword.Maxvalue))
            {
                noMaxValue = true;
            }
            else if (TryTake(Keyword.No, Keyword.Cycle))
            {
                cycle = false;
            }
            else if (TryTake(Keyword.Cycle))
            {
                cycle = true;
            }
            else if (TryTake(Keyword.Cache))
            {
                cache = ParseSignedInteger("the number of values to cache");
                if (cache < 1)
                    throw SqlErrors.At(here, SqlStates.InvalidParameterValue, "A sequence caches at least one value.");
            }
            else if (TryTake(Keyword.Restart))
            {
                restart = true;
                if (TryTake(Keyword.With) || Kind is TokenKind.Integer or TokenKind.Minus)
                    restartWith = ParseSignedInteger("the value to go on with");
            }
            else if (TryTake(Keyword.Owned))
            {
                Expect(Keyword.By);
                var parts = new List<Identifier>();
                do
                {
                    parts.Add(ParseLabel("a column"));
                }
                while (TryTake(TokenKind.Dot));
                if (parts.Count is > 3 || (parts.Count == 1 && !parts[0].Is("none")))
                    throw SqlErrors.Syntax(here, "OWNED BY takes table.column or NONE.");
                ownedBy = [.. parts];
            }
            else
            {
                break;
            }
        }

        return new SequenceOptions
        {
            Position = position,
            Type = type,
            Start = start,
            Increment = increment,
            MinValue = minValue,
            MaxValue = maxValue,
            NoMinValue = noMinValue,
            NoMaxValue = noMaxValue,
            Cache = cache,
            Cycle = cycle,
            Restart = restart,
            RestartWith = restartWith,
            OwnedBy = ownedBy,
        };
    }

    private CreateIndexStatement ParseCreateIndex(SourcePosition position)
    {
        bool unique = TryTake(Keyword.Unique);
        Expect(Keyword.Index);
        if (Is(Keyword.Concurrently))
            throw SqlErrors.NotSupported(Position, "CREATE INDEX CONCURRENTLY is not supported.", "Leave CONCURRENTLY out; readers are never blocked.");
        bool ifNotExists = ParseIfNotExists();
        Identifier? name = Is(Keyword.On) ? null : ParseName("the name of an index");
        if (ifNotExists && name is null)
            throw Expected("the name of an index");
        Expect(Keyword.On);
        TryTake(Keyword.Only);
        ObjectName table = ParseObjectName("the name of a table");
        string? method = TryTake(Keyword.Using) ? ParseName("the method of an index").Name.ToLowerInvariant() : null;
        ExpectOpen();
        var items = new List<IndexItem>();
        do
        {
            SourcePosition start = Position;
            int from = Current.Start;
            Expression expression = ParseExpression(Precedence.Sign);
            string text = TextFrom(from);
            ObjectName? collation = TryTake(Keyword.Collate) ? ParseCollationName() : null;
            if (expression is CollateExpression collate)
            {
                expression = collate.Operand;
                collation = collate.Collation;
            }
            bool descending = TryTake(Keyword.Desc);
            if (!descending)
                TryTake(Keyword.Asc);
            items.Add(new IndexItem
            {
                Position = start,
                Expression = expression,
                Text = text,
                Collation = collation,
                Descending = descending,
                NullsFirst = ParseNullsOrder(),
            });
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        Identifier[] include = TryTake(Keyword.Include) ? ParseNameList("the name of a column") : [];
        bool nullsNotDistinct = ParseNullsNotDistinct();
        Expression? where = null;
        string? whereText = null;
        if (TryTake(Keyword.Where))
        {
            int first = _at;
            where = ParseExpression();
            whereText = BareTextFrom(first);
        }

        return new CreateIndexStatement
        {
            Position = position,
            Name = name,
            Table = table,
            Unique = unique,
            IfNotExists = ifNotExists,
            Method = method,
            Items = [.. items],
            Include = include,
            NullsNotDistinct = nullsNotDistinct,
            Where = where,
            WhereText = whereText,
        };
    }

    // ---- DROP

    private ObjectKind ParseObjectKind()
    {
        ObjectKind kind = Word switch
        {
            Keyword.Table => ObjectKind.Table,
            Keyword.View => ObjectKind.View,
            Keyword.Index => ObjectKind.Index,
            Keyword.Sequence => ObjectKind.Sequence,
            Keyword.Schema => ObjectKind.Schema,
            _ => throw Expected("TABLE, VIEW, INDEX, SEQUENCE or SCHEMA", ObjectWords),
        };
        Advance();
        return kind;
    }

    private static string NameOf(ObjectKind kind) => kind switch
    {
        ObjectKind.Index => "the name of an index",
        _ => $"the name of a {kind.ToString().ToLowerInvariant()}",
    };

    private Statement ParseDrop()
    {
        SourcePosition position = Position;
        Advance();
        if (IsRoutineWord)
            return ParseDropRoutine(position);
        ObjectKind kind = ParseObjectKind();
        bool ifExists = ParseIfExists();
        var names = new List<ObjectName>();
        do
        {
            names.Add(ParseObjectName(NameOf(kind)));
        }
        while (TryTake(TokenKind.Comma));
        return new DropStatement { Position = position, Kind = kind, IfExists = ifExists, Names = [.. names], Cascade = ParseDropBehaviour() };
    }

    private ReindexStatement ParseReindex()
    {
        SourcePosition position = Position;
        Advance();
        ObjectKind kind = Word switch
        {
            Keyword.Index => ObjectKind.Index,
            Keyword.Table => ObjectKind.Table,
            _ => throw Expected("INDEX or TABLE", "INDEX", "TABLE"),
        };
        Advance();
        return new ReindexStatement { Position = position, Kind = kind, Name = ParseObjectName(NameOf(kind)) };
    }

    private Statement ParseComment()
    {
        SourcePosition position = Position;
        Advance();
        Expect(Keyword.On);
        if (IsRoutineWord)
        {
            RoutineKind? routineKind = TakeRoutineKind();
            RoutineReference routine = ParseRoutineReference();
            Expect(Keyword.Is);
            return new CommentRoutineStatement
            {
                Position = position, Kind = routineKind, Routine = routine, Comment = TryTake(Keyword.Null) ? null : ParseString("a text or NULL"),
            };
        }

        ObjectKind kind;
        ObjectName name;
        Identifier? member = null;
        if (TryTake(Keyword.Column))
        {
            kind = ObjectKind.Column;
            SourcePosition start = Position;
            var parts = new List<Identifier> { ParseName("a table and a column") };
            while (TryTake(TokenKind.Dot))
                parts.Add(ParseLabel("the name of a column"));
            if (parts.Count is < 2 or > 3)
                throw SqlErrors.Syntax(start, "A column is named with its table here.", "Write COMMENT ON COLUMN table.column IS '…'.");
            name = new ObjectName { Position = start, Schema = parts.Count == 3 ? parts[0].Name : null, Name = parts[^2].Name };
            member = parts[^1];
        }
        else if (TryTake(Keyword.Constraint))
        {
            kind = ObjectKind.Constraint;
            member = ParseName("the name of a constraint");
            Expect(Keyword.On);
            name = ParseObjectName("the name of a table");
        }
        else if (TryTake(Keyword.Database))
        {
            kind = ObjectKind.Database;
            name = ParseObjectName("the name of the database");
        }
        else
        {
            kind = ParseObjectKind();
            name = ParseObjectName(NameOf(kind));
        }

        Expect(Keyword.Is);
        string? comment = TryTake(Keyword.Null) ? null : ParseString("a text or NULL");
        return new CommentStatement { Position = position, Kind = kind, Name = name, Member = member, Comment = comment };
    }

    // ---- ALTER
}
