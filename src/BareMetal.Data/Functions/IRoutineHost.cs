using BareMetal.Data.Catalog;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions;

/// <summary>Runs the bodies of functions that can't be put into the statement that calls them.</summary>
internal interface IRoutineHost
{
    /// <summary>Runs a function for its value.</summary>
    Value CallValue(Routine routine, Value[] arguments);

    /// <summary>Runs a function for its rows.</summary>
    IEnumerable<Value[]> CallRows(Routine routine, Value[] arguments);
}
