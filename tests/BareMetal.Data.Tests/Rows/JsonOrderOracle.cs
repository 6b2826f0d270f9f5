using System.Numerics;
using System.Text;
using System.Text.Json;

namespace BareMetal.Data.Tests.Rows;

/// <summary>PostgreSQL's documented jsonb order over System.Text.Json: Object &gt; Array &gt; Boolean &gt; Number &gt; String &gt; Null, sizes first.</summary>
internal static class JsonOrderOracle
{
    public static int Compare(string left, string right)
    {
        using JsonDocument a = JsonDocument.Parse(left), b = JsonDocument.Parse(right);
        bool emptyA = IsEmptyArray(a.RootElement), emptyB = IsEmptyArray(b.RootElement);
        if (emptyA || emptyB)
            return emptyA == emptyB ? 0 : emptyA ? -1 : 1;
        return Compare(a.RootElement, b.RootElement);
    }

    private static bool IsEmptyArray(JsonElement e) => e.ValueKind == JsonValueKind.Array && e.GetArrayLength() == 0;

    private static int Compare(JsonElement a, JsonElement b)
    {
        int order = Rank(a).CompareTo(Rank(b));
        if (order != 0)
            return order;
        switch (a.ValueKind)
        {
            case JsonValueKind.String:
                return Bytes(a.GetString()!, b.GetString()!);
            case JsonValueKind.Number:
                return Number(a.GetRawText(), b.GetRawText());
            case JsonValueKind.Array:
                JsonElement[] x = [.. a.EnumerateArray()], y = [.. b.EnumerateArray()];
                if (x.Length != y.Length)
                    return x.Length.CompareTo(y.Length);
                for (int i = 0; i < x.Length; i++)
                {
                    order = Compare(x[i], y[i]);
                    if (order != 0)
                        return order;
                }

                return 0;
            case JsonValueKind.Object:
                (string Name, JsonElement Value)[] p = Members(a), q = Members(b);
                if (p.Length != q.Length)
                    return p.Length.CompareTo(q.Length);
                for (int i = 0; i < p.Length; i++)
                {
                    order = Bytes(p[i].Name, q[i].Name);
                    if (order == 0)
                        order = Compare(p[i].Value, q[i].Value);
                    if (order != 0)
                        return order;
                }

                return 0;
            default:
                return 0;
        }
    }

    private static int Number(string a, string b)
    {
        (BigInteger x, int ex) = Parse(a);
        (BigInteger y, int ey) = Parse(b);
        int low = Math.Min(ex, ey);
        return (x * BigInteger.Pow(10, ex - low)).CompareTo(y * BigInteger.Pow(10, ey - low));
    }

    private static (BigInteger Mantissa, int Exponent) Parse(string text)
    {
        string[] parts = text.ToLowerInvariant().Split('e');
        int exponent = parts.Length > 1 ? int.Parse(parts[1]) : 0;
        int point = parts[0].IndexOf('.');
        if (point >= 0)
            exponent -= parts[0].Length - point - 1;
        return (BigInteger.Parse(parts[0].Replace(".", "")), exponent);
    }

    private static (string Name, JsonElement Value)[] Members(JsonElement e) =>
    [
        .. e.EnumerateObject().GroupBy(m => m.Name).Select(g => (g.Key, g.Last().Value))
            .OrderBy(m => Encoding.UTF8.GetByteCount(m.Key)).ThenBy(m => Convert.ToHexString(Encoding.UTF8.GetBytes(m.Key)), StringComparer.Ordinal),
    ];

    private static int Bytes(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));

    private static int Rank(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Null => 0,
        JsonValueKind.String => 1,
        JsonValueKind.Number => 2,
        JsonValueKind.False => 3,
        JsonValueKind.True => 4,
        JsonValueKind.Array => 5,
        _ => 6,
    };
}
