using BareMetal.Data.Rows;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Kernels;

/// <summary>Reads bytes and gives a value.</summary>
internal delegate TResult FromBytes<out TResult>(ReadOnlySpan<byte> bytes);

/// <summary>Reads two runs of bytes and gives a value.</summary>
internal delegate TResult FromBytes2<out TResult>(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second);

/// <summary>Appends bytes made of bytes; false gives null.</summary>
internal delegate bool BytesToBytes(ReadOnlySpan<byte> bytes, RowBuffer output);

/// <summary>Appends bytes made of two runs of bytes; false gives null.</summary>
internal delegate bool BytesToBytes2(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, RowBuffer output);

/// <summary>Makes kernels of delegates: for functions that are not hot enough for a loop of their own.</summary>
internal static class Kernel
{
    public static ScalarKernel Of<T, TResult>(Func<T, TResult> function) => new DelegateKernel1<T, TResult>(function);

    public static ScalarKernel Of<T1, T2, TResult>(Func<T1, T2, TResult> function) => new DelegateKernel2<T1, T2, TResult>(function);

    public static ScalarKernel Of<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> function) => new DelegateKernel3<T1, T2, T3, TResult>(function);

    public static ScalarKernel FromBytes<TResult>(FromBytes<TResult> function) => new FromBytesKernel<TResult>(function);

    public static ScalarKernel FromBytes<TResult>(FromBytes2<TResult> function) => new FromBytes2Kernel<TResult>(function);

    public static ScalarKernel ToBytes<T>(Action<T, RowBuffer> function) => new ToBytesKernel<T>(function);

    public static ScalarKernel Bytes(BytesToBytes function) => new BytesKernel(function);

    public static ScalarKernel Bytes(BytesToBytes2 function) => new Bytes2Kernel(function);

    /// <summary>A function over scalars, one row at a time; strict ones are called with values that are not null only.</summary>
    public static ScalarKernel Values(Func<Value[], FunctionContext, Value> function, bool strict = true) => new ValuesKernel(function, strict);
}

internal abstract class RowKernel : ScalarKernel
{
    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        if (KernelSupport.AllNull(arguments, count, result))
            return;
        try
        {
            for (int i = 0; i < count; i++)
            {
                // A row may be a long text: a batch of them must not hold up a cancellation.
                context?.Cancellation.ThrowIfCancellationRequested();
                if (KernelSupport.AnyNull(arguments, i))
                    result.SetNull(i);
                else
                    Row(arguments, i, result, context!);
            }
        }
        catch (OverflowException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
        catch (DivideByZeroException e)
        {
            throw KernelSupport.DivisionByZero(e);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
    }

    protected abstract void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context);

    protected static T Get<T>(Vector vector, int row) => ((Vector<T>)vector).Data[row * vector.Stride];

    protected static ReadOnlySpan<byte> Bytes(Vector vector, int row) => Get<ByteSlice>(vector, row).Span;

    /// <summary>Sets a row. Bytes that the function made have no place in the batch's arena, but count there.</summary>
    protected static void Set<T>(Vector<T> result, int row, T value)
    {
        result.Data[row] = value;
        if (typeof(T) == typeof(ByteSlice))
            result.Arena.Note(((ByteSlice)(object)value!).Length);
    }

    protected static void SetBytes(Vector result, int row, ReadOnlySpan<byte> bytes)
    {
        Vector<ByteSlice> target = (Vector<ByteSlice>)result;
        target.Data[row] = target.Arena.Copy(bytes);
    }
}

internal sealed class DelegateKernel1<T, TResult>(Func<T, TResult> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
        Set((Vector<TResult>)result, row, function(Get<T>(arguments[0], row)));
}

internal sealed class DelegateKernel2<T1, T2, TResult>(Func<T1, T2, TResult> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
        Set((Vector<TResult>)result, row, function(Get<T1>(arguments[0], row), Get<T2>(arguments[1], row)));
}

internal sealed class DelegateKernel3<T1, T2, T3, TResult>(Func<T1, T2, T3, TResult> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
        Set((Vector<TResult>)result, row, function(Get<T1>(arguments[0], row), Get<T2>(arguments[1], row), Get<T3>(arguments[2], row)));
}

internal sealed class FromBytesKernel<TResult>(FromBytes<TResult> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
        ((Vector<TResult>)result).Data[row] = function(Bytes(arguments[0], row));
}

internal sealed class FromBytes2Kernel<TResult>(FromBytes2<TResult> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context) =>
        ((Vector<TResult>)result).Data[row] = function(Bytes(arguments[0], row), Bytes(arguments[1], row));
}

internal sealed class ToBytesKernel<T>(Action<T, RowBuffer> function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
    {
        RowBuffer buffer = Scratch.Rent();
        function(Get<T>(arguments[0], row), buffer);
        SetBytes(result, row, buffer.Span);
        Scratch.Return(buffer);
    }
}

internal sealed class BytesKernel(BytesToBytes function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
    {
        RowBuffer buffer = Scratch.Rent();
        if (function(Bytes(arguments[0], row), buffer))
            SetBytes(result, row, buffer.Span);
        else
            result.SetNull(row);
        Scratch.Return(buffer);
    }
}

internal sealed class Bytes2Kernel(BytesToBytes2 function) : RowKernel
{
    protected override void Row(ReadOnlySpan<Vector> arguments, int row, Vector result, FunctionContext context)
    {
        RowBuffer buffer = Scratch.Rent();
        if (function(Bytes(arguments[0], row), Bytes(arguments[1], row), buffer))
            SetBytes(result, row, buffer.Span);
        else
            result.SetNull(row);
        Scratch.Return(buffer);
    }
}

internal sealed class ValuesKernel(Func<Value[], FunctionContext, Value> function, bool strict) : ScalarKernel
{
    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        if (strict && KernelSupport.AllNull(arguments, count, result))
            return;
        Value[] values = new Value[arguments.Length];
        try
        {
            for (int i = 0; i < count; i++)
            {
                context?.Cancellation.ThrowIfCancellationRequested();
                if (strict && KernelSupport.AnyNull(arguments, i))
                {
                    result.SetNull(i);
                    continue;
                }

                for (int a = 0; a < values.Length; a++)
                    values[a] = arguments[a].GetValue(i);
                Value value = function(values, context!);
                result.SetValue(i, value);
                if (value.IsNull)
                    continue;
                if (result is Vector<ByteSlice> bytes)
                    bytes.Arena.Note(bytes.Data[i].Length);
                else if (result is Vector<ArrayValue> arrays)
                    arrays.Arena.Note(arrays.Data[i].Bytes);
            }
        }
        catch (OverflowException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
        catch (DivideByZeroException e)
        {
            throw KernelSupport.DivisionByZero(e);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
    }
}
