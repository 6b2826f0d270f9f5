using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using BareMetal.Data.BulkCopy;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql;

namespace BareMetal.Data;

/// <summary>
/// Copies many rows into a table from a reader, a <see cref="DataTable"/> or objects, optionally updating or leaving out those whose
/// key is there. Constraints, defaults and identities act as with INSERT. The copy is whole or not at all: it runs in the
/// connection's transaction, and without one in a transaction of its own, unless <see cref="CommitEachBatch"/> is set.
/// </summary>
/// <example>
/// <code>
/// BareMetalBulkCopy copy = new(connection) { DestinationTableName = "products", OnConflict = BareMetalBulkConflict.Update };
/// long rows = await copy.WriteToServerAsync(products, cancellationToken);
/// </code>
/// </example>
/// <param name="connection">An open connection.</param>
public sealed class BareMetalBulkCopy(BareMetalConnection connection)
{
    private readonly BareMetalConnection _connection = connection ?? throw new ArgumentNullException(nameof(connection));
    private int _batchSize = 4096;
    private int _timeout;
    private int _notifyAfter;
    private long _nextNotice;

    /// <summary>The table, with or without its schema, quoted or not.</summary>
    public string DestinationTableName { get; set; } = "";

    /// <summary>
    /// Which values go where. Empty: every column of the source goes to the column of its name; without a namesake in the table it is an
    /// error for readers, while objects may have more properties than the table has columns.
    /// </summary>
    public IList<BareMetalBulkCopyColumn> ColumnMappings { get; } = [];

    /// <summary>What happens to rows whose key is there. The default fails.</summary>
    public BareMetalBulkConflict OnConflict { get; set; }

    /// <summary>The columns of the unique key that <see cref="OnConflict"/> looks at; null (the default) for the primary key.</summary>
    public IReadOnlyList<string>? KeyColumns { get; set; }

    /// <summary>Rows that are written by one statement; 4096 unless set. What is held in memory at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public int BatchSize
    {
        get => _batchSize;
        set => _batchSize = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A batch has at least one row.");
    }

    /// <summary>Commits after each batch, so that a failure leaves the batches before it. Not possible inside a transaction. False unless set.</summary>
    public bool CommitEachBatch { get; set; }

    /// <summary>Seconds that the statement of each batch may run; 0, the default, is no limit.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int BulkCopyTimeout
    {
        get => _timeout;
        set => _timeout = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A timeout is 0 (no limit) or more, in seconds.");
    }

    /// <summary>Told the number of rows written so far, after batches, on the copying thread.</summary>
    public IProgress<long>? Progress { get; set; }

    /// <summary>Rows between two reports of <see cref="Progress"/>; 0, the default, reports after every batch.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int NotifyAfter
    {
        get => _notifyAfter;
        set => _notifyAfter = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The number of rows is 0 (every batch) or more.");
    }

    /// <summary>Copies the rows that a reader has left.</summary>
    /// <returns>How many rows were inserted or updated.</returns>
    /// <exception cref="BareMetalException">A value or a row can't be written; the message names the row or the constraint. Nothing of this copy remains.</exception>
    public long WriteToServer(IDataReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        (BulkTarget target, int[] ordinals) = Match(Names(reader));
        ReaderRow row = new(reader, ordinals);
        return Run(target, batch =>
        {
            while (!batch.IsFull && reader.Read())
                batch.Add(row);
        });
    }

