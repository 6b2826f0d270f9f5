using System.Collections;
using System.Collections.ObjectModel;
using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using BareMetal.Data.Sessions;
using BareMetal.Data.Types;
using BareMetal.Data.Values;

namespace BareMetal.Data;

/// <summary>
/// Reads the results of a command, row by row. Typed getters take the column's own type only and read the engine's vectors without
/// boxing; <see cref="GetFieldValue{T}"/> also gives nullable, enum, stream and memory forms. Columns may be read in any order and
/// more than once. Closing runs the statements that were not reached.
/// </summary>
public sealed class BareMetalDataReader : DbDataReader, IDbColumnSchemaGenerator
{
    private readonly BareMetalConnection _connection;
    private readonly CommandBehavior _behavior;
    private readonly CancellationToken _token;
    private readonly BareMetalBatch? _batch;
    private readonly CommandUnit? _unit;
    private readonly Value[] _values = [];
    private readonly bool _single;
    private CommandExecution? _execution;
    private IReadOnlyList<ResultColumn> _columns = [];
    private Vector[] _vectors = [];
    private int _row = -1;
    private int _count;
    private bool _rowsEnded = true;
    private bool? _hasRows;
    private bool _closed;
    private bool _failed;
    private int _results;
    private long _affected = -1;
    private int _fieldCount;
    private ReadOnlyCollection<DbColumn>? _schema;

    internal BareMetalDataReader(BareMetalConnection connection, CommandBehavior behavior, CancellationToken token, CommandUnit unit, Value[] values, CommandExecution execution, bool single)
    {
        _connection = connection;
        _behavior = behavior;
        _token = token;
        _unit = unit;
        _values = values;
        _execution = execution;
        _single = single;
        connection.AddReader(this);
    }

    internal BareMetalDataReader(BareMetalConnection connection, CommandBehavior behavior, CancellationToken token, BareMetalBatch batch)
    {
        _connection = connection;
        _behavior = behavior;
        _token = token;
        _batch = batch;
        connection.AddReader(this);
    }

    /// <summary>0: results are not nested.</summary>
    public override int Depth => _closed ? throw ReaderClosed() : 0;

    /// <inheritdoc/>
    public override int FieldCount => _closed ? throw ReaderClosed() : _fieldCount;

    /// <inheritdoc/>
    public override int VisibleFieldCount => FieldCount;

    /// <summary>Whether the current result has a row, read or not.</summary>
    public override bool HasRows
    {
        get
        {
            if (_closed)
                throw ReaderClosed();
            if (_hasRows is null)
            {
                Fetch();
                _hasRows = _count > 0;
            }

            return _hasRows.Value;
        }
    }

    /// <inheritdoc/>
    public override bool IsClosed => _closed;

    /// <summary>Rows that INSERT, UPDATE and DELETE changed, summed over the statements that have run; −1 when there was none. Final once closed.</summary>
    public override int RecordsAffected => BareMetalCommand.Clamp(_affected);

    internal BareMetalDataReader? NextOpen { get; set; }

    internal BareMetalDataReader? PreviousOpen { get; set; }

    /// <inheritdoc/>
    public override object this[int ordinal] => GetValue(ordinal);

    /// <inheritdoc/>
    public override object this[string name] => GetValue(GetOrdinal(name));

    /// <inheritdoc/>
    public override bool Read()
    {
        int next = _row + 1;
        if (next < _count)
        {
            _row = next;
            return true;
        }

        return ReadNextBatch();
    }

    /// <inheritdoc/>
    public override Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<bool>(cancellationToken);
        int next = _row + 1;
        if (next < _count)
        {
            _row = next;
            return Task.FromResult(true);
        }

