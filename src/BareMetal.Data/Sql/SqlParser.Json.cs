using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// The functions of SQL/JSON whose arguments have a grammar of their own.
internal sealed partial class SqlParser
{
    /// <summary>A call that begins here, when it is one of SQL/JSON's; the current token is its opening parenthesis.</summary>
    private Expression? ParseJsonCall(SourcePosition position, string name)
    {
        switch (name.ToLowerInvariant())
        {
            case "json_exists":
                return ParseJsonQuery(position, JsonQueryKind.Exists);
            case "json_value":
                return ParseJsonQuery(position, JsonQueryKind.Value);
            case "json_query":
                return ParseJsonQuery(position, JsonQueryKind.Query);
            case "json_array":
                return ParseJsonArray(position);
            case "json_object":
                return ParseJsonObject(position);
            case "json_objectagg":
                return ParseJsonObjectAgg(position);
            case "json_arrayagg":
                return ParseJsonArrayAgg(position);
            case "json":
            {
                Expression text = ParseOnly();
                return new CastExpression { Position = position, Operand = text, Type = new TypeName { Position = position, Name = "json" } };
            }

            case "json_scalar":
                return Call(position, "to_json", ParseOnly());
            case "json_serialize":
            {
                ExpectOpen();
                Expression json = ParseJsonValue();
                TypeName? type = ParseJsonReturning();
                ExpectClose();
                return new CastExpression { Position = position, Operand = json, Type = type ?? new TypeName { Position = position, Name = "text" } };
            }

            default:
                return null;
        }
    }

    /// <summary>What follows IS [NOT] JSON.</summary>
    private Expression ParseIsJson(Expression operand, SourcePosition position, bool negated)
    {
        Advance();
        string kind = "value";
        foreach (string word in new[] { "value", "object", "array", "scalar" })
        {
            if (TryTakeWord(word) || (word == "array" && TryTake(Keyword.Array)))
            {
                kind = word;
                break;
            }
        }

        bool unique = ParseUniqueKeys();
        Expression test = Call(position, "is_json", operand, Literal(position, kind), new LiteralExpression { Position = position, Kind = LiteralKind.Boolean, Value = unique });
        return negated ? new UnaryExpression { Position = position, Operator = UnaryOperator.Not, Operand = test } : test;
    }

    private static LiteralExpression Literal(SourcePosition position, string text) => new() { Position = position, Kind = LiteralKind.String, Value = text };

    private Expression ParseOnly()
    {
        ExpectOpen();
        Expression value = ParseJsonValue();
        ParseUniqueKeys();
        ExpectClose();
        return value;
    }

    /// <summary>A value, with FORMAT JSON behind it or not.</summary>
    private Expression ParseJsonValue()
    {
        Expression value = ParseExpression();
        if (!IsWord("format") || !Text(Ahead(1)).Equals("json", StringComparison.OrdinalIgnoreCase))
            return value;
        Advance();
        Advance();
        return new CastExpression { Position = value.Position, Operand = value, Type = new TypeName { Position = value.Position, Name = "json" } };
    }

    private Expression ParseJsonQuery(SourcePosition position, JsonQueryKind kind)
    {
        ExpectOpen();
        Expression document = ParseJsonValue();
        if (!TryTake(TokenKind.Comma))
            throw Expected("a comma and a path");
        Expression path = ParseExpression();
        (Expression Value, Identifier Name)[] passing = ParsePassing();
        JsonQueryOptions options = new();
        int before = _at;
        ParseQueryOptions(options);
        bool plain = passing.Length == 0 && _at == before;
        ExpectClose();

        // Without clauses these are functions as others.
        if (plain && kind == JsonQueryKind.Value)
            return Call(position, "json_value", document, path);
        return new JsonQueryExpression { Position = position, Kind = kind, Document = document, Path = path, Passing = passing, Options = options };
    }

    private (Expression Value, Identifier Name)[] ParsePassing()
    {
        if (!TryTakeWord("passing"))
            return [];
        var list = new List<(Expression, Identifier)>();
        do
        {
            Expression value = ParseJsonValue();
            Expect(Keyword.As);
            list.Add((value, ParseLabel("the name of a variable")));
        }
        while (TryTake(TokenKind.Comma));
        return [.. list];
    }

    private TypeName? ParseJsonReturning()
    {
        if (!TryTake(Keyword.Returning))
            return null;
        TypeName type = ParseTypeName();
        if (TryTakeWord("format") && !TryTakeWord("json"))
            throw Expected("JSON", "JSON");
        return type;
    }

