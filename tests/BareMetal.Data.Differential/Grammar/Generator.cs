namespace BareMetal.Data.Differential.Grammar;

/// <summary>A statement of a round.</summary>
/// <param name="Root">Its text for both sides.</param>
/// <param name="IsOrdered">Its ORDER BY leaves no choice, so that rows are compared in order.</param>
/// <param name="IsSetUp">What later statements stand on: when its outcome differs the round ends.</param>
internal sealed record Statement(Node Root, bool IsOrdered = false, bool IsSetUp = false)
{
    public bool IsQuery => Root.Role == Role.Query;
}

/// <summary>Generates the statements of one round: a schema with data, then queries, changes and transactions over it.</summary>
internal sealed partial class Generator
{
    private readonly Dice _dice;
    private readonly List<Table> _tables = [];
    private int _names;
    private int _noSubquery;
    private bool _allowInexact;
    private bool _alone;
    private int _sequence = 500;

    public Generator(ulong seed) => _dice = new Dice(seed);

    /// <summary>The round's statements in order.</summary>
    public List<Statement> Generate(int count)
    {
        List<Statement> statements = [];
        CreateSchema(statements);
        int end = statements.Count + count;
        while (statements.Count < end)
        {
            double choice = _dice.Next(1000) / 1000.0;
            if (choice < 0.73)
                statements.Add(TopQuery());
            else if (choice < 0.80)
                statements.Add(new Statement(EdgeQuery()));
            else if (choice < 0.91)
                statements.AddRange(Change());
            else if (choice < 0.95)
                Transaction(statements);
            else if (choice < 0.968)
                Script(statements);
            else
                statements.Add(Error());
        }

        foreach (Table table in _tables)
            statements.Add(AllRows(table));
        return statements;
    }

    private Statement AllRows(Table table) => new(Make("table query", Role.Query, $"TABLE {table.Name}"));

    private static Node Make(string production, Role role, Sql sql) => new(production.Length == 0 ? production : Productions.Known(production), role, sql.Parts);

    private static Node Make(string production, Sql sql) => Make(production, Role.Other, sql);

    /// <summary>A part that the shrinker may leave out.</summary>
    private static Node Optional(string production, Sql sql) => Make(production, Role.Optional, sql);

    private static Node Join(string separator, IEnumerable<Node> items) => new("", Role.Other, [.. items]) { Separator = separator };

    /// <summary>Items of which the shrinker may leave out all but one.</summary>
    private static Node List(string separator, IEnumerable<Node> items) => new("", Role.List, [.. items]) { Separator = separator };

    private static Node Raw(string text) => new("", Role.Other, [text]);

    private string Name(string prefix) => prefix + (++_names).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