        try
        {
            using CancellationTokenRegistration registration = CancelOn(cancellationToken);
            return Task.FromResult(ReadNextBatch());
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.QueryCanceled && cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<bool>(cancellationToken);
        }
        catch (OperationCanceledException e) when (e.CancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<bool>(e.CancellationToken);
        }
        catch (Exception e)
        {
            return Task.FromException<bool>(e);
        }
    }

    /// <inheritdoc/>
    public override bool NextResult()
    {
        if (_closed)
            throw ReaderClosed();
        return Advance();
    }

    /// <inheritdoc/>
    public override async Task<bool> NextResultAsync(CancellationToken cancellationToken)
    {
        if (_closed)
            throw ReaderClosed();
        cancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenRegistration registration = CancelOn(cancellationToken);
        try
        {
            return await AdvanceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BareMetalException e) when (e.SqlState == SqlStates.QueryCanceled && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The command was cancelled.", e, cancellationToken);
        }
    }

    /// <summary>Closes the reader. Statements of the command that were not reached are run.</summary>
    public override void Close()
    {
        if (_closed)
            return;
        try
        {
            if (MustRunRest)
            {
                while (Advance())
                {
                }
            }
        }
        finally
        {
            End(closeConnection: true);
        }
    }

    /// <inheritdoc/>
    public override async Task CloseAsync()
    {
        if (_closed)
            return;
        try
        {
            if (MustRunRest)
            {
                while (await AdvanceAsync(default).ConfigureAwait(false))
                {
                }
            }
        }
        finally
        {
            End(closeConnection: true);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await CloseAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override bool IsDBNull(int ordinal)
    {
        Vector vector = Field(ordinal);
        return vector.HasNulls && vector.Nulls[_row * vector.Stride];
    }

    /// <inheritdoc/>
    public override bool GetBoolean(int ordinal) => Get<bool>(ordinal, SqlTypeKind.Boolean);

    /// <inheritdoc/>
    public override byte GetByte(int ordinal) => Get<byte>(ordinal, SqlTypeKind.UTinyInt);

    /// <inheritdoc/>
    public override short GetInt16(int ordinal) => Get<short>(ordinal, SqlTypeKind.SmallInt);

    /// <inheritdoc/>
    public override int GetInt32(int ordinal) => Get<int>(ordinal, SqlTypeKind.Integer);

    /// <inheritdoc/>
    public override long GetInt64(int ordinal) => Get<long>(ordinal, SqlTypeKind.BigInt);

    /// <inheritdoc/>
    public override float GetFloat(int ordinal) => Get<float>(ordinal, SqlTypeKind.Real);

    /// <inheritdoc/>
    public override double GetDouble(int ordinal) => Get<double>(ordinal, SqlTypeKind.Double);

    /// <inheritdoc/>
    public override decimal GetDecimal(int ordinal) => Get<decimal>(ordinal, SqlTypeKind.Decimal);

    /// <inheritdoc/>
    public override Guid GetGuid(int ordinal) => Get<Guid>(ordinal, SqlTypeKind.Uuid);

    /// <summary>The value of a timestamp (no kind) or timestamptz (UTC) column.</summary>
    public override DateTime GetDateTime(int ordinal)
    {
        Vector vector = Field(ordinal);
        return vector.Type.Kind == SqlTypeKind.TimestampTz
            ? new DateTime(Read<long>(vector, ordinal), DateTimeKind.Utc)
            : new DateTime(Get<long>(ordinal, SqlTypeKind.Timestamp));
    }

    /// <summary>The value of a datetimeoffset column, or of a timestamptz column with offset zero.</summary>
    public DateTimeOffset GetDateTimeOffset(int ordinal)
    {
        Vector vector = Field(ordinal);
        return vector.Type.Kind == SqlTypeKind.TimestampTz
            ? new DateTimeOffset(Read<long>(vector, ordinal), TimeSpan.Zero)
            : ClrReader.ToDateTimeOffset(Get<OffsetInstant>(ordinal, SqlTypeKind.DateTimeOffset));
    }

    /// <summary>The value of a date column.</summary>
    public DateOnly GetDateOnly(int ordinal) => DateOnly.FromDayNumber(Get<int>(ordinal, SqlTypeKind.Date));

    /// <summary>The value of a time column.</summary>
    public TimeOnly GetTimeOnly(int ordinal) => new(Get<long>(ordinal, SqlTypeKind.Time));

    /// <summary>The value of a timespan column.</summary>
    public TimeSpan GetTimeSpan(int ordinal) => new(Get<long>(ordinal, SqlTypeKind.TimeSpan));

    /// <summary>The value of a text, json or jsonb column.</summary>
    public override string GetString(int ordinal)
    {
        Vector vector = Field(ordinal);
        if (!ClrReader.IsText(vector.Type.Kind))
            throw WrongType(ordinal, typeof(string));
        return Encoding.UTF8.GetString(Read<ByteSlice>(vector, ordinal).Span);
    }

    /// <summary>The value of a text column that is one UTF-16 unit long.</summary>
    public override char GetChar(int ordinal)
    {
        string text = GetString(ordinal);
        return text.Length == 1 ? text[0] : throw new InvalidCastException($"Column '{GetName(ordinal)}' holds a text of {text.Length} characters, not one.");
    }

    /// <summary>Copies bytes of a bytea column. With a null buffer: how many bytes there are.</summary>
    public override long GetBytes(int ordinal, long dataOffset, byte[]? buffer, int bufferOffset, int length)
    {
        Vector vector = Field(ordinal);
        if (vector.Type.Kind != SqlTypeKind.Bytea && !ClrReader.IsText(vector.Type.Kind))
            throw WrongType(ordinal, typeof(byte[]));
        return Copy(Read<ByteSlice>(vector, ordinal).Span, dataOffset, buffer, bufferOffset, length);
    }

    /// <summary>Copies characters of a text column. With a null buffer: how many characters there are.</summary>
    public override long GetChars(int ordinal, long dataOffset, char[]? buffer, int bufferOffset, int length)
        => Copy<char>(GetString(ordinal), dataOffset, buffer, bufferOffset, length);

    /// <summary>The bytes of a bytea column, or the UTF-8 bytes of a text column, as a stream that outlives the row.</summary>
    public override Stream GetStream(int ordinal)
    {
        if (IsDBNull(ordinal))
            ThrowNull(ordinal);
        return GetOther<MemoryStream>(ordinal);
    }

    /// <summary>The text of a text column as a reader that outlives the row.</summary>
    public override TextReader GetTextReader(int ordinal) => new StringReader(GetString(ordinal));

    /// <inheritdoc/>
    public override object GetValue(int ordinal)
    {
        Vector vector = Field(ordinal);
        return vector.IsNull(_row) ? DBNull.Value : ClrReader.ToObject(vector, _row);
    }

    /// <inheritdoc/>
    public override int GetValues(object[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        int count = Math.Min(values.Length, FieldCount);
        for (int i = 0; i < count; i++)
            values[i] = GetValue(i);
        return count;
    }

    /// <summary>
    /// The value as a type: the column's own, its nullable form, an enum over its integer, <see cref="Stream"/>, <see cref="MemoryStream"/>,
    /// <see cref="Memory{T}"/> of bytes, <see cref="TextReader"/>, arrays and lists, JSON documents. Null gives null where the type has it.
    /// </summary>
    /// <exception cref="InvalidCastException">The column is of another type, or null and the type has no null.</exception>
    public override T GetFieldValue<T>(int ordinal)
    {
        if (typeof(T) == typeof(int))
            return As<int, T>(GetInt32(ordinal));
        if (typeof(T) == typeof(long))
        {
            Vector vector = Field(ordinal);
            return vector.Type.Kind == SqlTypeKind.RowVersion
                ? As<long, T>(unchecked((long)Read<ulong>(vector, ordinal)))
                : As<long, T>(GetInt64(ordinal));
        }

        if (typeof(T) == typeof(string) && !IsDBNull(ordinal))
            return (T)(object)GetString(ordinal);
        if (typeof(T) == typeof(bool))
            return As<bool, T>(GetBoolean(ordinal));
        if (typeof(T) == typeof(decimal))
            return As<decimal, T>(GetDecimal(ordinal));
        if (typeof(T) == typeof(double))
            return As<double, T>(GetDouble(ordinal));
        if (typeof(T) == typeof(float))
            return As<float, T>(GetFloat(ordinal));
        if (typeof(T) == typeof(Guid))
            return As<Guid, T>(GetGuid(ordinal));
        if (typeof(T) == typeof(short))
            return As<short, T>(GetInt16(ordinal));
        if (typeof(T) == typeof(byte))
            return As<byte, T>(GetByte(ordinal));
        if (typeof(T) == typeof(sbyte))
            return As<sbyte, T>(Get<sbyte>(ordinal, SqlTypeKind.TinyInt));
        if (typeof(T) == typeof(ushort))
            return As<ushort, T>(Get<ushort>(ordinal, SqlTypeKind.USmallInt));
        if (typeof(T) == typeof(uint))
            return As<uint, T>(Get<uint>(ordinal, SqlTypeKind.UInteger));
        if (typeof(T) == typeof(ulong))
        {
            Vector vector = Field(ordinal);
            return As<ulong, T>(vector.Type.Kind == SqlTypeKind.RowVersion ? Read<ulong>(vector, ordinal) : Get<ulong>(ordinal, SqlTypeKind.UBigInt));
        }

        if (typeof(T) == typeof(DateTime) && Field(ordinal).Type.Kind != SqlTypeKind.Date)
            return As<DateTime, T>(GetDateTime(ordinal));
        if (typeof(T) == typeof(DateTimeOffset))
            return As<DateTimeOffset, T>(GetDateTimeOffset(ordinal));
        if (typeof(T) == typeof(DateOnly))
            return As<DateOnly, T>(GetDateOnly(ordinal));
        if (typeof(T) == typeof(TimeOnly))
            return As<TimeOnly, T>(GetTimeOnly(ordinal));
        return GetOther<T>(ordinal);
    }

    /// <inheritdoc/>
    public override string GetName(int ordinal) => Column(ordinal).Name;

    /// <summary>The SQL name of the column's type.</summary>
    public override string GetDataTypeName(int ordinal) => DataTypeNames.Format(Column(ordinal).Type);

    /// <summary>The type of what <see cref="GetValue"/> gives.</summary>
    [return: DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicFields | DynamicallyAccessedMemberTypes.PublicProperties)]
    public override Type GetFieldType(int ordinal) => ClrTypes.TypeOf(Column(ordinal).Type);

    /// <summary>The position of a column's name: spelled exactly so, else without regard to case.</summary>
    /// <exception cref="IndexOutOfRangeException">No column has this name.</exception>
    public override int GetOrdinal(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_closed)
            throw ReaderClosed();
        for (int i = 0; i < _columns.Count; i++)
        {
            if (_columns[i].Name == name)
                return i;
        }

        for (int i = 0; i < _columns.Count; i++)
        {
            if (string.Equals(_columns[i].Name, name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        throw new IndexOutOfRangeException($"The result has no column '{name}'. It has: {string.Join(", ", _columns.Select(c => c.Name))}.");
    }

    /// <inheritdoc/>
    public override IEnumerator GetEnumerator() => new DbEnumerator(this, closeReader: (_behavior & CommandBehavior.CloseConnection) != 0);

    /// <summary>What is known of the result's columns: type, nullability, origin, keys.</summary>
    public ReadOnlyCollection<DbColumn> GetColumnSchema()
    {
        if (_closed)
            throw ReaderClosed();
        if (_schema is null)
        {
            DbColumn[] columns = new DbColumn[_columns.Count];
            for (int i = 0; i < columns.Length; i++)
                columns[i] = new BareMetalDbColumn(_columns[i], i);
            _schema = new ReadOnlyCollection<DbColumn>(columns);
        }

        return _schema;
    }

    /// <inheritdoc/>
    public override Task<ReadOnlyCollection<DbColumn>> GetColumnSchemaAsync(CancellationToken cancellationToken = default)
        => cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<ReadOnlyCollection<DbColumn>>(cancellationToken)
            : Task.FromResult(GetColumnSchema());

    /// <summary>The columns as a table, a row for each; null when the statement gives no rows.</summary>
    public override DataTable? GetSchemaTable()
        => FieldCount == 0 ? null : SchemaCollections.ResultSchema(GetColumnSchema());

    /// <summary>Runs to the first result; closes itself when that fails.</summary>
    internal void Start()
    {
        try
        {
            Advance();
        }
        catch
        {
            End(closeConnection: true);
            throw;
        }
    }

    /// <summary>Runs to the first result; closes itself when that fails.</summary>
    internal async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AdvanceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            End(closeConnection: true);
            throw;
        }
    }

    /// <summary>The connection closes: the reader does too, without running anything more.</summary>
    internal void Abandon() => End(closeConnection: false);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Close();
        base.Dispose(disposing);
    }

    // A command of one statement has nothing left once its first result is there.
    private bool MustRunRest => !_failed && !_single && (_execution is not null || _batch is not null) && (_behavior & CommandBehavior.SchemaOnly) == 0;

    private static InvalidOperationException ReaderClosed() => new("The reader is closed.");

    private static TTo As<TFrom, TTo>(TFrom value) => Unsafe.As<TFrom, TTo>(ref value);

    private static long Copy<T>(ReadOnlySpan<T> data, long offset, T[]? buffer, int bufferOffset, int length)
    {
        if (buffer is null)
            return data.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (bufferOffset < 0 || bufferOffset > buffer.Length)
            throw new ArgumentOutOfRangeException(nameof(bufferOffset), bufferOffset, "The offset lies outside the buffer.");
        if (offset >= data.Length)
            return 0;
        int count = (int)Math.Min(Math.Min(length, buffer.Length - bufferOffset), data.Length - offset);
        data.Slice((int)offset, count).CopyTo(buffer.AsSpan(bufferOffset));
        return count;
    }

    private CancellationTokenRegistration CancelOn(CancellationToken cancellationToken)
        => cancellationToken.CanBeCanceled && cancellationToken != _token && _connection.SessionOrNull is { } session
            ? cancellationToken.UnsafeRegister(static state => ((Session)state!).Cancel(), session)
            : default;

    private bool ReadNextBatch()
    {
        if (_closed)
            throw ReaderClosed();
        Fetch();
        _hasRows ??= _count > 0;
        if (_count == 0)
            return false;
        _row = 0;
        return true;
    }

    /// <summary>Gets the next batch and stands before its first row.</summary>
    private void Fetch()
    {
        _row = -1;
        _count = 0;
        if (_rowsEnded)
            return;
        try
        {
            while (_execution!.NextBatch())
            {
                Batch batch = _execution.Current;
                if (batch.Count == 0)
                    continue;
                _vectors = batch.Columns;
                _count = batch.Count;
                if ((_behavior & CommandBehavior.SingleRow) != 0)
                {
                    _count = 1;
                    _rowsEnded = true;
                }

                return;
            }

            _rowsEnded = true;
        }
        catch
        {
            _failed = true;
            _rowsEnded = true;
            throw;
        }
    }

    private bool Advance()
    {
        Forget();
        try
        {
            while (true)
            {
                if (_execution is null)
                {
                    if (_batch is null)
                        return false;
                    _execution = _batch.BeginNext(_behavior, _token);
                    if (_execution is null)
                    {
                        _batch.Complete();
                        return false;
                    }
                }

                if (!_execution.NextResult())
                    EndExecution();
                else if (Accept())
                    return true;
            }
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }
    }

    private async ValueTask<bool> AdvanceAsync(CancellationToken cancellationToken)
    {
        Forget();
        try
        {
            while (true)
            {
                if (_execution is null)
                {
                    if (_batch is null)
                        return false;
                    _execution = _batch.BeginNext(_behavior, _token);
                    if (_execution is null)
                    {
                        await _batch.CompleteAsync(cancellationToken).ConfigureAwait(false);
                        return false;
                    }
                }

                if (!await _execution.NextResultAsync(cancellationToken).ConfigureAwait(false))
                    EndExecution();
                else if (Accept())
                    return true;
            }
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }
    }

    private void Fail(Exception e)
    {
        _failed = true;
        if (_batch is not null && e is BareMetalException error)
            error.FailedCommand = _batch.Current;
    }

    /// <summary>Takes note of a statement that has run; true when its rows are the next result.</summary>
    private bool Accept()
    {
        CommandExecution execution = _execution!;
        if (execution.Outputs.Count > 0)
            (_unit ?? _batch?.Current?.Unit)?.TakeOutputs(execution);
        long affected = execution.RowsAffected;
        if (affected >= 0)
        {
            _affected = Math.Max(_affected, 0) + affected;
            _batch?.Affected(affected);
        }

        if (!execution.HasRows)
            return false;
        if (_results > 0 && (_behavior & (CommandBehavior.SingleResult | CommandBehavior.SingleRow)) != 0)
        {
            while (execution.NextBatch())
            {
            }

            return false;
        }

        _results++;
        _columns = execution.Columns;
        _fieldCount = _columns.Count;
        _rowsEnded = (_behavior & CommandBehavior.SchemaOnly) != 0;
        _hasRows = null;
        return true;
    }

    private void Forget()
    {
        _row = -1;
        _count = 0;
        _fieldCount = 0;
        _columns = [];
        _vectors = [];
        _rowsEnded = true;
        _hasRows = false;
        _schema = null;
    }

    private void EndExecution()
    {
        _execution?.Dispose();
        _execution = null;
        _unit?.Release(_values);
        _batch?.Release();
    }

    private void End(bool closeConnection)
    {
        if (_closed)
            return;
        Forget();
        _closed = true;
        try
        {
            EndExecution();
            _batch?.Abandon();
        }
        finally
        {
            _connection.RemoveReader(this);
            if (closeConnection && (_behavior & CommandBehavior.CloseConnection) != 0)
                _connection.Close();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector Field(int ordinal)
    {
        Vector[] vectors = _vectors;
        if ((uint)_row >= (uint)_count || (uint)ordinal >= (uint)vectors.Length)
            ThrowNoField(ordinal);
        return vectors[ordinal];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Get<T>(int ordinal, SqlTypeKind kind)
    {
        Vector vector = Field(ordinal);
        if (vector.Type.Kind != kind)
            throw WrongType(ordinal, typeof(T));
        return Read<T>(vector, ordinal);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private T Read<T>(Vector vector, int ordinal)
    {
        Debug.Assert(vector is Vector<T>, "The physical type follows from the column's type.");
        Vector<T> typed = Unsafe.As<Vector<T>>(vector);
        int index = _row * typed.Stride;
        if (typed.HasNulls && typed.Nulls[index])
            ThrowNull(ordinal);
        return typed.Data[index];
    }

    private T GetOther<T>(int ordinal)
    {
        Vector vector = Field(ordinal);
        if (vector.IsNull(_row))
        {
            if (typeof(T) == typeof(object) || typeof(T) == typeof(DBNull))
                return (T)(object)DBNull.Value;
            if (default(T) is null)
                return default!;
            ThrowNull(ordinal);
        }

        return ClrReader.TryGet(vector, _row, out T value) ? value : throw WrongType(ordinal, typeof(T));
    }

    private ResultColumn Column(int ordinal)
    {
        if (_closed)
            throw ReaderClosed();
        if ((uint)ordinal >= (uint)_fieldCount)
            throw new IndexOutOfRangeException($"Column {ordinal} does not exist: the result has {_fieldCount}, from 0.");
        return _columns[ordinal];
    }

    [DoesNotReturn]
    private void ThrowNoField(int ordinal)
    {
        Column(ordinal);
        throw new InvalidOperationException("There is no current row: Read has not been called, or gave false.");
    }

    [DoesNotReturn]
    private void ThrowNull(int ordinal)
        => throw new InvalidCastException($"Column '{GetName(ordinal)}' is null in this row. Ask IsDBNull first, or read a nullable type.");

    private InvalidCastException WrongType(int ordinal, Type wanted) => new(
        $"Column '{GetName(ordinal)}' is of type {GetDataTypeName(ordinal)} ({GetFieldType(ordinal)}) and is not read as {wanted}. Cast it in the SQL, or read it as its own type and convert.");
}
