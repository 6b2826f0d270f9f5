using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Execution.Expressions;

/// <summary>An integer as one of a narrower type; null when it does not fit. For seek keys, one row at a time.</summary>
internal sealed class NarrowEvaluator(Evaluator operand, SqlType type) : Evaluator(type)
{
    private readonly Vector _result = Vector.Create(type, 1);

    public override Vector Evaluate(Batch input, QueryContext context)
    {
        Vector v = operand.Evaluate(input, context);
        _result.Reset();
        _result.IsConstant = true;
        if (v.IsNull(0))
        {
            _result.SetNull(0);
            return _result;
        }

        Int128 value = v switch
        {
            Vector<long> l => l.Data[0],
            Vector<int> i => i.Data[0],
            Vector<short> s => s.Data[0],
            Vector<ulong> l => l.Data[0],
            Vector<uint> i => i.Data[0],
            Vector<ushort> s => s.Data[0],
            _ => throw new BareMetalException(SqlStates.InternalError, $"{v.Type.Kind} is not narrowed."),
        };
        switch (_result)
        {
            case Vector<sbyte> t when value >= sbyte.MinValue && value <= sbyte.MaxValue:
                t.Data[0] = (sbyte)value;
                break;
            case Vector<short> t when value >= short.MinValue && value <= short.MaxValue:
                t.Data[0] = (short)value;
                break;
            case Vector<int> t when value >= int.MinValue && value <= int.MaxValue:
                t.Data[0] = (int)value;
                break;
            case Vector<byte> t when value >= byte.MinValue && value <= byte.MaxValue:
                t.Data[0] = (byte)value;
                break;
            case Vector<ushort> t when value >= ushort.MinValue && value <= ushort.MaxValue:
                t.Data[0] = (ushort)value;
                break;
            case Vector<uint> t when value >= uint.MinValue && value <= uint.MaxValue:
                t.Data[0] = (uint)value;
                break;
            default:
                _result.SetNull(0);
                break;
        }

        return _result;
    }
}