    /// <summary>Copies the rows that a reader has left.</summary>
    /// <inheritdoc cref="WriteToServer(IDataReader)"/>
    public Task<long> WriteToServerAsync(DbDataReader reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        (BulkTarget target, int[] ordinals) = Match(Names(reader));
        ReaderRow row = new(reader, ordinals);
        return RunAsync(
            target,
            async batch =>
            {
                while (!batch.IsFull && await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    batch.Add(row);
            },
            cancellationToken);
    }

    /// <summary>Copies the rows of a table that are not deleted.</summary>
    /// <inheritdoc cref="WriteToServer(IDataReader)"/>
    public long WriteToServer(DataTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        using DataTableReader reader = table.CreateDataReader();
        return WriteToServer(reader);
    }

    /// <summary>Copies objects; their public properties are the values.</summary>
    /// <inheritdoc cref="WriteToServer(IDataReader)"/>
    public long WriteToServer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(IEnumerable<T> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (BulkTarget target, ObjectRow row) = MatchProperties(typeof(T));
        using IEnumerator<T> source = rows.GetEnumerator();
        return Run(target, batch =>
        {
            while (!batch.IsFull && source.MoveNext())
                Add(batch, row, source.Current);
        });
    }

    /// <summary>Copies objects; their public properties are the values.</summary>
    /// <inheritdoc cref="WriteToServer(IDataReader)"/>
    public async Task<long> WriteToServerAsync<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        IEnumerable<T> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (BulkTarget target, ObjectRow row) = MatchProperties(typeof(T));
        using IEnumerator<T> source = rows.GetEnumerator();
        return await RunAsync(
            target,
            batch =>
            {
                while (!batch.IsFull && source.MoveNext())
                    Add(batch, row, source.Current);
                return default;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies objects as they arrive; their public properties are the values.</summary>
    /// <inheritdoc cref="WriteToServer(IDataReader)"/>
    public async Task<long> WriteToServerAsync<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        IAsyncEnumerable<T> rows, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        (BulkTarget target, ObjectRow row) = MatchProperties(typeof(T));
        await using ConfiguredCancelableAsyncEnumerable<T>.Enumerator source = rows.ConfigureAwait(false).WithCancellation(cancellationToken).GetAsyncEnumerator();
        return await RunAsync(
            target,
            async batch =>
            {
                while (!batch.IsFull && await source.MoveNextAsync())
                    Add(batch, row, source.Current);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static void Add(BulkBatch batch, ObjectRow row, object? item)
    {
        row.Current = item ?? throw new ArgumentException("A row of the bulk copy is null.", "rows");
        batch.Add(row);
    }

    private static List<string> Names(IDataReader reader)
    {
        List<string> names = new(reader.FieldCount);
        for (int i = 0; i < reader.FieldCount; i++)
            names.Add(reader.GetName(i));
        return names;
    }

    private (BulkTarget Target, int[] Ordinals) Match(List<string> names)
    {
        if (ColumnMappings.Count == 0)
            return (Target(names), [.. Enumerable.Range(0, names.Count)]);
        int[] ordinals = new int[ColumnMappings.Count];
        for (int i = 0; i < ordinals.Length; i++)
        {
            BareMetalBulkCopyColumn mapping = ColumnMappings[i];
            ordinals[i] = mapping.Source is null ? mapping.SourceOrdinal : names.FindIndex(n => string.Equals(n, mapping.Source, StringComparison.OrdinalIgnoreCase));
            if (ordinals[i] < 0 || ordinals[i] >= names.Count)
                throw Missing(mapping, names);
        }

        return (Target([.. ColumnMappings.Select(m => m.Destination)]), ordinals);
    }

    private (BulkTarget Target, ObjectRow Row) MatchProperties([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] Type type)
    {
        List<PropertyInfo> readable = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.CanRead && p.GetIndexParameters().Length == 0)];
        if (ColumnMappings.Count > 0)
        {
            (BulkTarget mapped, int[] ordinals) = Match(readable.ConvertAll(p => p.Name));
            return (mapped, new ObjectRow([.. ordinals.Select(o => readable[o])]));
        }

        BulkTarget all = Target(null);
        readable.RemoveAll(p => all.Table.FindColumn(p.Name) is null or { GeneratedSql: not null });
        return readable.Count == 0
            ? throw new InvalidOperationException($"{type} has no property with the name of a column of \"{all.Table.Name}\". Add {nameof(ColumnMappings)}.")
            : (Target(readable.ConvertAll(p => p.Name)), new ObjectRow([.. readable]));
    }

    private static InvalidOperationException Missing(BareMetalBulkCopyColumn mapping, List<string> names)
    {
        string? near = mapping.Source is null ? null : NameSuggestion.Nearest(mapping.Source, names);
        return new($"The source has no column {(mapping.Source is null ? mapping.SourceOrdinal : $"'{mapping.Source}'")}{(near is null ? "" : $" (did you mean '{near}'?)")}; it has {string.Join(", ", names)}.");
    }

    private BulkTarget Target(IReadOnlyList<string>? columns) => new(_connection, DestinationTableName, columns, OnConflict, KeyColumns);

    private long Run(BulkTarget target, Action<BulkBatch> fill)
    {
        bool own = BeginOwn();
        try
        {
            BulkBatch batch = new(target, _batchSize);
            long written = 0;
            while (true)
            {
                fill(batch);
                if (batch.Count > 0)
                {
                    using CommandExecution execution = target.Begin(batch.Columns, batch.Count, TimeSpan.FromSeconds(_timeout), default);
                    written += Affected(execution, execution.NextResult());
                    execution.NextResult();
                }

                if (!batch.IsFull)
                    break;
                Report(written);
                batch.Clear();
            }

            if (own)
                _connection.Session.Commit();
            own = false;
            Report(written, last: true);
            return written;
        }
        finally
        {
            if (own && _connection.SessionOrNull is { InTransaction: true } session)
                session.Rollback();
        }
    }

    private async Task<long> RunAsync(BulkTarget target, Func<BulkBatch, ValueTask> fill, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        bool own = BeginOwn();
        try
        {
            BulkBatch batch = new(target, _batchSize);
            long written = 0;
            while (true)
            {
                await fill(batch).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                if (batch.Count > 0)
                {
                    using CommandExecution execution = target.Begin(batch.Columns, batch.Count, TimeSpan.FromSeconds(_timeout), cancellationToken);
                    written += Affected(execution, await execution.NextResultAsync(cancellationToken).ConfigureAwait(false));
                    await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
                }

                if (!batch.IsFull)
                    break;
                Report(written);
                batch.Clear();
            }

            if (own)
                await _connection.Session.CommitAsync(cancellationToken).ConfigureAwait(false);
            own = false;
            Report(written, last: true);
            return written;
        }
        finally
        {
            if (own && _connection.SessionOrNull is { InTransaction: true } session)
                session.Rollback();
        }
    }

    /// <summary>Begins a transaction when there is none and the copy is to be one.</summary>
    private bool BeginOwn()
    {
        _nextNotice = _notifyAfter;
        Session session = _connection.Session;
        if (session.InTransaction)
        {
            return CommitEachBatch
                ? throw new InvalidOperationException($"{nameof(CommitEachBatch)} is not possible inside a transaction.")
                : false;
        }

        if (CommitEachBatch)
            return false;
        session.BeginTransaction();
        return true;
    }

    private static long Affected(CommandExecution execution, bool any) => any ? Math.Max(execution.RowsAffected, 0) : 0;

    private void Report(long written, bool last = false)
    {
        if (Progress is null || (!last && written < _nextNotice))
            return;
        Progress.Report(written);
        _nextNotice = written + _notifyAfter;
    }
}
