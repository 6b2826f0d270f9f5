using System.Buffers.Binary;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// A parameter of a command. Its type comes from <see cref="DataTypeName"/>, else from <see cref="DbType"/>, else from the value; a
/// null without a type takes its type from where it is used. Names match with or without <c>@</c>; a parameter without a name is
/// positional (<c>$1</c>, <c>?</c>).
/// </summary>
public class BareMetalParameter : DbParameter
{
    private string _name = "";
    private string _bareName = "";
    private DbType? _dbType;
    private string? _dataTypeName;
    private SqlType? _declaredType;
    private string _sourceColumn = "";
    private int _size;
    private ParameterDirection _direction = ParameterDirection.Input;

    /// <summary>Makes a parameter without name and value.</summary>
    public BareMetalParameter()
    {
    }

    /// <summary>Makes a parameter.</summary>
    /// <param name="name">The name, with or without <c>@</c>; null or empty for a positional one.</param>
    /// <param name="value">The value; null and <see cref="DBNull"/> are SQL NULL.</param>
    public BareMetalParameter(string? name, object? value)
    {
        ParameterName = name;
        Value = value;
    }

    /// <summary>Makes a parameter of a type, without a value yet.</summary>
    /// <param name="name">The name, with or without <c>@</c>; null or empty for a positional one.</param>
    /// <param name="dbType">The type.</param>
    public BareMetalParameter(string? name, DbType dbType)
    {
        ParameterName = name;
        DbType = dbType;
    }

    /// <inheritdoc/>
    [AllowNull]
    public sealed override string ParameterName
    {
        get => _name;
        set
        {
            _name = value ?? "";
            _bareName = BareName(_name);
        }
    }

    /// <inheritdoc/>
    public override object? Value { get; set; }

    /// <summary>The type. When not set it follows from <see cref="DataTypeName"/> or the value; <see cref="DbType.Object"/> lets the value decide.</summary>
    public sealed override DbType DbType
    {
        get
        {
            if (_dbType is { } set)
                return set;
            SqlType type = _declaredType ?? InferType();
            return type.Kind == SqlTypeKind.Unknown ? DbType.String : ClrTypes.DbTypeOf(type);
        }

        set
        {
            if (!Enum.IsDefined(value))
                throw new ArgumentOutOfRangeException(nameof(value), value, "Not a DbType.");
            _dbType = value;
            if (_dataTypeName is null)
                _declaredType = ClrTypes.FromDbType(value);
        }
    }

    /// <summary>The SQL name of the type, for example <c>integer</c>, <c>text[]</c> or <c>jsonb</c>; null when it is not set. It wins over <see cref="DbType"/>.</summary>
    /// <exception cref="ArgumentException">No type has this name.</exception>
    public string? DataTypeName
    {
        get => _dataTypeName;
        set
        {
            if (value is null)
            {
                _dataTypeName = null;
                _declaredType = _dbType is { } dbType ? ClrTypes.FromDbType(dbType) : null;
                return;
            }

            _declaredType = DataTypeNames.Parse(value);
            _dataTypeName = value;
        }
    }

