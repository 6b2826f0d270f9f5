namespace BareMetal.Data.Storage;

/// <summary>An entry of a block read by <see cref="TreeCursor.ReadBlock"/>. The pointers are valid until the cursor is used again.</summary>
public unsafe struct EntryRef
{
    /// <summary>The value's bytes.</summary>
    public byte* Value;

    /// <summary>The key's bytes; null when keys were not asked for.</summary>
    public byte* Key;

    /// <summary>Number of value bytes.</summary>
    public int ValueLength;

    /// <summary>Number of key bytes.</summary>
    public int KeyLength;

    /// <summary>The value.</summary>
    public readonly ReadOnlySpan<byte> ValueSpan => new(Value, ValueLength);

    /// <summary>The key.</summary>
    public readonly ReadOnlySpan<byte> KeySpan => new(Key, KeyLength);
}
