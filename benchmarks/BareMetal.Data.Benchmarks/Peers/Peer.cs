using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.Benchmarks.Peers;

/// <summary>A database that is measured: where its file is, how to connect, how EF Core is told to use it.</summary>
public abstract class Peer(string name, string directory)
{
    /// <summary>Short name for tables.</summary>
    public string Name { get; } = name;

    /// <summary>The folder of its files.</summary>
    protected string Directory { get; } = directory;

    /// <summary>A new connection, closed.</summary>
    public abstract DbConnection Connect();

    /// <summary>Tells EF Core to use it.</summary>
    public abstract void Configure(DbContextOptionsBuilder options);

    /// <summary>Bytes on storage.</summary>
    public long FileBytes() => new DirectoryInfo(Directory).EnumerateFiles(Name + ".*", SearchOption.TopDirectoryOnly).Sum(f => f.Length);
}
