using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data.Functions.Custom;

/// <summary>The columns of the rows that a table function in C# gives.</summary>
internal sealed class RowShape<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] TRow>
{
    private readonly PropertyInfo[] _properties = [];

    public RowShape()
    {
        if (ClrTypes.OfClr(typeof(TRow)) is { } plain)
        {
            Columns = [("value", plain)];
            return;
        }

        _properties = [.. typeof(TRow).GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)];
        if (_properties.Length == 0)
            throw new ArgumentException($"{typeof(TRow)} has no public properties to be the columns of a table function.");
        Columns = [.. _properties.Select(p => (p.Name, BareMetalFunctions.TypeOf(p.PropertyType)))];
    }

    public IReadOnlyList<(string Name, SqlType Type)> Columns { get; }

    public Value[] ToRow(TRow row)
    {
        if (_properties.Length == 0)
            return [Custom.ToValue(row, Columns[0].Type)];
        Value[] values = new Value[_properties.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = ClrTypes.ToValue(_properties[i].GetValue(row), Columns[i].Type);
        return values;
    }
}