    /// <summary>RETURNING, WRAPPER, QUOTES, ON EMPTY, ON ERROR.</summary>
    private void ParseQueryOptions(JsonQueryOptions options)
    {
        options.Returning = ParseJsonReturning() ?? options.Returning;
        if (Is(Keyword.With) || Is(Keyword.Without))
        {
            bool with = Is(Keyword.With);
            Advance();
            bool conditional = with && TryTakeWord("conditional");
            if (with && !conditional)
                TryTakeWord("unconditional");
            TryTake(Keyword.Array);
            if (!TryTakeWord("wrapper"))
                throw Expected("WRAPPER", "WRAPPER");
            options.Wrapper = !with ? JsonWrapper.None : conditional ? JsonWrapper.Conditional : JsonWrapper.Unconditional;
        }

        if (IsWord("keep") || IsWord("omit"))
        {
            options.OmitQuotes = IsWord("omit");
            Advance();
            if (!TryTakeWord("quotes"))
                throw Expected("QUOTES", "QUOTES");
            if (TryTake(Keyword.On) && !(TryTakeWord("scalar") && TryTakeWord("string")))
                throw Expected("SCALAR STRING", "SCALAR");
        }

        for (int i = 0; i < 2 && TryParseBehavior() is { } behavior; i++)
        {
            Expect(Keyword.On);
            if (TryTakeWord("empty"))
                options.OnEmpty = behavior;
            else if (TryTakeWord("error"))
                options.OnError = behavior;
            else
                throw Expected("EMPTY or ERROR", "EMPTY", "ERROR");
        }
    }

    private JsonBehavior? TryParseBehavior()
    {
        if (TryTake(Keyword.Null))
            return new JsonBehavior(JsonBehaviorKind.Null, null);
        if (TryTake(Keyword.True))
            return new JsonBehavior(JsonBehaviorKind.True, null);
        if (TryTake(Keyword.False))
            return new JsonBehavior(JsonBehaviorKind.False, null);
        if (TryTake(Keyword.Unknown))
            return new JsonBehavior(JsonBehaviorKind.Unknown, null);
        if (TryTake(Keyword.Default))
            return new JsonBehavior(JsonBehaviorKind.Default, ParseExpression());
        if (TryTakeWord("error"))
            return new JsonBehavior(JsonBehaviorKind.Error, null);
        if (!TryTakeWord("empty"))
            return null;
        if (TryTakeWord("object"))
            return new JsonBehavior(JsonBehaviorKind.EmptyObject, null);
        return new JsonBehavior(TryTake(Keyword.Array) ? JsonBehaviorKind.EmptyArray : JsonBehaviorKind.Empty, null);
    }

    private bool ParseUniqueKeys()
    {
        if (!(Is(Keyword.With) || Is(Keyword.Without)) || Ahead(1).Keyword != Keyword.Unique)
            return false;
        bool with = Is(Keyword.With);
        Advance();
        Advance();
        TryTakeWord("keys");
        return with;
    }

    /// <summary>NULL ON NULL or ABSENT ON NULL; null when neither is written.</summary>
    private bool? ParseAbsentOnNull()
    {
        bool? absent = Ahead(1).Keyword != Keyword.On ? null : Is(Keyword.Null) ? false : IsWord("absent") ? true : null;
        if (absent is null)
            return null;
        Advance();
        Expect(Keyword.On);
        Expect(Keyword.Null);
        return absent;
    }

    private Expression ParseJsonObject(SourcePosition position)
    {
        ExpectOpen();
        var items = new List<Expression>();
        if (!Is(TokenKind.CloseParenthesis) && !Is(Keyword.Returning) && ParseAbsentOnNull() is null)
        {
            bool pairs = ParsePair(items);
            if (!pairs)
            {
                // json_object(array), json_object(names, values).
                while (TryTake(TokenKind.Comma))
                    items.Add(ParseExpression());
                ExpectClose();
                return Call(position, "json_object", [.. items]);
            }

            while (TryTake(TokenKind.Comma))
            {
                if (!ParsePair(items))
                    throw Expected("VALUE or a colon", "VALUE");
            }
        }

        bool absent = ParseAbsentOnNull() ?? false;
        bool unique = ParseUniqueKeys();
        TypeName? returning = ParseJsonReturning();
        ExpectClose();
        return new JsonConstructorExpression { Position = position, IsObject = true, Items = [.. items], AbsentOnNull = absent, Unique = unique, Returning = returning };
    }

    /// <summary>A name and its value; false when there is a name only.</summary>
    private bool ParsePair(List<Expression> items)
    {
        bool key = IsWord("key") && Ahead(1).Kind is not (TokenKind.Colon or TokenKind.Comma or TokenKind.CloseParenthesis or TokenKind.Dot);
        if (key)
            Advance();
        items.Add(ParseExpression());
        if (!TryTake(TokenKind.Colon) && !TryTakeWord("value"))
            return key ? throw Expected("VALUE or a colon", "VALUE") : false;
        items.Add(ParseJsonValue());
        return true;
    }

