using BareMetal.Data.Copy;
using BareMetal.Data.Rows;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;

namespace BareMetal.Data;

// COPY with streams.
public sealed partial class BareMetalConnection
{
    private const int CopyBufferSize = 64 << 10;

    /// <summary>Begins COPY … FROM STDIN: what is written to the result is read as CSV, text or JSON lines, and its rows go into the table.</summary>
    /// <param name="copyFromCommand">The statement, as <c>COPY t (a, b) FROM STDIN (FORMAT csv, HEADER)</c>.</param>
    /// <returns>A writer; disposing it completes the copy, see <see cref="BareMetalCopyTextWriter"/>.</returns>
    /// <exception cref="ArgumentException">The text is not COPY … FROM STDIN.</exception>
    /// <exception cref="InvalidOperationException">The connection is closed.</exception>
    /// <exception cref="BareMetalException">The statement is wrong; later, from the writer: 22P04 or a value's or constraint's error, with the line. Nothing of the copy remains.</exception>
    public BareMetalCopyTextWriter BeginTextImport(string copyFromCommand) => new(new CopyImport(this, ParseCopy(copyFromCommand, isFrom: true), null));

    /// <inheritdoc cref="BeginTextImport(string)"/>
    public ValueTask<BareMetalCopyTextWriter> BeginTextImportAsync(string copyFromCommand, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<BareMetalCopyTextWriter>(cancellationToken) : new(BeginTextImport(copyFromCommand));

    /// <summary>Begins COPY … TO STDOUT: the result reads the rows of a table or query as CSV, text or JSON lines, as they are computed.</summary>
    /// <param name="copyToCommand">The statement, as <c>COPY (SELECT …) TO STDOUT (FORMAT csv, HEADER)</c>.</param>
    /// <exception cref="ArgumentException">The text is not COPY … TO STDOUT.</exception>
    /// <exception cref="InvalidOperationException">The connection is closed.</exception>
    /// <exception cref="BareMetalException">The statement is wrong or its query fails.</exception>
    public TextReader BeginTextExport(string copyToCommand)
    {
        CopyExport export = new(this, ParseCopy(copyToCommand, isFrom: false), default);
        export.Begin();
        return new CopyTextReader(export);
    }

    /// <inheritdoc cref="BeginTextExport(string)"/>
    public async ValueTask<TextReader> BeginTextExportAsync(string copyToCommand, CancellationToken cancellationToken = default)
    {
        CopyExport export = new(this, ParseCopy(copyToCommand, isFrom: false), cancellationToken);
        await export.BeginAsync(cancellationToken).ConfigureAwait(false);
        return new CopyTextReader(export);
    }

    /// <summary>Runs COPY … FROM STDIN over a stream of UTF-8. All of its rows are written or none.</summary>
    /// <param name="copyFromCommand">The statement, as <c>COPY t FROM STDIN (FORMAT csv, HEADER)</c>.</param>
    /// <param name="source">The data; read to its end.</param>
    /// <param name="progress">Told the rows written so far, after each batch, on the copying thread.</param>
    /// <returns>How many rows were written.</returns>
    /// <exception cref="ArgumentException">The text is not COPY … FROM STDIN.</exception>
    /// <exception cref="BareMetalException">22P04: the data has not the form that it should have; 22P02 and its kin: a value does not convert; constraints. The message names the line.</exception>
    public long CopyFrom(string copyFromCommand, Stream source, IProgress<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        CopyImport import = new(this, ParseCopy(copyFromCommand, isFrom: true), progress);
        try
        {
            byte[] buffer = new byte[CopyBufferSize];
            for (int count = source.Read(buffer); count > 0; count = source.Read(buffer))
                import.Feed(buffer.AsSpan(0, count));
            return import.Complete();
        }
        finally
        {
            import.Abort();
        }
    }

    /// <inheritdoc cref="CopyFrom"/>
    public async Task<long> CopyFromAsync(string copyFromCommand, Stream source, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        cancellationToken.ThrowIfCancellationRequested();
        CopyImport import = new(this, ParseCopy(copyFromCommand, isFrom: true), progress);
        try
        {
            byte[] buffer = new byte[CopyBufferSize];
            while (true)
            {
                int count = await source.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    break;
                await import.FeedAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            }

            return await import.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            import.Abort();
        }
    }

    /// <summary>Runs COPY … TO STDOUT into a stream, as UTF-8.</summary>
    /// <param name="copyToCommand">The statement, as <c>COPY t TO STDOUT (FORMAT jsonl)</c>.</param>
    /// <param name="destination">Receives the rows; it is not closed.</param>
    /// <param name="progress">Told the rows given so far.</param>
    /// <returns>How many rows were given.</returns>
    /// <exception cref="ArgumentException">The text is not COPY … TO STDOUT.</exception>
    /// <exception cref="BareMetalException">The statement is wrong or its query fails.</exception>
    public long CopyTo(string copyToCommand, Stream destination, IProgress<long>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using CopyExport export = new(this, ParseCopy(copyToCommand, isFrom: false), default);
        export.Begin();
        RowBuffer output = new(CopyBufferSize);
        export.WriteHeader(output);
        while (export.Next(output) || output.Length > 0)
        {
            destination.Write(output.Span);
            output.Clear();
            progress?.Report(export.Rows);
        }

        return export.Rows;
    }

    /// <inheritdoc cref="CopyTo"/>
    public async Task<long> CopyToAsync(string copyToCommand, Stream destination, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        cancellationToken.ThrowIfCancellationRequested();
        using CopyExport export = new(this, ParseCopy(copyToCommand, isFrom: false), cancellationToken);
        await export.BeginAsync(cancellationToken).ConfigureAwait(false);
        RowBuffer output = new(CopyBufferSize);
        export.WriteHeader(output);
        while (export.Next(output) || output.Length > 0)
        {
            await destination.WriteAsync(output.Memory, cancellationToken).ConfigureAwait(false);
            output.Clear();
            progress?.Report(export.Rows);
        }

        return export.Rows;
    }

    private static CopyStatement ParseCopy(string text, bool isFrom)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        return SqlParser.ParseStatement(text) is CopyStatement { File: null } copy && copy.IsFrom == isFrom
            ? copy
            : throw new ArgumentException(isFrom ? "This is not COPY … FROM STDIN." : "This is not COPY … TO STDOUT.", nameof(text));
    }
}
