using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Functions.Json.Path;

/// <summary>Parses the SQL/JSON path language as PostgreSQL has it.</summary>
internal sealed class JsonPathParser
{
    private const int MaxDepth = 200;
    private const int MaxCached = 500;

    private static readonly ConcurrentDictionary<string, JsonPathExpression> Cache = new();

    private readonly JsonPathLexer _lexer;
    private int _depth;
    private bool _inSubscript;
    private int _filters;

    private JsonPathParser(string text) => _lexer = new JsonPathLexer(text);

    /// <summary>The parsed path; paths are kept, up to a number, since a query uses few.</summary>
    public static JsonPathExpression Get(string text)
    {
        if (Cache.TryGetValue(text, out JsonPathExpression? known))
            return known;
        JsonPathExpression parsed = new JsonPathParser(text).Parse();
        if (Cache.Count >= MaxCached)
            Cache.Clear();
        Cache[text] = parsed;
        return parsed;
    }

    private JsonPathExpression Parse()
    {
        _lexer.Read();
        if (_lexer.Kind == JsonPathToken.End)
            throw new BareMetalException(SqlStates.InvalidTextRepresentation, "The JSON path is empty.") { Hint = "The whole document is $." };
        bool lax = true;
        if (IsWord("strict"))
        {
            lax = false;
            _lexer.Read();
        }
        else if (IsWord("lax"))
        {
            _lexer.Read();
        }

        JsonPathNode root = Or();
        if (_lexer.Kind != JsonPathToken.End)
            throw _lexer.Error("there is more behind the path");
        return new JsonPathExpression(root, lax);
    }

    private JsonPathNode Or()
    {
        Enter();
        JsonPathNode left = And();
        while (TakeSymbol("||"))
            left = new JsonPathNode(JsonPathKind.Or) { Left = Predicate(left), Right = Predicate(And()) };
        _depth--;
        return left;
    }

    private JsonPathNode And()
    {
        JsonPathNode left = Comparison();
        while (TakeSymbol("&&"))
            left = new JsonPathNode(JsonPathKind.And) { Left = Predicate(left), Right = Predicate(Comparison()) };
        return left;
    }

    private JsonPathNode Comparison()
    {
        if (TakeSymbol("!"))
        {
            // Only what is delimited can be negated: !(…) and !exists(…).
            if (!IsSymbol("(") && !IsWord("exists"))
                throw _lexer.Error("! needs a condition in parentheses, or exists(…)");
            return new JsonPathNode(JsonPathKind.Not) { Left = Predicate(Primary()) };
        }

        JsonPathNode left = Additive();
        JsonPathKind? comparison = _lexer.Kind != JsonPathToken.Symbol ? null : _lexer.Text switch
        {
            "==" => JsonPathKind.Equal,
            "!=" or "<>" => JsonPathKind.NotEqual,
            "<" => JsonPathKind.Less,
            "<=" => JsonPathKind.LessOrEqual,
            ">" => JsonPathKind.Greater,
            ">=" => JsonPathKind.GreaterOrEqual,
            _ => null,
        };
        if (comparison is { } kind)
        {
            _lexer.Read();
            return new JsonPathNode(kind) { Left = Value(left), Right = Value(Additive()) };
        }

        if (IsWord("starts"))
        {
            _lexer.Read();
            TakeWord("with");
            JsonPathNode initial = _lexer.Kind switch
            {
                JsonPathToken.String => Literal(Quote(_lexer.Text)),
                JsonPathToken.Variable => new JsonPathNode(JsonPathKind.Variable) { Bytes = Utf8.ToBytes(_lexer.Text) },
                _ => throw _lexer.Error("starts with needs a string or a variable"),
            };
            _lexer.Read();
            return new JsonPathNode(JsonPathKind.StartsWith) { Left = Value(left), Right = initial };
        }

        if (IsWord("like_regex"))
        {
            _lexer.Read();
            return LikeRegex(Value(left));
        }

        if (IsWord("is"))
        {
            _lexer.Read();
            TakeWord("unknown");
            return new JsonPathNode(JsonPathKind.IsUnknown) { Left = Predicate(left) };
        }

        return left;
    }

    private JsonPathNode LikeRegex(JsonPathNode operand)
    {
        if (_lexer.Kind != JsonPathToken.String)
            throw _lexer.Error("like_regex needs a pattern in double quotes");
        string pattern = _lexer.Text;
        _lexer.Read();
        RegexOptions options = RegexOptions.CultureInvariant;
        bool literal = false;
        if (IsWord("flag"))
        {
            _lexer.Read();
            if (_lexer.Kind != JsonPathToken.String)
                throw _lexer.Error("flag needs its letters in double quotes");
            foreach (char flag in _lexer.Text)
            {
                switch (flag)
                {
                    case 'i': options |= RegexOptions.IgnoreCase; break;
                    case 's': options |= RegexOptions.Singleline; break;
                    case 'm': options |= RegexOptions.Multiline; break;
                    case 'x': options |= RegexOptions.IgnorePatternWhitespace; break;
                    case 'q': literal = true; break;
                    default: throw _lexer.Error($"the flag {flag} does not exist");
                }
            }

            _lexer.Read();
        }

        try
        {
            Regex regex = new(literal ? Regex.Escape(pattern) : pattern, options, TimeSpan.FromSeconds(10));
            return new JsonPathNode(JsonPathKind.LikeRegex) { Left = operand, Text = pattern, Regex = regex };
        }
        catch (ArgumentException e)
        {
            throw new BareMetalException(SqlStates.InvalidRegularExpression, $"The pattern of like_regex is not a regular expression: {e.Message}", e);
        }
    }

