using System.Globalization;

namespace BareMetal.Data.Differential.Grammar;

internal sealed partial class Generator
{
    /// <summary>One expression over values at the edges of its function: constants, or the columns of a few rows.</summary>
    private Node EdgeQuery()
    {
        EdgeRule rule = _dice.Pick<EdgeRule>(EdgeRules.All);
        int rows = _dice.Chance(0.5) ? 0 : _dice.Range(1, 3);
        List<string> pools = [];
        string text = EdgeText(rule.Text, rows == 0, pools);
        string alias = Name("q");
        string from = "";
        if (pools.Count > 0)
        {
            IEnumerable<string> lines = Enumerable.Range(0, rows).Select(_ => $"({string.Join(", ", pools.Select(p => EdgeValue(p, true)))})");
            from = $" FROM (VALUES {string.Join(", ", lines)}) AS {alias} ({string.Join(", ", pools.Select((_, i) => "a" + i.ToString(CultureInfo.InvariantCulture)))})";
        }

        return new Node(Productions.Known(rule.Production), Role.Query, [$"SELECT {text} AS x{from}"]) { IsInexact = rule.IsInexact };
    }

    /// <summary>The rule's text with values in the places of its pools; those that are read from rows are added to the list instead.</summary>
    private string EdgeText(string text, bool constants, List<string> pools)
    {
        System.Text.StringBuilder result = new();
        int at = 0;
        for (int open = text.IndexOf('{', StringComparison.Ordinal); open >= 0; open = text.IndexOf('{', at))
        {
            int close = text.IndexOf('}', open);
            string pool = text[(open + 1)..close];
            result.Append(text, at, open - at);
            at = close + 1;
            bool isConstant = pool.EndsWith('!') || EdgeRules.IsOperator(pool);
            pool = pool.TrimEnd('!');
            if (pool.Length == 0)
            {
                result.Append("{}");
            }
            else if (constants || isConstant)
            {
                result.Append(EdgeValue(pool, !isConstant && (EdgeRules.IsAnyText(pool) || _dice.Chance(0.5))));
            }
            else
            {
                result.Append('a').Append(pools.Count);
                pools.Add(pool);
            }
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    private string EdgeValue(string pool, bool typed)
    {
        if (pool == "j")
            return $"CAST('{Document(3)}' AS jsonb)";
        string value = _dice.Pick<string>(EdgeRules.Pools[pool]);
        return typed && value[0] is '\'' or 'E' ? $"CAST({value} AS text)" : value;
    }

    /// <summary>A random document with few names and values, so that two of them have something in common.</summary>
    private string Document(int depth)
    {
        int choice = _dice.Next(10);
        if (depth == 0 || choice < 4)
            return _dice.Pick("1", "2.5", "-3", "\"a\"", "\"b\"", "\"é\"", "\"\"", "null", "true", "false", "10", "1.50", "\"x y\"", "0", "1e2");
        if (choice < 8)
            return $"{{{string.Join(", ", Enumerable.Range(0, _dice.Next(4)).Select(_ => $"\"{_dice.Pick("a", "a", "b", "b", "c", "0", "é", "k d", "")}\": {Document(depth - 1)}"))}}}";
        return $"[{string.Join(", ", Enumerable.Range(0, _dice.Next(4)).Select(_ => Document(depth - 1)))}]";
    }
}
