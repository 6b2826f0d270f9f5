using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Types;

/// <summary>How text compares. <c>ordinal</c> (by code point, the default), <c>ordinal_ci</c> (the same without regard to case), or a culture's name such as <c>de-DE</c>, with <c>_ci</c> behind it for a comparison without regard to case.</summary>
internal abstract class Collation
{
    private static readonly ConcurrentDictionary<string, Collation> Known = new(StringComparer.OrdinalIgnoreCase);

    public static readonly Collation Ordinal = new OrdinalCollation();

    public static readonly Collation OrdinalIgnoreCase = new OrdinalIgnoreCaseCollation();

    private protected Collation(string name, string version)
    {
        Name = name;
        Version = version;
    }

    public string Name { get; }

    /// <summary>The version of its rules; the catalog keeps it with each index and rebuilds on a difference.</summary>
    public string Version { get; }

    public bool IsOrdinal => ReferenceEquals(this, Ordinal);

    /// <summary>The collation of a text type. An unknown name is 42704.</summary>
    public static Collation Get(string? name)
    {
        if (name is null)
            return Ordinal;
        return Find(name) ?? throw new BareMetalException(SqlStates.UndefinedObject, $"The collation \"{name}\" does not exist.")
        {
            Hint = "Use \"ordinal\", \"ordinal_ci\" or the name of a culture such as \"de-DE\" or \"de-DE_ci\".",
        };
    }

    /// <summary>The collation by name, null when there is none.</summary>
    public static Collation? Find(string name)
    {
        if (Known.TryGetValue(name, out Collation? known))
            return known;
        Collation? made = name.ToUpperInvariant() switch
        {
            "ORDINAL" or "C" or "POSIX" or "DEFAULT" or "UCS_BASIC" => Ordinal,
            "ORDINAL_CI" => OrdinalIgnoreCase,
            _ => CreateCulture(name),
        };
        if (made is not null && Known.Count < 1000)
            Known.TryAdd(name, made);
        return made;
    }

    public abstract int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right);

    public virtual bool Equals(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => Compare(left, right) == 0;

    /// <summary>Appends bytes whose memory order is the collation's order and which are equal exactly when the texts are.</summary>
    public abstract void AppendSortKey(ReadOnlySpan<byte> text, RowBuffer buffer);

    /// <summary>Whether the text begins with the part; an empty part always does.</summary>
    public virtual bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => Folded(text).AsSpan().StartsWith(Folded(part));

    /// <summary>Whether the text ends with the part; an empty part always does.</summary>
    public virtual bool EndsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => Folded(text).AsSpan().EndsWith(Folded(part));

    /// <summary>Whether the text holds the part; an empty part always does.</summary>
    public virtual bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => Folded(text).AsSpan().IndexOf(Folded(part)) >= 0;

    private byte[] Folded(ReadOnlySpan<byte> text)
    {
        RowBuffer buffer = new(text.Length);
        AppendSortKey(text, buffer);
        return buffer.ToArray();
    }

    private static CultureCollation? CreateCulture(string name)
    {
        bool ignoreCase = name.EndsWith("_ci", StringComparison.OrdinalIgnoreCase);
        string culture = ignoreCase ? name[..^3] : name;
        if (culture.Length == 0)
            return null;
        try
        {
            CultureInfo info = CultureInfo.GetCultureInfo(culture, predefinedOnly: true);
            return new CultureCollation(name, info, ignoreCase ? CompareOptions.IgnoreCase : CompareOptions.None);
        }
        catch (CultureNotFoundException)
        {
            // Not a culture: the caller reports the name with its position.
            return null;
        }
    }

    private sealed class OrdinalCollation() : Collation("ordinal", "1")
    {
        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceCompareTo(right);

        public override bool Equals(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => left.SequenceEqual(right);

        public override void AppendSortKey(ReadOnlySpan<byte> text, RowBuffer buffer) => buffer.Append(text);

        public override bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => text.StartsWith(part);

        public override bool EndsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => text.EndsWith(part);

        public override bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) => text.IndexOf(part) >= 0;
    }

    private sealed class OrdinalIgnoreCaseCollation() : Collation("ordinal_ci", CaseFolding.UnicodeVersion)
    {
        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) => CaseFolding.Compare(left, right);

        public override void AppendSortKey(ReadOnlySpan<byte> text, RowBuffer buffer) => CaseFolding.Append(text, buffer);
    }

    private sealed class CultureCollation(string name, CultureInfo culture, CompareOptions options)
        : Collation(name, culture.CompareInfo.Version.FullVersion.ToString(CultureInfo.InvariantCulture) + "/" + culture.CompareInfo.Version.SortId)
    {
        private readonly CompareInfo _compare = culture.CompareInfo;

        public override int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            if (left.SequenceEqual(right))
                return 0;
            return _compare.Compare(Encoding.UTF8.GetString(left), Encoding.UTF8.GetString(right), options);
        }

        public override void AppendSortKey(ReadOnlySpan<byte> text, RowBuffer buffer) =>
            buffer.Append(_compare.GetSortKey(Encoding.UTF8.GetString(text), options).KeyData);

        public override bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) =>
            _compare.IsPrefix(Encoding.UTF8.GetString(text), Encoding.UTF8.GetString(part), options);

        public override bool EndsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) =>
            _compare.IsSuffix(Encoding.UTF8.GetString(text), Encoding.UTF8.GetString(part), options);

        public override bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part) =>
            _compare.IndexOf(Encoding.UTF8.GetString(text), Encoding.UTF8.GetString(part), options) >= 0;
    }
}
