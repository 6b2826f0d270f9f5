namespace BareMetal.Data.Storage.Mirroring;

/// <summary>A file of which there are several copies.</summary>
internal interface IReplicatedFile
{
    /// <summary>Reads from every copy.</summary>
    /// <returns>What each copy has: shorter than asked for at its end, empty when it can't be read.</returns>
    List<byte[]> ReadCopies(long offset, int count);
}
