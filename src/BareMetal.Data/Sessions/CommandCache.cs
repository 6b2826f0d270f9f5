using System.Runtime.CompilerServices;
using BareMetal.Data.Sql;
using BareMetal.Data.Types;

namespace BareMetal.Data.Sessions;

/// <summary>
/// Commands that were split before. In front, by the identity of the string object: a program mostly runs the same literals. Behind it
/// by text. Both are bounded.
/// </summary>
internal sealed class CommandCache(StatementCache statements)
{
    private const int Slots = 1024;
    private const int MaxByText = 2048;

    /// <summary>Longer commands are cached by their statements only.</summary>
    private const int MaxLength = 32 * 1024;

    private readonly PreparedCommand?[] _byReference = new PreparedCommand?[Slots];
    private readonly Dictionary<string, PreparedCommand> _byText = new(StringComparer.Ordinal);
    private readonly ConditionalWeakTable<Catalog.Routine, RoutineCode> _routines = new();

    /// <summary>The body of a routine of the catalog, with the plans made for it.</summary>
    public RoutineCode CodeOf(Catalog.Routine routine) => _routines.GetValue(routine, static r => new RoutineCode(r));

    public PreparedCommand Get(string text, ReadOnlySpan<ParameterDeclaration> parameters)
    {
        int slot = RuntimeHelpers.GetHashCode(text) & (Slots - 1);
        PreparedCommand? known = Volatile.Read(ref _byReference[slot]);
        if (known is not null && ReferenceEquals(known.Text, text) && Matches(known, parameters))
            return known;
        return Find(text, parameters, slot);
    }

    private PreparedCommand Find(string text, ReadOnlySpan<ParameterDeclaration> parameters, int slot)
    {
        if (text.Length > MaxLength)
            return Prepare(text, parameters);
        lock (_byText)
        {
            // The text of a program's literal wins over an equal text made at run time: its slot stays useful.
            if (_byText.TryGetValue(text, out PreparedCommand? known) && Matches(known, parameters))
            {
                if (ReferenceEquals(known.Text, text))
                    Volatile.Write(ref _byReference[slot], known);
                else
                    Volatile.Write(ref _byReference[slot], known.WithText(text));
                return known;
            }
        }

        PreparedCommand made = Prepare(text, parameters);
        lock (_byText)
        {
            if (_byText.Count >= MaxByText)
                _byText.Clear();
            _byText[text] = made;
        }

        Volatile.Write(ref _byReference[slot], made);
        return made;
    }

    private static bool Matches(PreparedCommand command, ReadOnlySpan<ParameterDeclaration> parameters)
    {
        ParameterDeclaration[] known = command.Parameters;
        if (known.Length != parameters.Length)
            return false;
        for (int i = 0; i < known.Length; i++)
        {
            if (!ReferenceEquals(known[i].Type, parameters[i].Type) && known[i].Type != parameters[i].Type)
                return false;
            if (!ReferenceEquals(known[i].Name, parameters[i].Name) && !string.Equals(known[i].Name, parameters[i].Name, StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }

    private PreparedCommand Prepare(string text, ReadOnlySpan<ParameterDeclaration> parameters)
    {
        ParameterDeclaration[] declared = parameters.ToArray();
        StatementText[] texts = StatementSplitter.Split(text);
        PreparedStatement[] prepared = new PreparedStatement[texts.Length];
        for (int i = 0; i < texts.Length; i++)
        {
            ParameterReference[] references = texts[i].Parameters;
            int[] map = new int[references.Length];
            SqlType[] types = new SqlType[references.Length];
            for (int p = 0; p < references.Length; p++)
            {
                map[p] = Find(references[p], declared);
                types[p] = declared[map[p]].Type;
            }

            prepared[i] = new PreparedStatement { Text = texts[i], ParameterMap = map, Cached = statements.Get(texts[i], types) };
        }

        return new PreparedCommand { Text = text, Parameters = declared, Statements = prepared };
    }

    private static int Find(ParameterReference reference, ParameterDeclaration[] declared)
    {
        if (reference.Name is null)
        {
            if ((uint)reference.Ordinal < (uint)declared.Length)
                return reference.Ordinal;
            throw new BareMetalException(SqlStates.UndefinedParameter, $"The command has {declared.Length} parameters, but its text names parameter {reference.Ordinal + 1}.");
        }

        for (int i = 0; i < declared.Length; i++)
        {
            if (string.Equals(declared[i].Name, reference.Name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        throw new BareMetalException(SqlStates.UndefinedParameter, $"The command's text names the parameter @{reference.Name}, but no such parameter was added.")
        {
            Hint = declared.Length == 0 ? "Add a parameter to the command." : "Parameters: " + string.Join(", ", declared.Select((d, i) => d.Name is null ? "$" + (i + 1) : "@" + d.Name)) + ".",
        };
    }
}
