using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Custom;

/// <summary>Calls into code that is not the engine's.</summary>
internal static class Custom
{
    /// <summary>Whatever the code throws ends the statement, with the cause inside.</summary>
    public static T Call<T>(string name, Func<T> function)
    {
        try
        {
            return function();
        }
        catch (Exception e) when (e is not (BareMetalException or OperationCanceledException))
        {
            throw new BareMetalException(SqlStates.ExternalRoutineException, $"The function \"{name}\" failed: {e.Message}", e);
        }
    }

    public static Value ToValue<T>(T value, SqlType type)
    {
        if (value is null)
            return Value.Null(type.Kind);
        return ClrTypes.TryToValue(value, out Value result, out SqlType own) && own.Kind == type.Kind ? result : ClrTypes.ToValue(value, type);
    }
}
