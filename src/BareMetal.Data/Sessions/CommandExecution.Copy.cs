using BareMetal.Data.BulkCopy;
using BareMetal.Data.Catalog;
using BareMetal.Data.Copy;
using BareMetal.Data.Rows;
using BareMetal.Data.Sql;
using BareMetal.Data.Sql.Syntax;
using BareMetal.Data.Values;

namespace BareMetal.Data.Sessions;

/// <summary>COPY with files. Streams go by the connection's own methods.</summary>
internal sealed partial class CommandExecution
{
    private const int CopyBufferSize = 64 << 10;

    private void RunCopy(CopyStatement copy)
    {
        if (copy.File is null)
        {
            throw SqlErrors.NotSupported(
                copy.Position, copy.IsFrom ? "COPY FROM STDIN needs a stream, which a command does not have." : "COPY TO STDOUT needs a stream, which a command does not have.",
                copy.IsFrom ? "Use BeginTextImport or CopyFromAsync of the connection." : "Use BeginTextExport or CopyToAsync of the connection.");
        }

        if (!_session.Options.CopyFiles)
        {
            throw SqlErrors.At(
                copy.Position, SqlStates.InsufficientPrivilege, "COPY may not reach files of this machine.",
                "Allow it by \"Copy Files=true\" in the connection string, or give the data as a stream (BeginTextImport, CopyFromAsync).");
        }

        long rows = 0;
        RunAtomically(BeginRun(), () => rows = copy.IsFrom ? ReadFile(copy) : WriteFile(copy));
        RowsAffected = rows;
    }

    private long ReadFile(CopyStatement copy)
    {
        SessionTransaction transaction = EnsureTransaction();
        BulkTarget target = CopyPlan.Target(copy, _session, transaction.Catalog);
        CachedStatement insert = new(target.Sql, target.ParameterTypes());
        CopyBatch batch = new(target, _session.Settings.TimeZone);
        CopyReader reader = CopyPlan.Reader(copy, batch);
        byte[] buffer = new byte[CopyBufferSize];
        long rows = 0;
        using FileStream file = Reach(copy.File!, static path => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1));
        while (true)
        {
            _cancellation.Token.ThrowIfCancellationRequested();
            int count = Reach(copy.File!, _ => file.Read(buffer));
            if (count == 0)
                break;
            int at = 0;
            while (at < count)
            {
                at += reader.Read(buffer.AsSpan(at, count - at));
                if (batch.IsFull)
                    rows += Flush();
            }
        }

        reader.Finish();
        return rows + Flush();

        long Flush()
        {
            if (batch.Count == 0)
                return 0;
            Value[] values = new Value[target.Columns.Count];
            target.FillParameters(batch.Columns, batch.Count, values);
            _statementValues = values;
            try
            {
                RunWithRestarts(transaction, insert, null);
                return Math.Max(RowsAffected, 0);
            }
            catch (BareMetalException e)
            {
                throw CopyImport.Explain(e, batch, copy);
            }
            finally
            {
                CloseStatement(failed: false);
                batch.Clear();
            }
        }
    }

    /// <summary>Writes beside the file and puts it in its place when it is whole.</summary>
    private long WriteFile(CopyStatement copy)
    {
        SessionTransaction transaction = EnsureTransaction();
        Statement query = copy.Query ?? SqlParser.ParseStatement(CopyPlan.Query(copy, _session, transaction.Catalog));
        string path = copy.File!;
        string beside = path + "." + Guid.NewGuid().ToString("N")[..8] + ".part";
        RowBuffer output = new(CopyBufferSize + 4096);
        CopyFormatter? formatter = null;
        long rows = 0;
        FileStream? file = null;
        try
        {
            RunInner(
                transaction,
                query,
                batch =>
                {
                    for (int row = 0; row < batch.Count; row++)
                    {
                        formatter!.WriteRow(batch, row, output);
                        if (output.Length >= CopyBufferSize)
                            Write();
                    }

                    rows += batch.Count;
                },
                columns: columns =>
                {
                    formatter = new CopyFormatter(copy.Options, columns);
                    file = Reach(beside, static p => new FileStream(p, FileMode.Create, FileAccess.Write, FileShare.None, 1));
                    formatter.WriteHeader(output);
                });
            Write();
            Reach(path, p =>
            {
                file!.Dispose();
                File.Move(beside, p, overwrite: true);
                return 0;
            });
            file = null;
            return rows;
        }
        finally
        {
            if (file is not null)
            {
                file.Dispose();
                File.Delete(beside);
            }
        }

        void Write()
        {
            Reach(path, _ =>
            {
                file!.Write(output.Span);
                return 0;
            });
            output.Clear();
        }
    }

    private static T Reach<T>(string path, Func<string, T> action)
    {
        try
        {
            return action(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BareMetalException(SqlStates.UndefinedFile, $"The file \"{path}\" is not there: {e.Message}", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BareMetalException(SqlStates.InsufficientPrivilege, $"The file \"{path}\" may not be opened: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or ArgumentException or NotSupportedException)
        {
            throw new BareMetalException(SqlStates.IoError, $"The file \"{path}\" can't be read or written: {e.Message}", e);
        }
    }
}
