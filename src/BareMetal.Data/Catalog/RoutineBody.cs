using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Catalog;

/// <summary>The syntax of a routine's body.</summary>
internal sealed class RoutineBody
{
    /// <summary>The statements: those of a body of the language sql in order, or those of the block.</summary>
    public required Statement[] Statements { get; init; }

    /// <summary>The variables that the outermost block declares.</summary>
    public VariableDeclaration[] Variables { get; init; } = [];

    /// <summary>Whether it is a block, with variables and control.</summary>
    public bool IsBlock { get; init; }

    /// <summary>The only query of a body that is one.</summary>
    public Query? Query => !IsBlock && Statements is [QueryStatement only] ? only.Query : null;

    public static RoutineBody Parse(Routine routine) => Parse(routine.Language, routine.BodyKind, routine.Body);

    /// <exception cref="BareMetalException">42601 with a place in the body.</exception>
    public static RoutineBody Parse(string language, RoutineBodyKind kind, string text)
    {
        if (kind == RoutineBodyKind.Return)
        {
            Expression value = SqlParser.ParseRoutineExpression(text);
            Query query = new()
            {
                Position = value.Position,
                Body = new SelectBody { Position = value.Position, Items = [new SelectItem { Position = value.Position, Expression = value }] },
            };
            return new RoutineBody { Statements = [new QueryStatement { Position = value.Position, Query = query }] };
        }

        if (language != "plpgsql")
            return new RoutineBody { Statements = SqlParser.ParseSqlBody(text) };
        DoStatement block = SqlParser.ParseBlockBody(text);
        return new RoutineBody { Statements = block.Body, Variables = block.Variables, IsBlock = true };
    }
}
