namespace BareMetal.Data.Copy;

/// <summary>Makes rows out of bytes as they come; no more than one row and one batch is held.</summary>
internal abstract class CopyReader(CopyBatch batch)
{
    /// <summary>Bytes that one row may have: a quote that is never closed must not take all memory.</summary>
    protected const int MaxRecord = 256 << 20;

    private static readonly byte[] s_mark = [0xEF, 0xBB, 0xBF];
    private int _mark;

    protected CopyBatch Batch { get; } = batch;

    /// <summary>The line that is being read, from 1.</summary>
    protected long Line { get; set; } = 1;

    /// <summary>Takes bytes in until the batch is full; returns how many were taken.</summary>
    /// <exception cref="BareMetalException">22P04: the data has not the form that it should have; 22P02 and its kin for values.</exception>
    public int Read(ReadOnlySpan<byte> data)
    {
        int at = 0;

        // A mark of UTF-8 in front is no data.
        while (_mark < s_mark.Length && at < data.Length)
        {
            if (data[at] != s_mark[_mark])
            {
                if (_mark > 0)
                    throw CopyErrors.Make(SqlStates.CharacterNotInRepertoire, Batch.Table, 1, null, "This is not UTF-8.");
                _mark = s_mark.Length;
                break;
            }

            _mark++;
            at++;
        }

        return at + ReadRows(data[at..]);
    }

    /// <summary>Says that there is no more data; the last row may lack its line end.</summary>
    public void Finish() => FinishRows();

    protected abstract int ReadRows(ReadOnlySpan<byte> data);

    protected abstract void FinishRows();
}
