using BareMetal.Data.Catalog;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Types;

namespace BareMetal.Data.Binding;

/// <summary>The parameters and variables of a routine or block: one slot for each, which its statements see as their parameters.</summary>
internal sealed class RoutineVariables
{
    /// <summary>The variable that says whether the last statement found or changed a row.</summary>
    public const string Found = "found";

    private RoutineVariables(string routine, List<string?> names, List<SqlType> types, List<int> inputs, bool isBlock)
    {
        Names = names;
        Types = [.. types];
        Scope = new VariableScope(routine, names, [.. types.Select((t, i) => new BoundParameter(i, t))], inputs, isBlock);
    }

    public IReadOnlyList<string?> Names { get; }

    public SqlType[] Types { get; }

    /// <summary>What their names mean in a statement.</summary>
    public VariableScope Scope { get; }

    /// <summary>The slot of <see cref="Found"/>, −1 outside of blocks.</summary>
    public int FoundSlot { get; private init; } = -1;

    /// <summary>The slots of variables that are set once, when they are declared, and of those that take no null.</summary>
    public HashSet<int> Constants { get; } = [];

    public HashSet<int> NotNull { get; } = [];

    /// <exception cref="BareMetalException">42601: a name is there twice; 42704: a type is not known.</exception>
    public static RoutineVariables For(Routine routine)
    {
        List<string?> names = [];
        List<SqlType> types = [];
        List<int> inputs = [];
        foreach (RoutineParameter parameter in routine.Parameters)
        {
            bool isInput = parameter.Mode is RoutineParameterMode.In or RoutineParameterMode.InOut;
            if (isInput)
                inputs.Add(names.Count);

            // Outputs are variables of blocks; a body of the language sql gives them by its last statement.
            names.Add(isInput || routine.Parsed.IsBlock ? parameter.Name : null);
            types.Add(parameter.Type);
        }

        return Make(routine.Name, names, types, inputs, routine.Parsed.IsBlock, routine.Parsed.Variables, routine.Parsed.Statements);
    }

    public static RoutineVariables For(DoStatement block) => Make("", [], [], [], true, block.Variables, block.Body);

    public int Find(Identifier name)
    {
        int found = Scope.Find(name.Name);
        return found >= 0 ? found : throw SqlErrors.Syntax(name.Position, $"There is no variable \"{name}\".", "Declare it: DECLARE name type;");
    }

    private static RoutineVariables Make(string routine, List<string?> names, List<SqlType> types, List<int> inputs, bool isBlock, VariableDeclaration[] declared, Statement[] body)
    {
        List<(int, VariableDeclaration)> variables = [];
        int found = -1;
        if (isBlock)
        {
            Declare(declared);
            Collect(body);
            found = names.Count;
            names.Add(Found);
            types.Add(SqlType.Boolean);
        }

        RoutineVariables made = new(routine, names, types, inputs, isBlock) { FoundSlot = found };
        foreach ((int slot, VariableDeclaration variable) in variables)
        {
            if (variable.IsConstant)
                made.Constants.Add(slot);
            if (variable.NotNull)
                made.NotNull.Add(slot);
        }

        return made;

        void Declare(VariableDeclaration[] list)
        {
            foreach (VariableDeclaration variable in list)
            {
                if (names.Exists(n => string.Equals(n, variable.Name.Name, StringComparison.OrdinalIgnoreCase)))
                    throw SqlErrors.Syntax(variable.Position, $"The variable \"{variable.Name}\" is there twice.", "A name means one variable in all of the routine.");
                variables.Add((names.Count, variable));
                names.Add(variable.Name.Name);
                types.Add(TypeNames.Resolve(variable.Type) with { Length = null, IsFixedLength = false, Precision = null, Scale = null });
            }
        }

        void Collect(Statement[] statements)
        {
            foreach (Statement statement in statements)
            {
                switch (statement)
                {
                    case DoStatement block:
                        Declare(block.Variables);
                        Collect(block.Body);
                        break;
                    case IfStatement branches:
                        foreach (IfBranch branch in branches.Branches)
                            Collect(branch.Body);
                        Collect(branches.Else);
                        break;
                    case LoopStatement loop:
                        Collect(loop.Body);
                        break;
                }
            }
        }
    }
}
