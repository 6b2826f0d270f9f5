using System.Data.Common;
using Microsoft.EntityFrameworkCore;

namespace BareMetal.Data.Benchmarks.Peers;

/// <summary>BareMetal.Data with its defaults: durable commits.</summary>
public sealed class BareMetalPeer(string directory) : Peer("baremetal", directory)
{
    private string ConnectionString => $"Data Source={Path.Combine(Directory, Name + ".bmdb")};Cache Size=256MB";

    /// <inheritdoc/>
    public override DbConnection Connect() => new BareMetalConnection(ConnectionString);

    /// <inheritdoc/>
    public override void Configure(DbContextOptionsBuilder options) => options.UseBareMetal(ConnectionString);
}
