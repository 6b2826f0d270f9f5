using System.Globalization;
using System.Runtime.CompilerServices;

namespace BareMetal.Data.Differential.Grammar;

/// <summary>Collects an interpolated text into the parts of a node.</summary>
[InterpolatedStringHandler]
internal readonly ref struct Sql(int literalLength, int formattedCount)
{
    private readonly List<object> _parts = new(formattedCount + (literalLength > 0 ? formattedCount + 1 : 0));

    public object[] Parts => [.. _parts];

    public void AppendLiteral(string text) => _parts.Add(text);

    public void AppendFormatted(string text) => _parts.Add(text);

    public void AppendFormatted(int number) => _parts.Add(number.ToString(CultureInfo.InvariantCulture));

    public void AppendFormatted(Node? node)
    {
        if (node is not null)
            _parts.Add(node);
    }

    public void AppendFormatted(Dual dual) => _parts.Add(dual);
}
