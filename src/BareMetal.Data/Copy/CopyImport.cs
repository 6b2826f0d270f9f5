using BareMetal.Data.BulkCopy;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data.Copy;

/// <summary>
/// COPY FROM STDIN on a connection: rows are written batch by batch, all of them or none. Without a transaction it has one of its own, otherwise a savepoint.
/// </summary>
internal sealed class CopyImport
{
    private const string SavepointName = "copy from stdin";

    private readonly BareMetalConnection _connection;
    private readonly CopyStatement _statement;
    private readonly BulkTarget _target;
    private readonly CopyBatch _batch;
    private readonly CopyReader _reader;
    private readonly IProgress<long>? _progress;
    private readonly bool _ownsTransaction;
    private bool _isOpen = true;

    public CopyImport(BareMetalConnection connection, CopyStatement statement, IProgress<long>? progress)
    {
        _connection = connection;
        _statement = statement;
        _progress = progress;
        Session session = connection.Session;
        _target = CopyPlan.Target(statement, session, session.Catalog);
        _batch = new CopyBatch(_target, session.Settings.TimeZone);
        _reader = CopyPlan.Reader(statement, _batch);
        _ownsTransaction = !session.InTransaction;
        if (_ownsTransaction)
            session.BeginTransaction();
        else
            session.CreateSavepoint(SavepointName);
    }

    /// <summary>Rows written so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Whether it can go on: nothing has failed and it has not ended.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Takes data in; a failure undoes everything.</summary>
    public void Feed(ReadOnlySpan<byte> data)
    {
        EnsureOpen();
        try
        {
            while (data.Length > 0)
            {
                data = data[_reader.Read(data)..];
                if (_batch.IsFull)
                    Flush();
            }
        }
        catch
        {
            Abort();
            throw;
        }
    }

    /// <inheritdoc cref="Feed"/>
    public async ValueTask FeedAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        EnsureOpen();
        try
        {
            while (data.Length > 0)
            {
                data = data[_reader.Read(data.Span)..];
                if (_batch.IsFull)
                    await FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            Abort();
            throw;
        }
    }

    /// <summary>Writes what is left and ends it.</summary>
    public long Complete()
    {
        EnsureOpen();
        try
        {
            _reader.Finish();
            Flush();
            _isOpen = false;
            if (_ownsTransaction)
                _connection.Session.Commit();
            else
                _connection.Session.ReleaseSavepoint(SavepointName);
            _progress?.Report(Rows);
            return Rows;
        }
        catch
        {
            Abort();
            throw;
        }
    }

    /// <inheritdoc cref="Complete"/>
    public async ValueTask<long> CompleteAsync(CancellationToken cancellationToken)
    {
        EnsureOpen();
        try
        {
            _reader.Finish();
            await FlushAsync(cancellationToken).ConfigureAwait(false);
            _isOpen = false;
            if (_ownsTransaction)
                await _connection.Session.CommitAsync(cancellationToken).ConfigureAwait(false);
            else
                _connection.Session.ReleaseSavepoint(SavepointName);
            _progress?.Report(Rows);
            return Rows;
        }
        catch
        {
            Abort();
            throw;
        }
    }

    /// <summary>Ends it and undoes what was written. Doing so twice is allowed.</summary>
    public void Abort()
    {
        if (!_isOpen)
            return;
        _isOpen = false;
        if (_connection.SessionOrNull is not { InTransaction: true } session)
            return;
        if (_ownsTransaction)
        {
            session.Rollback();
            return;
        }

        // After a serialization failure the transaction can only be rolled back, and its owner will.
        if (session.Transaction is { HasFailed: true })
            return;
        session.RollbackToSavepoint(SavepointName);
        session.ReleaseSavepoint(SavepointName);
    }

    /// <summary>The error of a batch with the line that caused it, as far as that is known.</summary>
    public static BareMetalException Explain(BareMetalException e, CopyBatch batch, CopyStatement statement)
    {
        // Behind a condition the rows are no longer those of the batch.
        if (e.Row >= 1 && e.Row <= batch.Count && statement.WhereText is null)
            return CopyErrors.Row(batch.Table, batch.Lines[e.Row - 1], e);

        // A place in the statement that writes is none in the user's text.
        return e.Position > 0 ? e.WithPosition(0, 0, 0) : e;
    }

    private void Flush()
    {
        if (_batch.Count == 0)
            return;
        try
        {
            using CommandExecution execution = _target.Begin(_batch.Columns, _batch.Count, TimeSpan.Zero, default);
            Rows += Affected(execution, execution.NextResult());
            execution.NextResult();
        }
        catch (BareMetalException e)
        {
            throw Explain(e, _batch, _statement);
        }

        _batch.Clear();
        _progress?.Report(Rows);
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_batch.Count == 0)
            return;
        try
        {
            using CommandExecution execution = _target.Begin(_batch.Columns, _batch.Count, TimeSpan.Zero, cancellationToken);
            Rows += Affected(execution, await execution.NextResultAsync(cancellationToken).ConfigureAwait(false));
            await execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (BareMetalException e)
        {
            throw Explain(e, _batch, _statement);
        }

        _batch.Clear();
        _progress?.Report(Rows);
    }

    private static long Affected(CommandExecution execution, bool any) => any ? Math.Max(execution.RowsAffected, 0) : 0;

    private void EnsureOpen()
    {
        if (!_isOpen)
            throw new InvalidOperationException("The import has ended: it was completed, cancelled, or has failed.");
    }
}
