using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.RegularExpressions;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>LIKE, SIMILAR TO and regular expressions (System.Text.RegularExpressions, culture-invariant, with a time-out).</summary>
internal static class PatternFunctions
{
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(10);

    // How long a match may hold the statement's thread.
    private static readonly TimeSpan PatientTime = TimeSpan.FromMilliseconds(200);
    private static readonly ConcurrentDictionary<(string Pattern, RegexOptions Options), Regex> Cache = new();

    public static void Define(Definitions define)
    {
        SqlType text = SqlType.Text, integer = SqlType.Integer, boolean = SqlType.Boolean;
        Like(define, "like", ignoreCase: false);
        Like(define, "ilike", ignoreCase: true);
        define.AddValues("similar_to", boolean, (v, c) => Boolean(IsMatch(Similar(Utf8.ToString(v[1]), "\\"), Utf8.ToString(v[0]), c)), [text, text]);
        define.AddValues("similar_to", boolean, (v, c) => Boolean(IsMatch(Similar(Utf8.ToString(v[1]), Utf8.ToString(v[2])), Utf8.ToString(v[0]), c)), [text, text, text]);
        define.Add("~", boolean, new RegexKernel(RegexOptions.None, negate: false), text, text);
        define.Add("~*", boolean, new RegexKernel(RegexOptions.IgnoreCase, negate: false), text, text);
        define.Add("!~", boolean, new RegexKernel(RegexOptions.None, negate: true), text, text);
        define.Add("!~*", boolean, new RegexKernel(RegexOptions.IgnoreCase, negate: true), text, text);
        define.Add("regex_is_match", boolean, new RegexKernel(RegexOptions.None, negate: false), text, text);
        define.Add("regex_is_match", boolean, new RegexKernel(RegexOptions.None, negate: false), text, text, integer);
    }

    /// <summary>The compiled expression, from a bounded cache. A pattern that is none is 2201B.</summary>
    internal static Regex Get(string pattern, RegexOptions options)
    {
        options = (options & ~RegexOptions.Compiled) | RegexOptions.CultureInvariant;
        if (Cache.TryGetValue((pattern, options), out Regex? regex))
            return regex;
        try
        {
            regex = new Regex(pattern, options, PatientTime);
        }
        catch (ArgumentException e)
        {
            throw new BareMetalException(SqlStates.InvalidRegularExpression, $"The regular expression is not valid: {e.Message}", e);
        }

        if (Cache.Count >= 256)
            Cache.Clear();
        Cache.TryAdd((pattern, options), regex);
        return regex;
    }

    private static void Like(Definitions define, string name, bool ignoreCase)
    {
        define.Add(name, _ => SqlType.Boolean, (types, _) => new LikeKernel(ignoreCase || IgnoresCase(types)), [SqlType.Text, SqlType.Text]);
        define.Add(name, _ => SqlType.Boolean, (types, _) => new LikeKernel(ignoreCase || IgnoresCase(types)), [SqlType.Text, SqlType.Text, SqlType.Text]);
    }

    private static bool IgnoresCase(IReadOnlyList<SqlType> types) =>
        (types[0].Collation ?? types[1].Collation)?.EndsWith("_ci", StringComparison.OrdinalIgnoreCase) == true;

    private static bool IsMatch(Regex regex, string text, FunctionContext context) => Guarded(regex, context, r => r.IsMatch(text));