    /// <summary>
    /// Whether the value goes to the command, comes back from a procedure that it calls, or both. <see cref="ParameterDirection.ReturnValue"/> takes what a
    /// procedure or function returns. Values come back when the command has run: of a reader when it is closed or has moved past the call.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a direction.</exception>
    public sealed override ParameterDirection Direction
    {
        get => _direction;
        set => _direction = value is ParameterDirection.Input or ParameterDirection.Output or ParameterDirection.InputOutput or ParameterDirection.ReturnValue
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, "Not a direction of a parameter.");
    }

    /// <inheritdoc/>
    public sealed override bool IsNullable { get; set; } = true;

    /// <summary>Kept for the caller; a value is never cut to it.</summary>
    public sealed override int Size
    {
        get => _size;
        set => _size = value >= -1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A size is −1 or more.");
    }

    /// <inheritdoc/>
    public sealed override byte Precision { get; set; }

    /// <inheritdoc/>
    public sealed override byte Scale { get; set; }

    /// <inheritdoc/>
    [AllowNull]
    public sealed override string SourceColumn
    {
        get => _sourceColumn;
        set => _sourceColumn = value ?? "";
    }

    /// <inheritdoc/>
    public sealed override bool SourceColumnNullMapping { get; set; }

    /// <inheritdoc/>
    public sealed override DataRowVersion SourceVersion { get; set; } = DataRowVersion.Current;

    /// <summary>The name without its marker; empty for a positional one.</summary>
    internal string Key => _bareName;

    private protected SqlType? DeclaredType => _declaredType;

    /// <inheritdoc/>
    public sealed override void ResetDbType()
    {
        _dbType = null;
        _dataTypeName = null;
        _declaredType = null;
    }

    /// <inheritdoc/>
    public override string ToString() => _name;

    /// <summary>The value as the engine takes it, and its type.</summary>
    internal virtual Value Bind(out SqlType type)
    {
        // What comes back is not what went out.
        object? value = _direction is ParameterDirection.Output or ParameterDirection.ReturnValue ? null : Value;
        try
        {
            if (_declaredType is { } declared)
            {
                type = declared;
                return ClrTypes.ToValue(value, declared);
            }

            return ClrTypes.ToValue(value, out type);
        }
        catch (Exception e) when (e is InvalidCastException or OverflowException or FormatException)
        {
            throw Unusable(value, e);
        }
    }

    /// <summary>Takes a value that a procedure gave; in the parameter's own type when it has one.</summary>
    internal virtual void Take(in Value value, SqlType type)
    {
        if (value.IsNull)
        {
            Value = DBNull.Value;
            return;
        }

        SqlType wanted = _declaredType is { } declared && declared.Kind != type.Kind && Casts.Find(type, declared) is not null ? declared : type;
        Vector vector = Vector.Create(wanted, 1);
        vector.SetValue(0, wanted == type ? value : Casts.Convert(value, type, wanted));
        object taken = ClrReader.ToObject(vector, 0);

        // A row version is a number or 8 bytes, as the caller says.
        Value = (taken, _dbType) switch
        {
            (ulong version, DbType.Binary) when wanted.Kind == SqlTypeKind.RowVersion => BigEndian(version),
            (ulong version, DbType.Int64) when wanted.Kind == SqlTypeKind.RowVersion => unchecked((long)version),
            _ => taken,
        };
    }

    private static byte[] BigEndian(ulong version)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, version);
        return bytes;
    }

    /// <summary>A new parameter with the same properties.</summary>
    internal virtual BareMetalParameter Clone()
    {
        BareMetalParameter clone = new();
        CopyTo(clone);
        clone.Value = Value;
        return clone;
    }

    internal static string BareName(string name)
        => name.Length > 0 && name[0] is '@' or ':' or '$' ? name[1..] : name;

    private protected void CopyTo(BareMetalParameter clone)
    {
        clone._name = _name;
        clone._bareName = _bareName;
        clone._dbType = _dbType;
        clone._dataTypeName = _dataTypeName;
        clone._declaredType = _declaredType;
        clone._size = _size;
        clone._direction = _direction;
        clone._sourceColumn = _sourceColumn;
        clone.IsNullable = IsNullable;
        clone.Precision = Precision;
        clone.Scale = Scale;
        clone.SourceColumnNullMapping = SourceColumnNullMapping;
        clone.SourceVersion = SourceVersion;
    }

    private protected virtual SqlType InferType() => ClrTypes.Infer(Value);

    private protected InvalidCastException Unusable(object? value, Exception cause) => new(
        $"The value of parameter '{_name}' ({value?.GetType().ToString() ?? "null"}) can't be given as {(_declaredType is null ? "a SQL type" : DataTypeNames.Format(_declaredType))}: {cause.Message}",
        cause);
}
