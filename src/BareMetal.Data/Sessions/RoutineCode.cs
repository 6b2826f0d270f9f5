using BareMetal.Data.Binding;
using BareMetal.Data.Catalog;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Sessions;

/// <summary>A routine's body, or a block, ready to run: its variables, and the plan of each of its statements. Shared by sessions.</summary>
internal sealed class RoutineCode
{
    private readonly Dictionary<SyntaxNode, CachedStatement> _statements = new(ReferenceEqualityComparer.Instance);

    public RoutineCode(Routine routine)
    {
        Routine = routine;
        Body = routine.Parsed.Statements;
        Declared = routine.Parsed.Variables;
        IsBlock = routine.Parsed.IsBlock;
        Variables = RoutineVariables.For(routine);
    }

    public RoutineCode(DoStatement block)
    {
        Body = block.Body;
        Declared = block.Variables;
        IsBlock = true;
        Variables = RoutineVariables.For(block);
    }

    /// <summary>Null for a DO block.</summary>
    public Routine? Routine { get; }

    public Statement[] Body { get; }

    /// <summary>The variables of the outermost block.</summary>
    public VariableDeclaration[] Declared { get; }

    public bool IsBlock { get; }

    public RoutineVariables Variables { get; }

    /// <summary>A statement of the body with its plan.</summary>
    public CachedStatement For(Statement statement) => Get(statement is QueryStatement only ? only.Query : statement, statement);

    /// <summary>An expression of the body as a query of one row.</summary>
    public CachedStatement For(Expression expression)
    {
        lock (_statements)
        {
            if (_statements.TryGetValue(expression, out CachedStatement? known))
                return known;
        }

        return Get(expression, QueryOf(expression));
    }

    /// <summary>SELECT expression.</summary>
    public static QueryStatement QueryOf(Expression expression) => new()
    {
        Position = expression.Position,
        Query = new Query
        {
            Position = expression.Position,
            Body = new SelectBody { Position = expression.Position, Items = [new SelectItem { Expression = expression, Position = expression.Position }] },
        },
    };

    private CachedStatement Get(SyntaxNode key, Statement statement)
    {
        lock (_statements)
        {
            if (!_statements.TryGetValue(key, out CachedStatement? known))
                _statements.Add(key, known = new CachedStatement(statement, Variables.Types, Variables.Scope));
            return known;
        }
    }
}