    private JsonPathNode Additive()
    {
        JsonPathNode left = Multiplicative();
        while (true)
        {
            if (TakeSymbol("+"))
                left = new JsonPathNode(JsonPathKind.Add) { Left = Value(left), Right = Value(Multiplicative()) };
            else if (TakeSymbol("-"))
                left = new JsonPathNode(JsonPathKind.Subtract) { Left = Value(left), Right = Value(Multiplicative()) };
            else
                return left;
        }
    }

    private JsonPathNode Multiplicative()
    {
        JsonPathNode left = Unary();
        while (true)
        {
            JsonPathKind? kind = _lexer.Kind != JsonPathToken.Symbol ? null : _lexer.Text switch
            {
                "*" => JsonPathKind.Multiply,
                "/" => JsonPathKind.Divide,
                "%" => JsonPathKind.Modulo,
                _ => null,
            };
            if (kind is not { } k)
                return left;
            _lexer.Read();
            left = new JsonPathNode(k) { Left = Value(left), Right = Value(Unary()) };
        }
    }

    private JsonPathNode Unary()
    {
        if (!IsSymbol("+") && !IsSymbol("-"))
            return Primary();
        JsonPathKind kind = _lexer.Text == "+" ? JsonPathKind.Plus : JsonPathKind.Minus;
        _lexer.Read();
        Enter();
        JsonPathNode operand = new(kind) { Left = Value(Unary()) };
        _depth--;
        return operand;
    }

    private JsonPathNode Primary()
    {
        JsonPathNode node;
        switch (_lexer.Kind)
        {
            case JsonPathToken.Dollar:
                node = new JsonPathNode(JsonPathKind.Root);
                break;
            case JsonPathToken.At:
                if (_filters == 0)
                    throw _lexer.Error("@ stands in filters only");
                node = new JsonPathNode(JsonPathKind.Current);
                break;
            case JsonPathToken.Variable:
                node = new JsonPathNode(JsonPathKind.Variable) { Bytes = Utf8.ToBytes(_lexer.Text) };
                break;
            case JsonPathToken.String:
                node = Literal(Quote(_lexer.Text));
                break;
            case JsonPathToken.Number:
                node = Literal(Number(_lexer.Text));
                break;
            case JsonPathToken.Name when IsWord("exists"):
                _lexer.Read();
                Symbol("(");
                node = new JsonPathNode(JsonPathKind.Exists) { Left = Value(Or()) };
                Expect(")");
                break;
            case JsonPathToken.Name when IsWord("last"):
                if (!_inSubscript)
                    throw _lexer.Error("last stands in subscripts only");
                node = new JsonPathNode(JsonPathKind.Last);
                break;
            case JsonPathToken.Name when _lexer.Text is "true" or "false" or "null":
                node = Literal(Utf8.ToBytes(_lexer.Text));
                break;
            case JsonPathToken.Symbol when _lexer.Text == "(":
                _lexer.Read();
                node = Or();
                Expect(")");
                break;
            default:
                throw _lexer.Error("a path, a value or a condition is expected");
        }

        _lexer.Read();

        // What is in parentheses may have accessors of its own: they go on behind its last one.
        JsonPathNode end = node;
        while (end.Next is not null)
            end = end.Next;
        while (Accessor() is { } accessor)
        {
            end.Next = accessor;
            end = accessor;
        }

        return node;
    }

    private JsonPathNode? Accessor()
    {
        if (_lexer.Kind != JsonPathToken.Symbol)
            return null;
        switch (_lexer.Text)
        {
            case "[":
                _lexer.Read();
                return Subscripts();
            case "?":
            {
                _lexer.Read();
                Symbol("(");
                _filters++;
                bool inSubscript = _inSubscript;
                JsonPathNode filter = new(JsonPathKind.Filter) { Left = Predicate(Or()) };
                _inSubscript = inSubscript;
                _filters--;
                Symbol(")");
                return filter;
            }

            case ".":
                _lexer.Read();
                return Dotted();
            default:
                return null;
        }
    }

