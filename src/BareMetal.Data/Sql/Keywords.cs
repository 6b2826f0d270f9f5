using System.Collections.Frozen;
using System.Text;

namespace BareMetal.Data.Sql;

/// <summary>Finds keywords by their spelling and knows their classes.</summary>
internal static class Keywords
{
    private static readonly FrozenDictionary<string, Keyword> ByWord = Build();

    private static readonly FrozenDictionary<string, Keyword>.AlternateLookup<ReadOnlySpan<char>> BySpan =
        ByWord.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The keyword, or None. Upper and lower case are the same.</summary>
    public static Keyword Find(ReadOnlySpan<char> word) => BySpan.TryGetValue(word, out Keyword keyword) ? keyword : Keyword.None;

    /// <summary>True when the word cannot be a name without quotes.</summary>
    public static bool IsReserved(Keyword keyword) => keyword is > Keyword.None and <= Keyword.With;

    /// <summary>True for words that may name a function or type, but not a column or table.</summary>
    public static bool IsFunctionNameOnly(Keyword keyword) => keyword is >= Keyword.Collation and <= Keyword.Concurrently;

    /// <summary>True for words that may name a column or table, but whose call has a syntax of its own.</summary>
    public static bool IsColumnNameOnly(Keyword keyword) => keyword is >= Keyword.Between and <= Keyword.Values;

    /// <summary>The word in capitals.</summary>
    public static string Spell(Keyword keyword)
    {
        string name = keyword.ToString();
        var text = new StringBuilder(name.Length + 2);
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]))
                text.Append('_');
            text.Append(char.ToUpperInvariant(name[i]));
        }
        return text.ToString();
    }

    private static FrozenDictionary<string, Keyword> Build()
    {
        var words = new Dictionary<string, Keyword>(StringComparer.OrdinalIgnoreCase);
        foreach (Keyword keyword in Enum.GetValues<Keyword>())
        {
            if (keyword != Keyword.None)
                words.Add(Spell(keyword), keyword);
        }
        return words.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
