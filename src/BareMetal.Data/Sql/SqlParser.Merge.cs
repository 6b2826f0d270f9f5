using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sql;

// MERGE.
internal sealed partial class SqlParser
{
    private MergeStatement ParseMerge(WithClause? with)
    {
        SourcePosition position = Position;
        Advance();
        Expect(Keyword.Into);
        TryTake(Keyword.Only);
        ObjectName table = ParseObjectName("the name of a table");
        Identifier? alias = ParseTargetAlias();
        Expect(Keyword.Using);
        TableReference source = ParseTableReference();
        Expect(Keyword.On);
        Expression on = ParseExpression();
        var whens = new List<MergeWhen>();
        while (Is(Keyword.When))
            whens.Add(ParseMergeWhen());
        if (whens.Count == 0)
            throw Expected("WHEN", "WHEN");
        CheckReachable(whens);
        return new MergeStatement
        {
            Position = position, With = with, Table = table, Alias = alias, Source = source, On = on, Whens = [.. whens], Returning = ParseReturning(),
        };
    }

    private static void CheckReachable(List<MergeWhen> whens)
    {
        foreach (MergeMatch match in Enum.GetValues<MergeMatch>())
        {
            bool closed = false;
            foreach (MergeWhen when in whens)
            {
                if (when.Match != match)
                    continue;
                if (closed)
                    throw SqlErrors.Syntax(when.Position, "This WHEN clause is never reached: one without a condition stands before it.");
                closed = when.Condition is null;
            }
        }
    }

    private MergeWhen ParseMergeWhen()
    {
        SourcePosition position = Position;
        Expect(Keyword.When);
        bool not = TryTake(Keyword.Not);
        if (!TryTakeWord("MATCHED"))
            throw Expected("MATCHED", "MATCHED");
        MergeMatch match = not ? MergeMatch.NotMatchedByTarget : MergeMatch.Matched;
        if (not && TryTake(Keyword.By))
        {
            if (TryTakeWord("SOURCE"))
                match = MergeMatch.NotMatchedBySource;
            else if (!TryTakeWord("TARGET"))
                throw Expected("SOURCE or TARGET", "SOURCE", "TARGET");
        }

        Expression? condition = TryTake(Keyword.And) ? ParseExpression() : null;
        Expect(Keyword.Then);
        bool inserts = match == MergeMatch.NotMatchedByTarget;
        if (TryTake(Keyword.Do))
        {
            Expect(Keyword.Nothing);
            return new MergeWhen { Position = position, Match = match, Condition = condition, Action = MergeAction.Nothing };
        }

        if (!inserts && TryTake(Keyword.Delete))
            return new MergeWhen { Position = position, Match = match, Condition = condition, Action = MergeAction.Delete };
        if (!inserts && TryTake(Keyword.Update))
        {
            Expect(Keyword.Set);
            return new MergeWhen { Position = position, Match = match, Condition = condition, Action = MergeAction.Update, Assignments = ParseAssignments() };
        }

        if (!inserts || !TryTake(Keyword.Insert))
            throw inserts ? Expected("INSERT or DO NOTHING", "INSERT", "DO") : Expected("UPDATE, DELETE or DO NOTHING", "UPDATE", "DELETE", "DO");
        Identifier[]? columns = Is(TokenKind.OpenParenthesis) ? ParseNameList("the name of a column") : null;
        OverridingKind overriding = ParseOverriding();
        Expression[]? values = null;
        if (TryTake(Keyword.Default))
        {
            Expect(Keyword.Values);
            if (columns is not null)
                throw SqlErrors.Syntax(position, "DEFAULT VALUES goes without a list of columns.");
        }
        else if (Is(Keyword.Values))
        {
            ValuesBody body = ParseValues();
            if (body.Rows.Length != 1)
                throw SqlErrors.Syntax(body.Position, "INSERT of MERGE takes one row of values.");
            values = body.Rows[0];
        }
        else
        {
            throw Expected("VALUES or DEFAULT VALUES", "VALUES", "DEFAULT");
        }

        return new MergeWhen
        {
            Position = position, Match = match, Condition = condition, Action = MergeAction.Insert, Columns = columns, Overriding = overriding, Values = values,
        };
    }

    private OverridingKind ParseOverriding()
    {
        if (!TryTake(Keyword.Overriding))
            return OverridingKind.None;
        OverridingKind overriding = TryTake(Keyword.System) ? OverridingKind.System
            : TryTake(Keyword.User) ? OverridingKind.User
            : throw Expected("SYSTEM or USER", "SYSTEM", "USER");
        if (!TryTakeWord("VALUE"))
            throw Expected("VALUE", "VALUE");
        return overriding;
    }
}
