using System.Globalization;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.BulkCopy;

/// <summary>Rows on their way, column by column.</summary>
internal sealed class BulkBatch
{
    private readonly BulkTarget _target;

    public BulkBatch(BulkTarget target, int capacity)
    {
        _target = target;
        Columns = new Value[target.Columns.Count][];
        for (int i = 0; i < Columns.Length; i++)
            Columns[i] = new Value[capacity];
        Capacity = capacity;
    }

    public Value[][] Columns { get; }

    public int Capacity { get; }

    public int Count { get; private set; }

    /// <summary>Rows of earlier batches; for messages.</summary>
    public long Before { get; private set; }

    public bool IsFull => Count == Capacity;

    public void Add<TSource>(TSource source)
        where TSource : IBulkRow
    {
        for (int i = 0; i < Columns.Length; i++)
        {
            object? value = source.Get(i);
            SqlType type = _target.TypeOf(i);
            try
            {
                Columns[i][Count] = ClrTypes.ToValue(value, type);
            }
            catch (Exception e) when (e is InvalidCastException or OverflowException or FormatException)
            {
                throw new BareMetalException(
                    e is OverflowException ? SqlStates.NumericOutOfRange : SqlStates.InvalidTextRepresentation,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {Before + Count + 1} of the bulk copy: the value for column \"{_target.Columns[i].Name}\" ({value?.GetType().Name ?? "null"}) can't be given as {DataTypeNames.Format(type)}: {e.Message}"),
                    e);
            }
        }

        Count++;
    }

    public void Clear()
    {
        Before += Count;
        Count = 0;
    }
}
