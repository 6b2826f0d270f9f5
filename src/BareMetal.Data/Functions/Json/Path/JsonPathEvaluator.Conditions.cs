using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json.Path;

// Conditions: true, false, and null for unknown.
internal sealed partial class JsonPathEvaluator
{
    /// <summary>A filter's condition, with @ standing for the item.</summary>
    private bool? Nested(JsonPathNode node, JsonPathItem item)
    {
        JsonPathItem before = _current;
        _current = item;
        bool? result = Condition(node, item);
        _current = before;
        return result;
    }

    private bool? Condition(JsonPathNode node, JsonPathItem item)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new BareMetalException(SqlStates.StatementTooComplex, "The JSON path and the document nest too deeply for each other.");
        switch (node.Kind)
        {
            case JsonPathKind.And:
            {
                bool? left = Condition(node.Left!, item);
                if (left == false)
                    return false;
                bool? right = Condition(node.Right!, item);
                return right == false ? false : left is null ? null : right;
            }

            case JsonPathKind.Or:
            {
                bool? left = Condition(node.Left!, item);
                if (left == true)
                    return true;
                bool? right = Condition(node.Right!, item);
                return right == true ? true : left is null ? null : right;
            }

            case JsonPathKind.Not:
                return !Condition(node.Left!, item);
            case JsonPathKind.IsUnknown:
                return Condition(node.Left!, item) is null;
            case JsonPathKind.Exists:
            {
                List<JsonPathItem>? all = _path.IsLax ? null : [];
                JsonPathStatus status = Quiet(node.Left!, item, all, unwrap: false);
                return status == JsonPathStatus.Error ? null : all is null ? status == JsonPathStatus.Ok : all.Count > 0;
            }

            case JsonPathKind.StartsWith:
                return Each(node, item, unwrapRight: false, static (_, a, b) => StartsWith(a, b!.Value));
            case JsonPathKind.LikeRegex:
                return Each(node, item, unwrapRight: false, static (n, a, _) => a is { Kind: '"', MomentType: null } ? n.Regex!.IsMatch(TextOf(a)) : null);
            default:
                return Each(node, item, unwrapRight: true, static (n, a, b) => Compare(n.Kind, a, b!.Value));
        }
    }

    /// <summary>Evaluates without throwing: an error inside of a condition makes it unknown.</summary>
    private JsonPathStatus Quiet(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found, bool unwrap)
    {
        bool throws = _throws;
        _throws = false;
        JsonPathStatus status = found is null ? Item(node, item, null, _path.IsLax) : Unwrapped(node, item, found, unwrap);
        _throws = throws;
        return status;
    }

    /// <summary>A predicate over all pairs of items: laxly one that is true will do, strictly none may be unknown.</summary>
    private bool? Each(JsonPathNode node, JsonPathItem item, bool unwrapRight, Func<JsonPathNode, JsonPathItem, JsonPathItem?, bool?> predicate)
    {
        List<JsonPathItem> left = [];
        List<JsonPathItem> right = [];
        if (Quiet(node.Left!, item, left, unwrap: true) == JsonPathStatus.Error)
            return null;
        if (node.Right is not null && Quiet(node.Right, item, right, unwrapRight) == JsonPathStatus.Error)
            return null;
        bool found = false, unknown = false;
        foreach (JsonPathItem a in left)
        {
            int count = node.Right is null ? 1 : right.Count;
            for (int i = 0; i < count; i++)
            {
                switch (predicate(node, a, node.Right is null ? null : right[i]))
                {
                    case null when !_path.IsLax:
                        return null;
                    case null:
                        unknown = true;
                        break;
                    case true when _path.IsLax:
                        return true;
                    case true:
                        found = true;
                        break;
                }
            }
        }

        return found ? true : unknown ? null : false;
    }

    private static bool? StartsWith(JsonPathItem whole, JsonPathItem initial)
    {
        if (whole is not { Kind: '"', MomentType: null } || initial is not { Kind: '"', MomentType: null })
            return null;
        RowBuffer a = new(), b = new();
        JsonText.Unescape(whole.Span[1..^1], a);
        JsonText.Unescape(initial.Span[1..^1], b);
        return a.Span.StartsWith(b.Span);
    }

    private static string TextOf(JsonPathItem item)
    {
        RowBuffer text = new();
        JsonText.Unescape(item.Span[1..^1], text);
        return Utf8.ToString(text.Span);
    }

    private static bool? Compare(JsonPathKind op, JsonPathItem left, JsonPathItem right)
    {
        int order;
        if (left.MomentType is not null || right.MomentType is not null)
        {
            if (Moments(left, right) is not { } moments)
                return Kind(left) == 'n' || Kind(right) == 'n' ? op == JsonPathKind.NotEqual : null;
            order = moments;
        }
        else
        {
            char a = Kind(left), b = Kind(right);
            if (a != b)
                return a == 'n' || b == 'n' ? op == JsonPathKind.NotEqual : null;
            if (a is '{' or '[')
                return null;
            order = a == 't' ? left.Kind == right.Kind ? 0 : left.Kind == 'f' ? -1 : 1 : JsonNormal.Compare(left.Span, right.Span);
        }

        return op switch
        {
            JsonPathKind.Equal => order == 0,
            JsonPathKind.NotEqual => order != 0,
            JsonPathKind.Less => order < 0,
            JsonPathKind.LessOrEqual => order <= 0,
            JsonPathKind.Greater => order > 0,
            _ => order >= 0,
        };

        // Both truth values are of one kind.
        static char Kind(JsonPathItem item) => item.Kind == 'f' ? 't' : item.Kind;
    }

    private static int? Moments(JsonPathItem left, JsonPathItem right)
    {
        if (left.MomentType is null || right.MomentType is null)
            return null;
        SqlTypeKind a = left.MomentType.Kind, b = right.MomentType.Kind;
        if (a == SqlTypeKind.Date && b == a)
            return left.Moment.As<int>().CompareTo(right.Moment.As<int>());
        if (a == b || (a is SqlTypeKind.Date or SqlTypeKind.Timestamp && b is SqlTypeKind.Date or SqlTypeKind.Timestamp))
            return Ticks(left).CompareTo(Ticks(right));
        return null;

        static long Ticks(JsonPathItem item) => item.MomentType!.Kind == SqlTypeKind.Date ? item.Moment.As<int>() * TimeSpan.TicksPerDay : item.Moment.As<long>();
    }
}
