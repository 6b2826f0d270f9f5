using System.Text;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;

namespace BareMetal.Data.Functions;

/// <summary>A LIKE pattern, taken apart once and matched against UTF-8 bytes.</summary>
internal sealed class LikePattern
{
    private const short AnyOne = 256;
    private const short AnyRun = 257;

    private readonly short[] _tokens;
    private readonly bool _ignoreCase;

    // A pattern without _ whose only runs stand at its ends is a comparison with this text.
    private readonly byte[]? _literal;
    private readonly bool _openStart;
    private readonly bool _openEnd;

    /// <param name="pattern">The pattern as UTF-8.</param>
    /// <param name="escape">The escape character's bytes; empty for none.</param>
    /// <param name="ignoreCase">Whether case does not count (folded as the collation ordinal_ci).</param>
    public LikePattern(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> escape, bool ignoreCase)
    {
        _ignoreCase = ignoreCase;
        List<short> tokens = new(pattern.Length);
        while (!pattern.IsEmpty)
        {
            if (!escape.IsEmpty && pattern.StartsWith(escape))
            {
                pattern = pattern[escape.Length..];
                if (pattern.IsEmpty)
                    throw new BareMetalException(SqlStates.InvalidEscapeSequence, "A LIKE pattern must not end with its escape character.");
                AddLiteral(ref pattern, tokens);
            }
            else if (pattern[0] == '%')
            {
                if (tokens.Count == 0 || tokens[^1] != AnyRun)
                    tokens.Add(AnyRun);
                pattern = pattern[1..];
            }
            else if (pattern[0] == '_')
            {
                tokens.Add(AnyOne);
                pattern = pattern[1..];
            }
            else
            {
                AddLiteral(ref pattern, tokens);
            }
        }

        _tokens = [.. tokens];
        _openStart = _tokens.Length > 0 && _tokens[0] == AnyRun;
        _openEnd = _tokens.Length > 0 && _tokens[^1] == AnyRun;
        int from = _openStart ? 1 : 0, to = _tokens.Length - (_openEnd && _tokens.Length > from ? 1 : 0);
        ReadOnlySpan<short> inner = _tokens.AsSpan(from..Math.Max(from, to));
        if (inner.IndexOfAny(AnyOne, AnyRun) < 0)
        {
            _literal = new byte[inner.Length];
            for (int i = 0; i < inner.Length; i++)
                _literal[i] = (byte)inner[i];
        }
    }

    /// <summary>The default escape of LIKE.</summary>
    public static ReadOnlySpan<byte> DefaultEscape => "\\"u8;

    public bool IsMatch(ReadOnlySpan<byte> text, CancellationToken cancellation = default)
    {
        if (!_ignoreCase)
            return IsMatchFolded(text, cancellation);
        RowBuffer buffer = Scratch.Rent();
        CaseFolding.Append(text, buffer);
        bool match = IsMatchFolded(buffer.Span, cancellation);
        Scratch.Return(buffer);
        return match;
    }

    private bool IsMatchFolded(ReadOnlySpan<byte> text, CancellationToken cancellation)
    {
        if (_literal is { } literal)
        {
            if (_openStart && _openEnd)
                return text.IndexOf(literal) >= 0;
            return _openStart ? text.EndsWith(literal) : _openEnd ? text.StartsWith(literal) : text.SequenceEqual(literal);
        }

        // Greedy with one point to return to: enough, since a later run takes over from an earlier one.
        ReadOnlySpan<short> tokens = _tokens;
        int at = 0, token = 0, runToken = -1, runAt = 0, returns = 0;
        while (at < text.Length)
        {
            if (token < tokens.Length && tokens[token] == AnyRun)
            {
                runToken = token++;
                runAt = at;
            }
            else if (token < tokens.Length && tokens[token] == AnyOne)
            {
                token++;
                at++;
                while (at < text.Length && (text[at] & 0xC0) == 0x80)
                    at++;
            }
            else if (token < tokens.Length && tokens[token] == text[at])
            {
                token++;
                at++;
            }
            else if (runToken >= 0)
            {
                // A run takes whole characters: _ behind it must not begin inside of one.
                if ((++returns & 0xFFFF) == 0)
                    cancellation.ThrowIfCancellationRequested();
                token = runToken + 1;
                runAt++;
                while (runAt < text.Length && (text[runAt] & 0xC0) == 0x80)
                    runAt++;
                at = runAt;
            }
            else
            {
                return false;
            }
        }

        while (token < tokens.Length && tokens[token] == AnyRun)
            token++;
        return token == tokens.Length;
    }

    private void AddLiteral(ref ReadOnlySpan<byte> pattern, List<short> tokens)
    {
        Rune.DecodeFromUtf8(pattern, out _, out int size);
        if (_ignoreCase)
        {
            RowBuffer folded = new(4);
            CaseFolding.Append(pattern[..size], folded);
            foreach (byte b in folded.Span)
                tokens.Add(b);
        }
        else
        {
            foreach (byte b in pattern[..size])
                tokens.Add(b);
        }

        pattern = pattern[size..];
    }
}
