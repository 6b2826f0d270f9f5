namespace BareMetal.Data.Types;

/// <summary>The fields of a row value: names and types. Equal by value, names without case.</summary>
internal sealed class RecordShape(string[] names, SqlType[] types) : IEquatable<RecordShape>
{
    public IReadOnlyList<string> Names { get; } = names;

    public IReadOnlyList<SqlType> Types { get; } = types;

    /// <summary>The field of a name; −1 when there is none, −2 when there are several.</summary>
    public int Find(string name)
    {
        int found = -1;
        for (int i = 0; i < Names.Count; i++)
        {
            if (string.Equals(Names[i], name, StringComparison.OrdinalIgnoreCase))
                found = found == -1 ? i : -2;
        }

        return found;
    }

    public bool Equals(RecordShape? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || other.Names.Count != Names.Count)
            return false;
        for (int i = 0; i < Names.Count; i++)
        {
            if (!string.Equals(Names[i], other.Names[i], StringComparison.OrdinalIgnoreCase) || Types[i] != other.Types[i])
                return false;
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as RecordShape);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (SqlType type in Types)
            hash.Add(type);
        return hash.ToHashCode();
    }
}
