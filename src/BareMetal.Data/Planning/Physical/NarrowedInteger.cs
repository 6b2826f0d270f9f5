using BareMetal.Data.Binding;
using BareMetal.Data.Types;

namespace BareMetal.Data.Planning;

/// <summary>An integer of a wider type taken as one of a narrower type, for a seek: null when it does not fit, for then nothing equals it.</summary>
internal sealed record NarrowedInteger(BoundExpression Operand, SqlType Type) : BoundExpression(Type);
