using System.Text;
using BareMetal.Data.Rows;

namespace BareMetal.Data.Types;

/// <summary>
/// The folding of the collation <c>ordinal_ci</c>: code point to code point, upper case, so that order agrees with
/// StringComparison.OrdinalIgnoreCase for ASCII. The table belongs to the file format and never changes with the runtime; another
/// table would be another collation.
/// </summary>
internal static partial class CaseFolding
{
    /// <summary>The Unicode version that the table was made from.</summary>
    public const string UnicodeVersion = "14.0.0";

    // Pages of 256 code points; null pages fold to themselves. The last code point with a mapping is below 0x20000.
    private static readonly int[]?[] Pages = BuildPages();

    /// <summary>The code point that stands for all that are equal without regard to case.</summary>
    public static int Fold(int codePoint)
    {
        if (codePoint < 0x80)
            return (uint)(codePoint - 'a') <= 'z' - 'a' ? codePoint - 32 : codePoint;
        int page = codePoint >> 8;
        return page < Pages.Length && Pages[page] is { } map ? map[codePoint & 0xFF] : codePoint;
    }

    /// <summary>Appends the folded text.</summary>
    public static void Append(ReadOnlySpan<byte> text, RowBuffer buffer)
    {
        while (!text.IsEmpty)
        {
            byte b = text[0];
            if (b < 0x80)
            {
                buffer.AppendByte((byte)Fold(b));
                text = text[1..];
                continue;
            }

            // Text is well-formed UTF-8; should it not be, its bytes are kept as they are.
            if (Rune.DecodeFromUtf8(text, out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
            {
                int size = new Rune(Fold(rune.Value)).EncodeToUtf8(buffer.GetSpan(4));
                buffer.Advance(size);
            }
            else
            {
                buffer.Append(text[..length]);
            }

            text = text[length..];
        }
    }

    /// <summary>Compares folded texts by code point without building them.</summary>
    public static int Compare(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        int i = 0, j = 0;
        while (i < left.Length && j < right.Length)
        {
            int a = Next(left, ref i), b = Next(right, ref j);
            if (a != b)
                return a < b ? -1 : 1;
        }

        return (left.Length - i).CompareTo(right.Length - j);
    }

    private static int Next(ReadOnlySpan<byte> text, ref int at)
    {
        byte b = text[at];
        if (b < 0x80)
        {
            at++;
            return Fold(b);
        }

        Rune.DecodeFromUtf8(text[at..], out Rune rune, out int length);
        at += length;
        return Fold(rune.Value);
    }

    private static int[]?[] BuildPages()
    {
        int[]?[] pages = new int[]?[0x200];
        ReadOnlySpan<int> runs = Runs;
        for (int r = 0; r < runs.Length; r += 4)
        {
            for (int c = runs[r]; c <= runs[r + 1]; c += runs[r + 2])
            {
                int[]? page = pages[c >> 8];
                if (page is null)
                {
                    page = new int[256];
                    for (int i = 0; i < 256; i++)
                        page[i] = (c & ~0xFF) + i;
                    pages[c >> 8] = page;
                }

                page[c & 0xFF] = c + runs[r + 3];
            }
        }

        return pages;
    }
}
