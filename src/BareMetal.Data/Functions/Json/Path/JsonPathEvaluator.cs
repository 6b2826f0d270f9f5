using System.Globalization;
using System.Runtime.CompilerServices;
using BareMetal.Data.Rows;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Json.Path;

/// <summary>How the evaluation of a part of a path ended.</summary>
internal enum JsonPathStatus
{
    Ok, NotFound, Error,
}

/// <summary>
/// Evaluates a path over a document, with the rules of PostgreSQL's jsonpath: lax paths open arrays for accessors and take single values
/// for arrays, strict ones do not; conditions are true, false or unknown, and an error inside of one is unknown.
/// </summary>
internal sealed partial class JsonPathEvaluator
{
    private readonly JsonPathExpression _path;
    private readonly ByteSlice? _variables;
    private readonly CancellationToken _cancellation;
    private JsonPathItem _root;
    private JsonPathItem _current;
    private int _last = -1;
    private bool _ignoresStructure;
    private bool _throws;

    private JsonPathEvaluator(JsonPathExpression path, ByteSlice? variables, bool throws, CancellationToken cancellation)
    {
        _path = path;
        _variables = variables;
        _ignoresStructure = path.IsLax;
        _throws = throws;
        _cancellation = cancellation;
    }

    /// <summary>Evaluates a path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="json">The document.</param>
    /// <param name="variables">An object whose members are the path's variables, or null.</param>
    /// <param name="throws">Whether errors of the data are thrown; otherwise they end the evaluation.</param>
    /// <param name="found">Gets the items; null when only whether there are any is asked.</param>
    /// <param name="cancellation">Ends the evaluation.</param>
    public static JsonPathStatus Evaluate(
        JsonPathExpression path, ByteSlice json, ByteSlice? variables, bool throws, List<JsonPathItem>? found, CancellationToken cancellation = default)
    {
        if (variables is { } given && JsonText.KindOf(given.Span) != '{')
            throw new BareMetalException(SqlStates.InvalidParameterValue, "The variables of a JSON path are given as an object.");
        JsonPathEvaluator evaluator = new(path, variables, throws, cancellation);
        return evaluator.Run(json, found);
    }

    private JsonPathStatus Run(ByteSlice json, List<JsonPathItem>? found)
    {
        _root = _current = new JsonPathItem(Trimmed(json));

        // Strictly, whether something exists is known only when nothing failed.
        if (found is null && !_path.IsLax)
        {
            List<JsonPathItem> all = [];
            JsonPathStatus status = Item(_path.Root, _root, all, true);
            return status == JsonPathStatus.Error ? status : all.Count == 0 ? JsonPathStatus.NotFound : JsonPathStatus.Ok;
        }

        // Members at the beginning are reached through the document's structural index.
        if (json.IsIndexed && _path.Root is { Kind: JsonPathKind.Root, Next: { } next })
        {
            JsonCursor cursor = new(json);
            while (next is not null && TryStep(ref cursor, next))
                next = next.Next;
            JsonPathItem start = _root.Part(cursor.Value);
            return next is null ? Add(start, found) : Item(next, start, found, _path.IsLax);
        }

        return Item(_path.Root, _root, found, _path.IsLax);
    }

    private static bool TryStep(ref JsonCursor cursor, JsonPathNode step) => step switch
    {
        { Kind: JsonPathKind.Member } => cursor.TryMember(step.Bytes),
        { Kind: JsonPathKind.Elements, Subscripts: [({ Kind: JsonPathKind.Literal, Next: null } literal, null)] } =>
            System.Buffers.Text.Utf8Parser.TryParse(literal.Bytes, out int index, out int used) && used == literal.Bytes.Length && index >= 0 && cursor.TryElement(index),
        _ => false,
    };

    private static ByteSlice Trimmed(ByteSlice json)
    {
        ReadOnlySpan<byte> span = json.Span;
        int start = JsonText.SkipWhite(span, 0);
        return new ByteSlice(json.Array, json.Offset + start, JsonText.Trim(span).Length);
    }

    private static JsonPathStatus Add(JsonPathItem item, List<JsonPathItem>? found)
    {
        found?.Add(item);
        return JsonPathStatus.Ok;
    }

    private JsonPathStatus Error(string state, string message) =>
        _throws ? throw new BareMetalException(state, message) : JsonPathStatus.Error;

    /// <summary>Applies what follows a node to an item.</summary>
    private JsonPathStatus Next(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found) =>
        node.Next is null ? Add(item, found) : Item(node.Next, item, found, _path.IsLax);

