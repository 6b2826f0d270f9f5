using BareMetal.Data.Rows;
using BareMetal.Data.Sessions;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Values;

namespace BareMetal.Data.Copy;

/// <summary>COPY TO STDOUT on a connection: a piece of whole rows at a time.</summary>
internal sealed class CopyExport : IDisposable
{
    private const int PieceSize = 32 << 10;

    private readonly CommandExecution _execution;
    private readonly CopyOptions _options;
    private CopyFormatter? _formatter;
    private Batch? _batch;
    private int _row;
    private bool _isEnded;

    public CopyExport(BareMetalConnection connection, CopyStatement statement, CancellationToken cancellationToken)
    {
        Session session = connection.Session;
        _options = statement.Options;
        string query = CopyPlan.Query(statement, session, session.Catalog);
        _execution = session.Execute(session.Prepare(query, []), [], default, cancellationToken);
    }

    /// <summary>Rows given so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Runs the query up to its first row.</summary>
    public void Begin()
    {
        try
        {
            _execution.NextResult();
            _formatter = new CopyFormatter(_options, _execution.Columns);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="Begin"/>
    public async ValueTask BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _execution.NextResultAsync(cancellationToken).ConfigureAwait(false);
            _formatter = new CopyFormatter(_options, _execution.Columns);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void WriteHeader(RowBuffer output) => _formatter!.WriteHeader(output);

    /// <summary>Appends the next rows; false when there are no more.</summary>
    public bool Next(RowBuffer output)
    {
        if (_isEnded)
            return false;
        while (output.Length < PieceSize)
        {
            if (_batch is null || _row >= _batch.Count)
            {
                _batch = null;
                if (!_execution.NextBatch())
                {
                    _isEnded = true;
                    _execution.NextResult();
                    break;
                }

                _batch = _execution.Current;
                _row = 0;
            }

            _formatter!.WriteRow(_batch, _row++, output);
            Rows++;
        }

        return output.Length > 0;
    }

    public void Dispose() => _execution.Dispose();
}
