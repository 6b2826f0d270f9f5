using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BareMetal.Data.Binding;
using BareMetal.Data.Functions.Json;
using BareMetal.Data.Functions.Kernels;
using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Scalars;

/// <summary>Gives a part of a document: as JSON by reference, without a copy, or as text.</summary>
internal abstract class JsonPartKernel(bool asText) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
    {
        ByteSlice json = Get<ByteSlice>(arguments[0], row);
        JsonCursor cursor = new(json);
        if (!TryMove(ref cursor, arguments, row))
        {
            result.SetNull(row);
            return;
        }

        ReadOnlySpan<byte> part = cursor.Value;
        if (asText)
        {
            SetText(part, result, row);
            return;
        }

        int offset = (int)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(json.Span), ref MemoryMarshal.GetReference(part));
        ((Vector<ByteSlice>)result).Data[row] = new ByteSlice(json.Array, json.Offset + offset, part.Length);
    }

    protected abstract bool TryMove(ref JsonCursor cursor, ReadOnlySpan<Vector> arguments, int row);

    private static void SetText(ReadOnlySpan<byte> part, Vector result, int row)
    {
        RowBuffer buffer = Scratch.Rent();
        if (JsonText.WriteAsText(part, buffer))
            SetBytes(result, row, buffer.Span);
        else
            result.SetNull(row);
        Scratch.Return(buffer);
    }
}

/// <summary><c>-&gt;</c> and <c>-&gt;&gt;</c>, a chain of them at once: the document, then member names (text) and element numbers (integer).</summary>
internal sealed class JsonGetKernel(bool asText) : JsonPartKernel(asText)
{
    /// <summary>
    /// A kernel for <c>d -&gt; 'a' -&gt; 0 -&gt;&gt; 'b'</c> that goes down the whole way in one document, so that its structural index serves
    /// every step. False when the call is no such chain.
    /// </summary>
    public static bool TryChain(BoundCall call, [NotNullWhen(true)] out JsonGetKernel? kernel, [NotNullWhen(true)] out IReadOnlyList<BoundExpression>? arguments)
    {
        kernel = null;
        arguments = null;
        if (!IsGet(call) || call.Arguments[0] is not BoundCall { Function.Name: "->" } inner || !IsGet(inner))
            return false;
        List<BoundExpression> steps = [];
        BoundExpression document = call;
        while (document is BoundCall step && IsGet(step) && (ReferenceEquals(step, call) || step.Function.Name == "->"))
        {
            steps.Insert(0, step.Arguments[1]);
            document = step.Arguments[0];
        }

        steps.Insert(0, document);
        arguments = steps;
        kernel = new JsonGetKernel(call.Function.Name == "->>");
        return true;
    }

    protected override bool TryMove(ref JsonCursor cursor, ReadOnlySpan<Vector> arguments, int row)
    {
        for (int i = 1; i < arguments.Length; i++)
        {
            bool found = arguments[i] is Vector<int> element
                ? cursor.TryElement(element.Data[row * element.Stride])
                : cursor.TryMember(Bytes(arguments[i], row));
            if (!found)
                return false;
        }

        return true;
    }

    private static bool IsGet(BoundCall call) =>
        call.Function.Name is "->" or "->>" && call.Arguments.Count == 2
        && call.Arguments[0].Type.Kind is SqlTypeKind.Json or SqlTypeKind.Jsonb
        && call.Arguments[1].Type.Kind is SqlTypeKind.Text or SqlTypeKind.Integer;
}

/// <summary><c>#&gt;</c> and <c>#&gt;&gt;</c>: the path as an array of text.</summary>
internal sealed class JsonPathArrayKernel(bool asText) : JsonPartKernel(asText)
{
    protected override bool TryMove(ref JsonCursor cursor, ReadOnlySpan<Vector> arguments, int row)
    {
        foreach (Value step in Get<ArrayValue>(arguments[1], row).Items)
        {
            if (step.IsNull || !cursor.TryStep(step.As<ByteSlice>().Span))
                return false;
        }

        return true;
    }
}

/// <summary>json_extract_path: the path as arguments.</summary>
internal sealed class JsonExtractKernel(bool asText) : JsonPartKernel(asText)
{
    protected override bool TryMove(ref JsonCursor cursor, ReadOnlySpan<Vector> arguments, int row)
    {
        for (int i = 1; i < arguments.Length; i++)
        {
            if (!cursor.TryStep(Bytes(arguments[i], row)))
                return false;
        }

        return true;
    }
}