    /// <summary>Evaluates a node for an item.</summary>
    /// <param name="node">The node.</param>
    /// <param name="item">What it is applied to.</param>
    /// <param name="found">Gets the results, or null when any will do.</param>
    /// <param name="unwrap">Whether an accessor of members opens an array first.</param>
    private JsonPathStatus Item(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found, bool unwrap)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new BareMetalException(SqlStates.StatementTooComplex, "The JSON path and the document nest too deeply for each other.");
        _cancellation.ThrowIfCancellationRequested();
        switch (node.Kind)
        {
            case JsonPathKind.Root:
                return Next(node, _root, found);
            case JsonPathKind.Current:
                return Next(node, _current, found);
            case JsonPathKind.Literal:
                return Next(node, new JsonPathItem(node.Bytes), found);
            case JsonPathKind.Variable:
                return Next(node, Variable(node), found);
            case JsonPathKind.Last:
                return Next(node, Number(_last - 1), found);
            case JsonPathKind.Member:
                return Member(node, item, found, unwrap);
            case JsonPathKind.AnyMember:
                if (item.Kind == '{')
                    return Children(node.Next, item, found, 1, 1, 1, false, _path.IsLax);
                if (unwrap && item.Kind == '[')
                    return Children(node, item, found, 1, 1, 1, false, false);
                return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.ObjectNotFound, "The accessor .* of a strict JSON path is applied to something that is no object.");
            case JsonPathKind.AnyElement:
                if (item.Kind == '[')
                    return Children(node.Next, item, found, 1, 1, 1, false, _path.IsLax);
                if (_path.IsLax)
                    return Next(node, item, found);
                return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.ArrayNotFound, "The accessor [*] of a strict JSON path is applied to something that is no array.");
            case JsonPathKind.Elements:
                return Elements(node, item, found);
            case JsonPathKind.Descendants:
                return Descendants(node, item, found);
            case JsonPathKind.Filter:
            {
                if (unwrap && item.Kind == '[')
                    return Children(node, item, found, 1, 1, 1, false, false);
                return Nested(node.Left!, item) == true ? Next(node, item, found) : JsonPathStatus.NotFound;
            }

            case JsonPathKind.Method:
                return Method(node, item, found, unwrap);
            case JsonPathKind.Plus or JsonPathKind.Minus:
                return Sign(node, item, found);
            case >= JsonPathKind.Add and <= JsonPathKind.Modulo:
                return Arithmetic(node, item, found);
            default:
                return Next(node, new JsonPathItem(Condition(node, item) switch { true => "true"u8.ToArray(), false => "false"u8.ToArray(), null => JsonText.NullLiteral }), found);
        }
    }

    private JsonPathItem Variable(JsonPathNode node)
    {
        if (_variables is { } variables && JsonText.TryMember(variables.Span, node.Bytes, out ReadOnlySpan<byte> value))
            return new JsonPathItem(variables).Part(value);
        throw new BareMetalException(SqlStates.UndefinedObject, $"The JSON path's variable \"{Utf8.ToString(node.Bytes)}\" is not given.")
        {
            Hint = "Give it as a member of the object of variables.",
        };
    }

    private JsonPathStatus Member(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found, bool unwrap)
    {
        char kind = item.Kind;
        if (kind == '{')
        {
            if (JsonText.TryMember(item.Span, node.Bytes, out ReadOnlySpan<byte> value))
                return Next(node, item.Part(value), found);
            return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.MemberNotFound, $"The object has no member \"{Utf8.ToString(node.Bytes)}\", which a strict JSON path names.");
        }

        if (unwrap && kind == '[')
            return Children(node, item, found, 1, 1, 1, false, false);
        return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.MemberNotFound, $"A strict JSON path names the member \"{Utf8.ToString(node.Bytes)}\" of something that is no object.");
    }

    private JsonPathStatus Elements(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found)
    {
        bool isArray = item.Kind == '[';
        if (!isArray && !_path.IsLax)
            return _ignoresStructure ? JsonPathStatus.NotFound : Error(JsonPathErrors.ArrayNotFound, "A subscript of a strict JSON path is applied to something that is no array.");
        int size = isArray ? JsonText.ArrayLength(item.Span) : 1;
        int before = _last;
        _last = size;
        JsonPathStatus result = JsonPathStatus.NotFound;
        try
        {
            foreach ((JsonPathNode fromNode, JsonPathNode? toNode) in node.Subscripts)
            {
                _last = size;
                if (!Subscript(fromNode, item, out int from))
                    return JsonPathStatus.Error;
                int to = from;
                if (toNode is not null && !Subscript(toNode, item, out to))
                    return JsonPathStatus.Error;
                if (!_ignoresStructure && (from < 0 || from > to || to >= size))
                    return Error(JsonPathErrors.InvalidSubscript, $"A strict JSON path names elements {from} to {to} of an array of {size}.");
                from = Math.Max(from, 0);
                to = Math.Min(to, size - 1);
                for (int i = from; i <= to; i++)
                {
                    JsonPathItem element = item;
                    if (isArray && JsonText.TryElement(item.Span, i, out ReadOnlySpan<byte> part))
                        element = item.Part(part);
                    result = Next(node, element, found);
                    if (result == JsonPathStatus.Error || (result == JsonPathStatus.Ok && found is null))
                        return result;
                }
            }
        }
        finally
        {
            _last = before;
        }

        return result;
    }

    private bool Subscript(JsonPathNode node, JsonPathItem item, out int index)
    {
        index = 0;
        List<JsonPathItem> items = [];
        if (Item(node, item, items, _path.IsLax) == JsonPathStatus.Error)
            return false;
        if (items is not [{ Kind: '0' } number])
            return Error(JsonPathErrors.InvalidSubscript, "A subscript of a JSON path is not a single number.") == JsonPathStatus.Ok;
        if (!TryDecimal(number, out decimal value) || decimal.Truncate(value) is not (>= int.MinValue and <= int.MaxValue))
            return Error(JsonPathErrors.InvalidSubscript, "A subscript of a JSON path is out of range.") == JsonPathStatus.Ok;
        index = (int)decimal.Truncate(value);
        return true;
    }

    private JsonPathStatus Descendants(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found)
    {
        JsonPathStatus result = JsonPathStatus.NotFound;
        uint first = (uint)node.FirstLevel, last = (uint)node.LastLevel;
        if (first == 0)
        {
            // What lies at different depths need not have what follows.
            bool ignores = _ignoresStructure;
            _ignoresStructure = true;
            result = Next(node, item, found);
            _ignoresStructure = ignores;
            if (result == JsonPathStatus.Error || (result == JsonPathStatus.Ok && found is null))
                return result;
        }

        if (item.Kind is '{' or '[')
        {
            JsonPathStatus deeper = Children(node.Next, item, found, 1, first, last, true, _path.IsLax);
            if (deeper != JsonPathStatus.NotFound)
                return deeper;
        }

        return result;
    }

    /// <summary>Applies a node (none: takes them) to the elements or members between two levels below an item; level −1 as unsigned is the last.</summary>
    private JsonPathStatus Children(JsonPathNode? node, JsonPathItem item, List<JsonPathItem>? found, uint level, uint first, uint last, bool ignoresStructure, bool unwrap)
    {
        JsonPathStatus result = JsonPathStatus.NotFound;
        if (level > last && last != uint.MaxValue)
            return result;
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw new BareMetalException(SqlStates.StatementTooComplex, "The JSON path and the document nest too deeply for each other.");
        JsonElements elements = new(item.Span);
        JsonMembers members = new(item.Span);
        while (true)
        {
            JsonPathItem child;
            if (elements.Next())
                child = item.Part(elements.Value);
            else if (members.Next())
                child = item.Part(members.Value);
            else
                return result;
            bool isContainer = child.Kind is '{' or '[';
            bool isLeaf = first == uint.MaxValue && last == uint.MaxValue;
            if (level >= first || (isLeaf && !isContainer))
            {
                JsonPathStatus status;
                if (node is not null)
                {
                    bool ignores = _ignoresStructure;
                    _ignoresStructure |= ignoresStructure;
                    status = Item(node, child, found, unwrap);
                    _ignoresStructure = ignores;
                }
                else
                {
                    status = Add(child, found);
                }

                if (status == JsonPathStatus.Error || (status == JsonPathStatus.Ok && found is null))
                    return status;
                if (status == JsonPathStatus.Ok)
                    result = status;
            }

            if (level < last && isContainer)
            {
                JsonPathStatus status = Children(node, child, found, level + 1, first, last, ignoresStructure, unwrap);
                if (status == JsonPathStatus.Error || (status == JsonPathStatus.Ok && found is null))
                    return status;
                if (status == JsonPathStatus.Ok)
                    result = status;
            }
        }
    }

    /// <summary>The items of an expression, arrays among them opened when the path is lax.</summary>
    private JsonPathStatus Unwrapped(JsonPathNode node, JsonPathItem item, List<JsonPathItem> found, bool unwrap = true)
    {
        if (!unwrap || !_path.IsLax)
            return Item(node, item, found, _path.IsLax);
        List<JsonPathItem> items = [];
        JsonPathStatus status = Item(node, item, items, true);
        if (status == JsonPathStatus.Error)
            return status;
        foreach (JsonPathItem one in items)
        {
            if (one.Kind != '[')
            {
                found.Add(one);
                continue;
            }

            JsonElements elements = new(one.Span);
            while (elements.Next())
                found.Add(one.Part(elements.Value));
        }

        return JsonPathStatus.Ok;
    }

    // ---- arithmetic

    private JsonPathStatus Arithmetic(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found)
    {
        List<JsonPathItem> left = [], right = [];
        if (Unwrapped(node.Left!, item, left) == JsonPathStatus.Error || Unwrapped(node.Right!, item, right) == JsonPathStatus.Error)
            return JsonPathStatus.Error;
        string symbol = node.Kind switch { JsonPathKind.Add => "+", JsonPathKind.Subtract => "-", JsonPathKind.Multiply => "*", JsonPathKind.Divide => "/", _ => "%" };
        if (left is not [{ Kind: '0' }])
            return Error(JsonPathErrors.SingletonRequired, $"The left operand of {symbol} in a JSON path is not a single number.");
        if (right is not [{ Kind: '0' }])
            return Error(JsonPathErrors.SingletonRequired, $"The right operand of {symbol} in a JSON path is not a single number.");
        if (!TryDecimal(left[0], out decimal a) || !TryDecimal(right[0], out decimal b))
            return Error(SqlStates.NumericOutOfRange, $"An operand of {symbol} in a JSON path is out of range.");
        if (b == 0 && node.Kind is JsonPathKind.Divide or JsonPathKind.Modulo)
            return Error(SqlStates.DivisionByZero, "Division by zero.");
        try
        {
            decimal value = node.Kind switch
            {
                JsonPathKind.Add => a + b,
                JsonPathKind.Subtract => a - b,
                JsonPathKind.Multiply => a * b,
                JsonPathKind.Divide => a / b,
                _ => a % b,
            };
            return Next(node, Number(value), found);
        }
        catch (OverflowException)
        {
            return Error(SqlStates.NumericOutOfRange, $"The result of {symbol} in a JSON path is out of range.");
        }
    }

    private JsonPathStatus Sign(JsonPathNode node, JsonPathItem item, List<JsonPathItem>? found)
    {
        List<JsonPathItem> items = [];
        if (Unwrapped(node.Left!, item, items) == JsonPathStatus.Error)
            return JsonPathStatus.Error;
        JsonPathStatus result = JsonPathStatus.NotFound;
        foreach (JsonPathItem one in items)
        {
            if (one.Kind != '0')
            {
                // What is there at all is not looked at when nothing is done with it.
                if (found is null && node.Next is null)
                    continue;
                return Error(JsonPathErrors.NumberNotFound, $"The operand of the sign {(node.Kind == JsonPathKind.Plus ? '+' : '-')} in a JSON path is not a number.");
            }

            result = Next(node, node.Kind == JsonPathKind.Plus ? one : Negated(one), found);
            if (result == JsonPathStatus.Error || (result == JsonPathStatus.Ok && found is null))
                return result;
        }

        return result;
    }

    private static JsonPathItem Negated(JsonPathItem number)
    {
        ReadOnlySpan<byte> text = number.Span;
        if (text[0] == '-')
            return number.Part(text[1..]);
        return IsZero(text) ? number : new JsonPathItem((byte[])[(byte)'-', .. text]);
    }

    private static bool IsZero(ReadOnlySpan<byte> number)
    {
        foreach (byte b in number)
        {
            if (b is (byte)'e' or (byte)'E')
                return true;
            if (b is >= (byte)'1' and <= (byte)'9')
                return false;
        }

        return true;
    }

    private static bool TryDecimal(JsonPathItem number, out decimal value) =>
        decimal.TryParse(number.Span, NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    private static JsonPathItem Number(decimal value)
    {
        RowBuffer text = new(32);
        text.AppendAscii(value.ToString(CultureInfo.InvariantCulture));
        return new JsonPathItem(text.ToArray());
    }
}
