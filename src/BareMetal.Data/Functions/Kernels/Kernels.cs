using BareMetal.Data.Simd;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Kernels;

/// <summary>An operation of one argument, as a struct so that loops over it are compiled for it.</summary>
internal interface IUnaryOperation<in TArgument, out TResult>
{
    static abstract TResult Apply(TArgument value);
}

/// <summary>An operation of two arguments, as a struct so that loops over it are compiled for it.</summary>
internal interface IBinaryOperation<TLeft, TRight, TResult>
{
    static abstract TResult Apply(TLeft left, TRight right);

    /// <summary>Applies it to a run of rows faster than one by one, whatever rows that are null hold. The right side may be a single value that stands for all.</summary>
    /// <returns>False when there is no such way, or a row would fail: the target then holds nothing of use.</returns>
    static virtual bool TryRun(ReadOnlySpan<TLeft> left, ReadOnlySpan<TRight> right, Span<TResult> target) => false;
}

/// <summary>What kernels share: null handling and the errors that arithmetic exceptions stand for.</summary>
internal static class KernelSupport
{
    /// <summary>Whether some argument is null in every row; then all rows of the result are set null.</summary>
    public static bool AllNull(ReadOnlySpan<Vector> arguments, int count, Vector result)
    {
        foreach (Vector argument in arguments)
        {
            if (argument.IsConstant && argument.HasNulls && argument.Nulls[0])
            {
                for (int i = 0; i < count; i++)
                    result.SetNull(i);
                return true;
            }
        }

        return false;
    }

    /// <summary>Sets the rows null that are null in one of two arguments, of which a constant one is not null.</summary>
    public static void TakeNulls(Vector left, Vector right, int count, Vector result)
    {
        bool ofLeft = left.HasNulls && !left.IsConstant, ofRight = right.HasNulls && !right.IsConstant;
        if (!ofLeft && !ofRight)
            return;
        result.HasNulls = true;
        Span<bool> nulls = result.Nulls;
        if (ofLeft && ofRight)
            MaskLoops.Or(left.Nulls, right.Nulls, nulls[..count]);
        else
            (ofLeft ? left : right).Nulls.AsSpan(0, count).CopyTo(nulls);
        nulls[count..].Clear();
    }

    public static bool AnyNull(ReadOnlySpan<Vector> arguments, int row)
    {
        foreach (Vector argument in arguments)
        {
            if (argument.IsNull(row))
                return true;
        }

        return false;
    }

    public static BareMetalException OutOfRange(SqlType type, Exception? inner = null)
    {
        string state = TypeRules.IsNumeric(type.Kind) || type.Kind is SqlTypeKind.Text ? SqlStates.NumericOutOfRange : SqlStates.DatetimeOverflow;
        return new BareMetalException(state, $"The result is out of range for type {TypeNames.Format(type)}.", inner)
        {
            Hint = TypeRules.IsInteger(type.Kind) ? "Cast the operands to a wider type before computing." : null,
        };
    }

    public static BareMetalException DivisionByZero(Exception? inner = null) => new(SqlStates.DivisionByZero, "Division by zero.", inner);
}

/// <summary>A strict function of one argument.</summary>
internal sealed class UnaryKernel<TArgument, TResult, TOperation> : ScalarKernel
    where TOperation : struct, IUnaryOperation<TArgument, TResult>
{
    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        if (KernelSupport.AllNull(arguments, count, result))
            return;
        Vector<TArgument> argument = (Vector<TArgument>)arguments[0];
        TArgument[] source = argument.Data;
        TResult[] target = ((Vector<TResult>)result).Data;
        try
        {
            if (!argument.HasNulls && !argument.IsConstant)
            {
                for (int i = 0; i < count; i++)
                    target[i] = TOperation.Apply(source[i]);
                return;
            }

            int stride = argument.Stride;
            for (int i = 0; i < count; i++)
            {
                if (argument.IsNull(i))
                    result.SetNull(i);
                else
                    target[i] = TOperation.Apply(source[i * stride]);
            }
        }
        catch (OverflowException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw KernelSupport.OutOfRange(result.Type, e);
        }
    }
}

/// <summary>A strict function of two arguments.</summary>
internal sealed class BinaryKernel<TLeft, TRight, TResult, TOperation> : ScalarKernel
    where TOperation : struct, IBinaryOperation<TLeft, TRight, TResult>
{
    public override void Evaluate(ReadOnlySpan<Vector> arguments, int count, Vector result, FunctionContext context)
    {
        if (KernelSupport.AllNull(arguments, count, result))
            return;
        Vector<TLeft> left = (Vector<TLeft>)arguments[0];
        Vector<TRight> right = (Vector<TRight>)arguments[1];
        TResult[] target = ((Vector<TResult>)result).Data;
        try
        {
            if (!left.IsConstant && TOperation.TryRun(left.Data.AsSpan(0, count), right.Data.AsSpan(0, right.IsConstant ? 1 : count), target.AsSpan(0, count)))
                KernelSupport.TakeNulls(left, right, count, result);
            else if (left.HasNulls || right.HasNulls)
                WithNulls(left, right, count, target, result);
            else if (right.IsConstant)
                WithConstant(left, right.Data[0], count, target);
            else if (left.IsConstant)
                WithConstant(left.Data[0], right.Data, count, target);
            else
                Plain(left.Data, right.Data, count, target);
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

    private static void Plain(TLeft[] left, TRight[] right, int count, TResult[] target)
    {
        ReadOnlySpan<TLeft> x = left.AsSpan(0, count);
        ReadOnlySpan<TRight> y = right.AsSpan(0, count);
        Span<TResult> z = target.AsSpan(0, count);
        for (int i = 0; i < x.Length && i < y.Length && i < z.Length; i++)
            z[i] = TOperation.Apply(x[i], y[i]);
    }

    private static void WithConstant(Vector<TLeft> left, TRight right, int count, TResult[] target)
    {
        TLeft[] data = left.Data;
        if (left.IsConstant)
        {
            TResult one = count > 0 ? TOperation.Apply(data[0], right) : default!;
            target.AsSpan(0, count).Fill(one);
            return;
        }

        ReadOnlySpan<TLeft> x = data.AsSpan(0, count);
        Span<TResult> z = target.AsSpan(0, count);
        for (int i = 0; i < x.Length && i < z.Length; i++)
            z[i] = TOperation.Apply(x[i], right);
    }

    private static void WithConstant(TLeft left, TRight[] right, int count, TResult[] target)
    {
        for (int i = 0; i < count; i++)
            target[i] = TOperation.Apply(left, right[i]);
    }

    private static void WithNulls(Vector<TLeft> left, Vector<TRight> right, int count, TResult[] target, Vector result)
    {
        int leftStride = left.Stride, rightStride = right.Stride;
        TLeft[] x = left.Data;
        TRight[] y = right.Data;
        for (int i = 0; i < count; i++)
        {
            if (left.IsNull(i) || right.IsNull(i))
                result.SetNull(i);
            else
                target[i] = TOperation.Apply(x[i * leftStride], y[i * rightStride]);
        }
    }
}