    private Expression ParseJsonArray(SourcePosition position)
    {
        ExpectOpen();
        var items = new List<Expression>();
        if (IsQueryStart)
        {
            Query query = ParseQuery();
            bool keep = ParseAbsentOnNull() == false;
            TypeName? type = ParseJsonReturning();
            ExpectClose();
            Expression rows = new ArrayQueryExpression { Position = position, Query = query };
            if (!keep)
                rows = Call(position, "array_remove", rows, new LiteralExpression { Position = position, Kind = LiteralKind.Null });
            return Returning(Call(position, "array_to_json", rows), type);
        }

        if (!Is(TokenKind.CloseParenthesis) && !Is(Keyword.Returning))
        {
            do
            {
                items.Add(ParseJsonValue());
            }
            while (TryTake(TokenKind.Comma));
        }

        bool absent = ParseAbsentOnNull() ?? true;
        TypeName? returning = ParseJsonReturning();
        ExpectClose();
        return new JsonConstructorExpression { Position = position, IsObject = false, Items = [.. items], AbsentOnNull = absent, Unique = false, Returning = returning };
    }

    private Expression ParseJsonObjectAgg(SourcePosition position)
    {
        ExpectOpen();
        var items = new List<Expression>();
        if (!ParsePair(items))
            throw Expected("VALUE or a colon", "VALUE");
        bool absent = ParseAbsentOnNull() ?? false;
        bool unique = ParseUniqueKeys();
        TypeName? returning = ParseJsonReturning();
        ExpectClose();
        string name = (IsJsonb(returning) ? "jsonb_object_agg" : "json_object_agg") + (unique ? "_unique" : "") + (absent ? "_strict" : "");
        return Returning(FinishCall(new ObjectName { Position = position, Name = name }, items, null, false, false, false, []), IsJsonb(returning) ? null : returning);
    }

    private Expression ParseJsonArrayAgg(SourcePosition position)
    {
        ExpectOpen();
        Expression value = ParseJsonValue();
        SortItem[] orderBy = ParseOrderBy();
        bool absent = ParseAbsentOnNull() ?? true;
        TypeName? returning = ParseJsonReturning();
        ExpectClose();
        string name = (IsJsonb(returning) ? "jsonb_agg" : "json_agg") + (absent ? "_strict" : "");
        return Returning(FinishCall(new ObjectName { Position = position, Name = name }, [value], null, false, false, false, orderBy), IsJsonb(returning) ? null : returning);
    }

    private static bool IsJsonb(TypeName? type) => type is not null && type.Name.Equals("jsonb", StringComparison.OrdinalIgnoreCase);

    private static Expression Returning(Expression value, TypeName? type) =>
        type is null ? value : new CastExpression { Position = value.Position, Operand = value, Type = type };

    // ---- JSON_TABLE

    private JsonTableReference ParseJsonTable(SourcePosition position)
    {
        Advance();
        ExpectOpen();
        Expression document = ParseJsonValue();
        if (!TryTake(TokenKind.Comma))
            throw Expected("a comma and a path");
        Expression path = ParseExpression();
        if (TryTake(Keyword.As))
            ParseLabel("the name of a path");
        (Expression Value, Identifier Name)[] passing = ParsePassing();
        JsonTableColumn[] columns = ParseJsonColumns();
        bool error = false;
        if (TryParseBehavior() is { } behavior)
        {
            error = behavior.Kind == JsonBehaviorKind.Error;
            Expect(Keyword.On);
            if (!TryTakeWord("error"))
                throw Expected("ERROR", "ERROR");
        }

        ExpectClose();
        return new JsonTableReference
        {
            Position = position, Document = document, Path = path, Passing = passing, Columns = columns, ErrorOnError = error, Alias = ParseTableAlias(),
        };
    }

    private JsonTableColumn[] ParseJsonColumns()
    {
        if (!TryTakeWord("columns"))
            throw Expected("COLUMNS", "COLUMNS");
        ExpectOpen();
        var columns = new List<JsonTableColumn>();
        do
        {
            columns.Add(ParseJsonColumn());
        }
        while (TryTake(TokenKind.Comma));
        ExpectClose();
        return [.. columns];
    }

    private JsonTableColumn ParseJsonColumn()
    {
        SourcePosition position = Position;
        if (IsWord("nested") && (Text(Ahead(1)).Equals("path", StringComparison.OrdinalIgnoreCase) || Ahead(1).Kind is TokenKind.String))
        {
            Enter(position);
            Advance();
            TryTakeWord("path");
            string nested = TakeString();
            if (TryTake(Keyword.As))
                ParseLabel("the name of a path");
            JsonTableColumn[] columns = ParseJsonColumns();
            Leave();
            return new JsonTableColumn { Position = position, Path = nested, Nested = columns };
        }

        Identifier name = ParseName("the name of a column");
        if (TryTake(Keyword.For))
        {
            Expect(Keyword.Ordinality);
            return new JsonTableColumn { Position = position, Name = name };
        }

        TypeName type = ParseTypeName();
        bool exists = TryTake(Keyword.Exists);
        if (IsWord("format"))
        {
            Advance();
            if (!TryTakeWord("json"))
                throw Expected("JSON", "JSON");
        }

        string? path = TryTakeWord("path") ? TakeString() : null;
        JsonQueryOptions options = new();
        ParseQueryOptions(options);
        return new JsonTableColumn { Position = position, Name = name, Type = type, IsExists = exists, Path = path, Options = options };
    }
}
