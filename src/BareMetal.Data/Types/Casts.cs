using BareMetal.Data.Values;

namespace BareMetal.Data.Types;

internal static class Casts
{
    public static Value Convert(in Value value, SqlType from, SqlType to) => from == to ? value : throw new BareMetalException(SqlStates.CannotCoerce, $"Cannot convert {from.Kind} to {to.Kind}.");
}
