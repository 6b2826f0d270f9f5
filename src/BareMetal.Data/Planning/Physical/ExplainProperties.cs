using BareMetal.Data.Binding;

namespace BareMetal.Data.Planning;

/// <summary>Collects the properties of a plan node for EXPLAIN.</summary>
internal sealed class ExplainProperties
{
    public List<(string Name, string Value)> Items { get; } = [];

    /// <summary>Subqueries in the node's expressions, to be shown below it.</summary>
    public List<BoundSubquery> Subqueries { get; } = [];

    public void Add(string name, string value) => Items.Add((name, value));

    public void Add(string name, BoundExpression? expression)
    {
        if (expression is null)
            return;
        Items.Add((name, ExpressionText.Format(expression)));
        Note(expression);
    }

    public void Add(string name, IEnumerable<BoundExpression> expressions)
    {
        List<string> texts = [];
        foreach (BoundExpression e in expressions)
        {
            texts.Add(ExpressionText.Format(e));
            Note(e);
        }

        if (texts.Count > 0)
            Items.Add((name, string.Join(", ", texts)));
    }

    public void Note(BoundExpression expression)
    {
        if (expression is BoundSubquery subquery)
            Subqueries.Add(subquery);
        ExpressionTools.VisitChildren(expression, Note);
    }
}
