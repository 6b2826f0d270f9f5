using System.Collections;
using System.Data;
using System.Data.Common;

namespace BareMetal.Data;

/// <summary>The parameters of a command, in order. Names match with or without <c>@</c>, first exactly, then without regard to case.</summary>
public sealed class BareMetalParameterCollection : DbParameterCollection
{
    private readonly List<BareMetalParameter> _items = [];

    internal BareMetalParameterCollection()
    {
    }

    /// <inheritdoc/>
    public override int Count => _items.Count;

    /// <inheritdoc/>
    public override object SyncRoot => ((ICollection)_items).SyncRoot;

    /// <summary>The parameter at a position.</summary>
    public new BareMetalParameter this[int index]
    {
        get => _items[index];
        set => _items[index] = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>The parameter of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public new BareMetalParameter this[string parameterName]
    {
        get => _items[Find(parameterName)];
        set => _items[Find(parameterName)] = value ?? throw new ArgumentNullException(nameof(value));
    }

    /// <summary>Adds a parameter.</summary>
    public BareMetalParameter Add(BareMetalParameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        _items.Add(parameter);
        return parameter;
    }

    /// <summary>Adds a parameter of a type, without a value yet.</summary>
    public BareMetalParameter Add(string? name, DbType dbType) => Add(new BareMetalParameter(name, dbType));

    /// <summary>Adds a parameter with a value.</summary>
    public BareMetalParameter AddWithValue(string? name, object? value) => Add(new BareMetalParameter(name, value));

    /// <summary>Adds a positional parameter with a value.</summary>
    public BareMetalParameter AddWithValue(object? value) => Add(new BareMetalParameter(null, value));

    /// <inheritdoc/>
    public override int Add(object value)
    {
        _items.Add(Cast(value));
        return _items.Count - 1;
    }

    /// <inheritdoc/>
    public override void AddRange(Array values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (object? value in values)
            _items.Add(Cast(value));
    }

    /// <inheritdoc/>
    public override void Clear() => _items.Clear();

    /// <inheritdoc/>
    public override bool Contains(object value) => value is BareMetalParameter parameter && _items.Contains(parameter);

    /// <inheritdoc/>
    public override bool Contains(string value) => IndexOf(value) >= 0;

    /// <inheritdoc/>
    public override void CopyTo(Array array, int index) => ((ICollection)_items).CopyTo(array, index);

    /// <inheritdoc/>
    public override IEnumerator GetEnumerator() => _items.GetEnumerator();

    /// <inheritdoc/>
    public override int IndexOf(object value) => value is BareMetalParameter parameter ? _items.IndexOf(parameter) : -1;

    /// <inheritdoc/>
    public override int IndexOf(string parameterName)
    {
        if (parameterName is null)
            return -1;
        string key = BareMetalParameter.BareName(parameterName);
        int found = IndexOf(key, StringComparison.Ordinal);
        return found >= 0 ? found : IndexOf(key, StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    public override void Insert(int index, object value) => _items.Insert(index, Cast(value));

    /// <inheritdoc/>
    public override void Remove(object value) => _items.Remove(Cast(value));

    /// <inheritdoc/>
    public override void RemoveAt(int index) => _items.RemoveAt(index);

    /// <inheritdoc/>
    public override void RemoveAt(string parameterName) => _items.RemoveAt(Find(parameterName));

    /// <inheritdoc/>
    protected override DbParameter GetParameter(int index) => _items[index];

    /// <inheritdoc/>
    protected override DbParameter GetParameter(string parameterName) => _items[Find(parameterName)];

    /// <inheritdoc/>
    protected override void SetParameter(int index, DbParameter value) => _items[index] = Cast(value);

    /// <inheritdoc/>
    protected override void SetParameter(string parameterName, DbParameter value) => _items[Find(parameterName)] = Cast(value);

    private static BareMetalParameter Cast(object? value) => value switch
    {
        BareMetalParameter parameter => parameter,
        null => throw new ArgumentNullException(nameof(value)),
        _ => throw new InvalidCastException($"The collection takes {nameof(BareMetalParameter)}, not {value.GetType()}."),
    };

    private int IndexOf(string key, StringComparison comparison)
    {
        for (int i = 0; i < _items.Count; i++)
        {
            if (string.Equals(_items[i].Key, key, comparison))
                return i;
        }

        return -1;
    }

    private int Find(string parameterName)
    {
        int index = IndexOf(parameterName);
        return index >= 0 ? index : throw new ArgumentException($"There is no parameter named '{parameterName}'.", nameof(parameterName));
    }
}