    /// <summary>
    /// Runs a match. One that is not soon done goes on in a thread of its own, for which the statement waits no longer than it may run: a match
    /// can't be interrupted.
    /// </summary>
    internal static T Guarded<T>(Regex regex, FunctionContext? context, Func<Regex, T> match)
    {
        CancellationToken cancellation = context?.Cancellation ?? CancellationToken.None;
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return match(regex);
        }
        catch (RegexMatchTimeoutException)
        {
            return MatchSlowly(new Regex(regex.ToString(), regex.Options, MatchTimeout), cancellation, match);
        }
    }

    private static T MatchSlowly<T>(Regex regex, CancellationToken cancellation, Func<Regex, T> match)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        ManualResetEventSlim ended = new();
        Thread thread = new(() =>
        {
            try
            {
                result = match(regex);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }

            ended.Set();
        })
        {
            IsBackground = true,
            Name = "regular expression",
        };
        thread.Start();
        ended.Wait(cancellation);
        if (failure?.SourceException is RegexMatchTimeoutException e)
        {
            throw new BareMetalException(SqlStates.QueryCanceled, $"Matching a regular expression took longer than {MatchTimeout.TotalSeconds} s.", e)
            {
                Hint = "Simplify the pattern; nested repetitions may take exponential time.",
            };
        }

        failure?.Throw();
        return result;
    }

    /// <summary>SIMILAR TO as a regular expression over the whole text.</summary>
    private static Regex Similar(string pattern, string escape)
    {
        StringBuilder regex = new("^(?:");
        bool inSet = false;
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (escape.Length > 0 && c == escape[0])
            {
                if (++i >= pattern.Length)
                    throw new BareMetalException(SqlStates.InvalidEscapeSequence, "A SIMILAR TO pattern must not end with its escape character.");
                regex.Append(Regex.Escape(pattern[i].ToString()));
                continue;
            }

            if (inSet)
            {
                regex.Append(c == '\\' ? "\\\\" : c.ToString());
                inSet = c != ']';
                continue;
            }

            switch (c)
            {
                case '%': regex.Append(".*"); break;
                case '_': regex.Append('.'); break;
                case '[':
                    inSet = true;
                    regex.Append('[');
                    break;
                case '|' or '*' or '+' or '?' or '{' or '}' or '(' or ')': regex.Append(c); break;
                default: regex.Append(Regex.Escape(c.ToString())); break;
            }
        }

        return Get(regex.Append(")\\z").ToString(), RegexOptions.Singleline);
    }

    private static Value Boolean(bool value) => Value.From(SqlTypeKind.Boolean, value);

    /// <summary>text, pattern [, escape]: the pattern is taken apart when it changes from row to row.</summary>
    private sealed class LikeKernel(bool ignoreCase) : ScalarKernel
    {
        public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
        {
            if (KernelSupport.AllNull(arguments, count, result))
                return;
            Vector<ByteSlice> texts = (Vector<ByteSlice>)arguments[0], patterns = (Vector<ByteSlice>)arguments[1];
            Vector<ByteSlice>? escapes = arguments.Length > 2 ? (Vector<ByteSlice>)arguments[2] : null;
            bool[] target = ((Vector<bool>)result).Data;
            LikePattern? pattern = null;
            int patternRow = 0;
            for (int i = 0; i < count; i++)
            {
                if (KernelSupport.AnyNull(arguments, i))
                {
                    result.SetNull(i);
                    continue;
                }

                if (pattern is null || !Same(patterns, patternRow, i) || (escapes is not null && !Same(escapes, patternRow, i)))
                {
                    ReadOnlySpan<byte> escape = escapes is null ? LikePattern.DefaultEscape : escapes.Data[i * escapes.Stride].Span;
                    if (escape.Length > 1 && Utf8.Length(escape) > 1)
                        throw new BareMetalException(SqlStates.InvalidEscapeSequence, "The escape of LIKE must be one character or empty.");
                    pattern = new LikePattern(patterns.Data[i * patterns.Stride].Span, escape, ignoreCase);
                    patternRow = i;
                }

                target[i] = pattern.IsMatch(texts.Data[i * texts.Stride].Span, context?.Cancellation ?? CancellationToken.None);
            }
        }

        private static bool Same(Vector<ByteSlice> vector, int first, int second) =>
            vector.IsConstant || vector.Data[first].Span.SequenceEqual(vector.Data[second].Span);
    }

    /// <summary>text, pattern [, RegexOptions bits].</summary>
    private sealed class RegexKernel(RegexOptions options, bool negate) : RowKernel
    {
        protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
        {
            RegexOptions all = arguments.Length > 2 ? (RegexOptions)Get<int>(arguments[2], row) : options;
            Regex regex = PatternFunctions.Get(Utf8.ToString(Bytes(arguments[1], row)), all);
            ((Vector<bool>)result).Data[row] = IsMatch(regex, Utf8.ToString(Bytes(arguments[0], row)), context) != negate;
        }
    }
}
