using BareMetal.Data.Binding;
using BareMetal.Data.Functions;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Planning;

/// <summary>What LIKE patterns begin with.</summary>
internal static class LikePrefix
{
    /// <summary>The literal beginning of a pattern that is known only when the statement runs. Not a function of SQL: only plans call it.</summary>
    private static readonly ScalarFunction Function = MakeFunction();

    /// <summary>An expression for what texts that match a pattern begin with; null when that is nothing, as far as it is known.</summary>
    public static BoundExpression? Begin(BoundExpression pattern, PlannerOptions options)
    {
        if (!options.TryGetValue(pattern, out Value value))
            return new BoundCall(Function, [pattern], SqlType.Text);
        options.Guard(pattern, "begin of a pattern", static v => v.IsNull || v.Kind != SqlTypeKind.Text ? -1 : Of(v.As<ByteSlice>().Span).Length == 0 ? 0 : 1);
        if (value.IsNull || value.Kind != SqlTypeKind.Text)
            return null;
        byte[] begin = Of(value.As<ByteSlice>().Span);
        if (begin.Length == 0)
            return null;
        return pattern is BoundConstant ? new BoundConstant(Value.From(SqlTypeKind.Text, new ByteSlice(begin)), SqlType.Text) : new BoundCall(Function, [pattern], SqlType.Text);
    }

    private static ScalarFunction MakeFunction()
    {
        ScalarKernel kernel = Kernel.Values(static (arguments, _) => Value.From(SqlTypeKind.Text, new ByteSlice(Of(arguments[0].As<ByteSlice>().Span))), strict: true);
        return new ScalarFunction { Name = "begin of", Parameters = [SqlType.Text], ResultType = static _ => SqlType.Text, CreateKernel = (_, _) => kernel };
    }

    /// <summary>The literal beginning of a pattern.</summary>
    public static byte[] Of(ReadOnlySpan<byte> pattern)
    {
        List<byte> prefix = [];
        Scan(pattern, prefix);
        return [.. prefix];
    }

    /// <summary>Whether a pattern says no more than that a text begins with something: it ends with its only wildcard, %.</summary>
    public static bool IsPrefixOnly(ReadOnlySpan<byte> pattern)
    {
        int end = Scan(pattern, null);
        return end == pattern.Length - 1 && pattern[end] == (byte)'%';
    }

    /// <summary>Whether a pattern has no wildcard.</summary>
    public static bool IsExact(ReadOnlySpan<byte> pattern) => Scan(pattern, null) == pattern.Length;

    private static int Scan(ReadOnlySpan<byte> pattern, List<byte>? prefix)
    {
        int i = 0;
        for (; i < pattern.Length; i++)
        {
            byte b = pattern[i];
            if (b is (byte)'%' or (byte)'_')
                return i;
            if (b == (byte)'\\')
            {
                if (++i >= pattern.Length)
                    break;
                b = pattern[i];
            }

            prefix?.Add(b);
        }

        return i;
    }
}