    private JsonPathNode Dotted()
    {
        switch (_lexer.Kind)
        {
            case JsonPathToken.Symbol when _lexer.Text == "*":
                _lexer.Read();
                return new JsonPathNode(JsonPathKind.AnyMember);
            case JsonPathToken.Symbol when _lexer.Text == "**":
                _lexer.Read();
                return Descendants();
            case JsonPathToken.String:
            case JsonPathToken.Name:
            {
                string name = _lexer.Text;
                bool quoted = _lexer.Kind == JsonPathToken.String;
                _lexer.Read();
                if (!quoted && IsSymbol("("))
                    return Method(name);
                return new JsonPathNode(JsonPathKind.Member) { Bytes = Utf8.ToBytes(name) };
            }

            default:
                throw _lexer.Error("a member name, * or ** is expected");
        }
    }

    private JsonPathNode Method(string name)
    {
        int most = name switch
        {
            "type" or "size" or "double" or "ceiling" or "floor" or "abs" or "keyvalue" or "bigint" or "integer" or "number" or "boolean" or "string" or "date" => 0,
            "datetime" or "time" or "time_tz" or "timestamp" or "timestamp_tz" => 1,
            "decimal" => 2,
            _ => throw _lexer.Error($"the method {name} does not exist"),
        };
        _lexer.Read();
        List<JsonPathNode> arguments = [];
        while (!IsSymbol(")"))
        {
            if (arguments.Count > 0)
                Symbol(",");
            if (arguments.Count == most)
                throw _lexer.Error($"{name} takes {(most == 0 ? "no arguments" : $"at most {most}")}");
            arguments.Add(Unary());
        }

        _lexer.Read();
        return new JsonPathNode(JsonPathKind.Method) { Text = name, Arguments = arguments };
    }

    private JsonPathNode Descendants()
    {
        int first = 0, last = -1;
        if (TakeSymbol("{"))
        {
            first = last = Level();
            if (IsWord("to"))
            {
                _lexer.Read();
                last = Level();
            }

            Symbol("}");
        }

        return new JsonPathNode(JsonPathKind.Descendants) { FirstLevel = first, LastLevel = last };

        int Level()
        {
            int level = -1;
            if (!IsWord("last") && (_lexer.Kind != JsonPathToken.Number || !int.TryParse(_lexer.Text, NumberStyles.None, CultureInfo.InvariantCulture, out level)))
                throw _lexer.Error("a level is a whole number or last");
            _lexer.Read();
            return level;
        }
    }

    private JsonPathNode Subscripts()
    {
        if (TakeSymbol("*"))
        {
            Symbol("]");
            return new JsonPathNode(JsonPathKind.AnyElement);
        }

        bool before = _inSubscript;
        _inSubscript = true;
        List<(JsonPathNode, JsonPathNode?)> list = [];
        do
        {
            JsonPathNode from = Value(Or());
            JsonPathNode? to = null;
            if (IsWord("to"))
            {
                _lexer.Read();
                to = Value(Or());
            }

            list.Add((from, to));
        }
        while (TakeSymbol(","));
        _inSubscript = before;
        Symbol("]");
        return new JsonPathNode(JsonPathKind.Elements) { Subscripts = list };
    }

    private JsonPathNode Predicate(JsonPathNode node) => node.IsPredicate ? node : throw _lexer.Error("a condition is expected here, not a value");

    private JsonPathNode Value(JsonPathNode node) => node.IsPredicate ? throw _lexer.Error("a value is expected here, not a condition") : node;

    private static JsonPathNode Literal(byte[] json) => new(JsonPathKind.Literal) { Bytes = json };

    private static byte[] Quote(string text)
    {
        RowBuffer json = new();
        JsonText.WriteString(Utf8.ToBytes(text), json);
        return json.ToArray();
    }

    private static byte[] Number(string text)
    {
        RowBuffer json = new();
        JsonNormal.Write(Utf8.ToBytes(text), json);
        return json.ToArray();
    }

    // Nesting is limited so that no path can use up the stack.
    private void Enter()
    {
        if (++_depth > MaxDepth)
            throw new BareMetalException(SqlStates.StatementTooComplex, $"The JSON path nests deeper than {MaxDepth} levels.");
    }

    private bool IsSymbol(string symbol) => _lexer.Kind == JsonPathToken.Symbol && _lexer.Text == symbol;

    private bool IsWord(string word) => _lexer.Kind == JsonPathToken.Name && string.Equals(_lexer.Text, word, StringComparison.OrdinalIgnoreCase);

    private bool TakeSymbol(string symbol)
    {
        if (!IsSymbol(symbol))
            return false;
        _lexer.Read();
        return true;
    }

    private void Symbol(string symbol)
    {
        Expect(symbol);
        _lexer.Read();
    }

    private void Expect(string symbol)
    {
        if (!IsSymbol(symbol))
            throw _lexer.Error($"{symbol} is expected");
    }

    private void TakeWord(string word)
    {
        if (!IsWord(word))
            throw _lexer.Error($"{word} is expected");
        _lexer.Read();
    }
}
